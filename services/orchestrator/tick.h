/* tick.h - what the orchestrator does without being asked: nudges, the gate, the reconciler, the sweep.
 *
 * Everything it knows is in Redis; what is kept here may be lost at any time. */
#ifndef ORDERLY_TICK_H
#define ORDERLY_TICK_H

#include "cache.h"
#include "gate.h"
#include "patience_settings.h"
#include "sweep.h"

/* run->state of the orchestrator. */
struct orchestrator_state {
    struct gate gate;
    struct reconcile reconcile;
    struct sweep sweep;
    struct saga_cache *cache; /* made at the first batch */
    size_t assignments;       /* of partitions, when it was emptied last */
};

/* The tick of the orchestrator's struct service. STATUS_UNAVAILABLE: Redis is away, nothing is lost. */
MUST_CHECK enum status orchestrator_tick(struct run *run);
/* Lets so many orders in as may come now; orders: how many came in with the batch that was handled. */
void tick_adjust_gate(struct run *run, size_t orders);
/* Milliseconds since 1970, on this machine's clock. Nothing that is folded reads it. */
int64_t wall_clock_ms(void);

#endif
