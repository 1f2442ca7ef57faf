/* charge.h - the payment of an order, as it stands in Redis.
 *
 * Shape   Redis hash payment:<orderId>: status, amount, currency, authorizationId, and the outcome of each command under its type
 * Source  docs/redis.md
 * Units   amount in minor units
 * Owner   the payment service; all changes are the three scripts, each atomic, each giving the outcome of the first time */
#ifndef ORDERLY_CHARGE_H
#define ORDERLY_CHARGE_H

#include "store.h"

extern const struct store_script authorize_script, capture_script, void_script;

/* An authorization that is to be stored. */
struct charge {
    struct text order_id, status; /* "authorized", "declined" */
    int64_t amount;
    struct text currency, authorization_id; /* TEXT_NONE for a declined one */
    struct text outcome;                    /* what is answered, and remembered */
    struct text outcome_voided;             /* what is answered when the void came first */
};

/* Queues the authorization. Gives its number; the reply is the outcome's text. */
size_t charge_queue_authorize(struct store *store, struct arena *arena, const struct charge *charge);
/* Queues the capture; outcome_not_authorized is what is answered when there is nothing to capture. As above. */
size_t charge_queue_capture(struct store *store, struct arena *arena, struct text order_id, struct text outcome,
                            struct text outcome_not_authorized);
/* Queues the void; outcome_captured is what is answered when the money has been taken. As above. */
size_t charge_queue_void(struct store *store, struct arena *arena, struct text order_id, struct text outcome,
                         struct text outcome_captured);

#endif
