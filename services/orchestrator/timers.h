/* timers.h - timers that are due become nudges.
 *
 * Shape   sorted sets sagas:timers:<shard>: orderId by milliseconds; ledger.h writes them
 * Any replica takes what is due, of all shards. Nothing is kept in memory: what was taken and got lost is due again after TIMER_LEASE_MS.
 * Source  DESIGN.md section 5.7 */
#ifndef ORDERLY_TIMERS_H
#define ORDERLY_TIMERS_H

#include "ledger.h"
#include "service.h"

#define TIMER_BATCH_MAX 250    /* of one shard, at a time */
#define TIMER_LEASE_MS 10000

extern const struct store_script due_script;

/* What was queued for each shard. */
struct due {
    size_t queued[TIMER_SHARDS];
};

/* Queues taking what is due in every shard. */
void timers_queue(struct store *store, struct arena *arena, struct due *out_due);
/* Sends a nudge for each that was taken; after store_flush(), before anything else is begun. STATUS_FATAL as bus_send(). */
MUST_CHECK enum status timers_nudge(struct run *run, const struct due *due);

#endif
