/* sweep.h - takes out what belongs to orders that ended long ago.
 *
 * RETENTION_DAYS + 1 after its end a saga leaves its index, and its payment, shipment and reservation are deleted; the saga
 * itself expires a day later (transition.lua). The index entry goes last: a crash before that repeats it all, harmlessly. What
 * runs or is parked is never touched.
 *
 * Shape   {stock:<warehouse>}:swept: productId -> units that swept reservations held
 * Source  docs/redis.md */
#ifndef ORDERLY_SWEEP_H
#define ORDERLY_SWEEP_H

#include "reconcile.h"

#define SWEEP_BATCH 500         /* sagas at a time */
#define SWEEP_COMMANDS_MAX 5000 /* scripts at a time, when every warehouse has to be tried */
#define SWEEP_SCAN_PAGE 10000   /* keys looked at for warehouses at a time */
#define SWEEP_ASK_REST_MS 10000 /* between two looks whether the clocks agree */
#define WAREHOUSES_MAX 500

extern const struct store_script sweep_script;

/* Where the sweep stands. All zero: at the beginning. */
struct sweep {
    size_t place;          /* of the terminal statuses */
    int64_t resume_ms;     /* here: it rests until then */
    bool warehouses_known; /* in this run: they are looked for when a saga has expired, and with it the name of its warehouse */
    size_t warehouse_count;
    char warehouses[WAREHOUSES_MAX][ORDER_ID_MAX + 1];
    struct walk scan;
};

struct sweep_rules {
    int64_t here_ms, rest_ms;        /* by a clock that only runs (clocks.h) */
    int64_t now_ms, ended_before_ms; /* milliseconds since 1970, by the clocks that all share; what ended before is swept */
    bool clocks_agree;               /* otherwise nothing is swept */
};

/* Sweeps a batch, unless the sweep rests. Sends nudges on run->bus for sagas that stand in an index where they do not belong.
 * While the clocks are not known to agree and there is something to sweep, the first of it is nudged, which changes nothing: the
 * answer to what is sent tells the brokers' time, also where nothing else is going on.
 * STATUS_UNAVAILABLE  Redis is away: what was not finished is done again */
MUST_CHECK enum status sweep_step(struct run *run, struct sweep *sweep, const struct sweep_rules *rules);

#endif
