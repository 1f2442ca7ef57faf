/* tick.h - what the orchestrator does without being asked: nudges, the gate, the reconciler, the sweep.
 *
 * Everything it knows is in Redis; what is kept here may be lost at any time. */
#ifndef ORDERLY_TICK_H
#define ORDERLY_TICK_H

#include "cache.h"
#include "clocks.h"
#include "gate.h"
#include "orchestrator_settings.h"
#include "sweep.h"

/* run->state of the orchestrator. */
struct orchestrator_state {
    struct gate gate;
    struct reconcile reconcile;
    struct sweep sweep;
    struct saga_cache *cache; /* made at the first batch */
    size_t saga_bytes;        /* of the largest saga that was loaded lately; 0: none yet (parts.h) */
    struct clocks clocks;
    uint32_t misread_shards; /* of the timers: one bit each; they are told once */
    bool logged_clocks_apart;
    size_t assignments; /* how often partitions had been assigned when the cache was emptied last */
};

/* The tick of the orchestrator's struct service. STATUS_UNAVAILABLE: Redis is away, nothing is lost. */
MUST_CHECK enum status orchestrator_tick(struct run *run);
/* Lets in as many orders as may come now. orders: how many came in with the batch that was handled. */
void tick_adjust_gate(struct run *run, size_t orders);
/* Makes sure that Redis' time is known: Redis is asked once, if no tick has done so yet. Takes in what the brokers have said of
 * the time.
 * STATUS_UNAVAILABLE  Redis is away */
MUST_CHECK enum status tick_know_time(struct run *run);

#endif
