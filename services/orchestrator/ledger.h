/* ledger.h - what the orchestrator owns in Redis: sagas, their histories, the indexes and the timers.
 *
 * Shape   hash saga:<orderId>, list {saga:<orderId>}:history; sorted sets sagas:<index> and sagas:timers:<shard> (orderId by
 *         milliseconds); set sagas:broken
 * Source  docs/redis.md
 * A transition is one script in the saga's own slot. Indexes and timers lie in other slots: they are written from the saga's
 * state beside it, and again whenever a record of it comes again. */
#ifndef ORDERLY_LEDGER_H
#define ORDERLY_LEDGER_H

#include "fold.h"
#include "keys.h"
#include "saga_load.h"
#include "store.h"

extern const struct store_script transition_script;

/* Queues the removal of a member that does not belong in an index or a shard of timers, and logs it: handling a nudge would not
 * remove it. */
void ledger_queue_taking_out(struct store *store, struct text key, struct text member);

/* Queues the read of a saga's history. Gives its number; the reply is an array of lines. */
size_t ledger_queue_history(struct store *store, struct arena *arena, struct text order_id);

/* A saga before and after what it heard. */
struct ledger_change {
    const struct text *old_values; /* as read: the transition is refused when version or lastInput are other texts by then */
    struct text *values;           /* room for SAGA_FIELD_COUNT: those that the transition writes */
    enum saga_status old_status;
    const struct saga *saga;
    const struct effects *effects;
};
/* Queues the transition. Gives its number. A saga that ended lives for seconds_to_live. */
size_t ledger_queue_transition(struct store *store, struct arena *arena, const struct ledger_change *change,
                               int64_t seconds_to_live);
/* What became of a transition that was queued: STATUS_CONFLICT when somebody else has changed the saga, STATUS_BROKEN when its
 * key is no hash. */
MUST_CHECK enum status ledger_transition_result(const struct store_value *reply);
/* Queues the index and timer writes of all changes, a few commands for all of them together. */
void ledger_queue_indexes(struct store *store, struct arena *arena, const struct ledger_change changes[], size_t count);
/* Queues what sets a saga aside that could not be understood: it is listed as broken, and its timer is removed. The reconciler
 * gives it a new timer again and again until somebody has mended it. */
void ledger_queue_broken(struct store *store, struct arena *arena, struct text order_id);

#endif
