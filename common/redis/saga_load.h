/* saga_load.h - a saga as it stands in Redis, for everybody who reads it. The right to write one is the orchestrator's alone
 * (ledger.h).
 *
 * Shape  Redis hash saga:<orderId>; its fields are the table in saga.c */
#ifndef ORDERLY_SAGA_LOAD_H
#define ORDERLY_SAGA_LOAD_H

#include "saga.h"
#include "store.h"

/* Queues the read of a saga. Gives its number. */
size_t saga_queue_load(struct store *store, struct arena *arena, struct text order_id);
/* The values and the saga of such a reply; both borrow the reply, so store_begin() ends them: values are copied into the arena.
 * STATUS_BROKEN  the hash makes no sense */
MUST_CHECK enum status saga_take(struct arena *arena, const struct store_value *reply, struct text order_id,
                                 struct text out_values[SAGA_FIELD_COUNT], struct saga *out_saga);

#endif
