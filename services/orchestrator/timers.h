/* timers.h - timers that are due become nudges.
 *
 * Shape   sorted sets sagas:timers:<shard>: orderId by milliseconds; ledger.h writes them
 * Any replica takes what is due, of all shards. Nothing is kept in memory: what was taken and got lost is due again after
 * TIMER_LEASE_MS.
 * Source  ARCHITECTURE.md, "What happens without being asked" */
#ifndef ORDERLY_TIMERS_H
#define ORDERLY_TIMERS_H

#include "ledger.h"
#include "service.h"

#define TIMER_BATCH_MAX 250 /* timers taken of one shard at a time */
#define TIMER_LEASE_MS 10000
#define TIMER_TRICKLE 1 /* instead of TIMER_BATCH_MAX, while Redis' clock is further ahead than TIMER_AHEAD_MAX_MS */
#define TIMER_AHEAD_MAX_MS 2000

extern const struct store_script due_script;

/* What was queued for each shard. */
struct due {
    size_t queued[TIMER_SHARDS];
};

/* How many to take of one shard when Redis' clock is so far ahead of the brokers': what is due by Redis' clock alone is nudged
 * in vain, again and again, so few of them go, the oldest first; each also brings the brokers' time. */
size_t timers_limit(int64_t redis_ahead_ms);
/* Queues the scripts that take what is due in every shard, at most limit of each. */
void timers_queue(struct store *store, struct arena *arena, size_t limit, struct due *out_due);
/* Sends a nudge for each that was taken; after store_flush(), before anything else is begun. What can't be an order's id, or
 * stands in the shard of another, would be due for ever: it is taken out. misread: one bit for each shard that could not be
 * read, which is told once, until it can be read again.
 * STATUS_FATAL        as bus_send()
 * STATUS_UNAVAILABLE  Redis is away */
MUST_CHECK enum status timers_nudge(struct run *run, const struct due *due, uint32_t *misread);

#endif
