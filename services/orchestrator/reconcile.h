/* reconcile.h - finds sagas that nothing would ever look at again, and has them looked at.
 *
 * Two walks, each in pages, a page at a time, then a rest of RECONCILE_SECONDS:
 *   - the indexes of what is under way: a saga without a timer gets one that is due now;
 *   - all keys saga:*: one that has lost its timer or its place in the index, or whose updatedAt lies in the future, is
 *     nudged, which mends that; one that can't be read goes to sagas:broken.
 * It changes no saga, and no index: only handling a nudge does. So any number of replicas may walk at the same time.
 * Source  ARCHITECTURE.md, "What happens without being asked" */
#ifndef ORDERLY_RECONCILE_H
#define ORDERLY_RECONCILE_H

#include "ledger.h"
#include "service.h"
#include "store_scan.h"

#define RECONCILE_PAGE 500        /* entries of an index, or keys, at a time */
#define RECONCILE_SETTLED_MS 5000 /* one that changed less long ago is being handled: its entries may be on their way */

/* Where a walk stands. All zero: at the beginning. */
struct walk {
    char cursor[STORE_CURSOR_SIZE]; /* as Redis gave it; "" means "0" */
    size_t place;                   /* the number of the index that is walked */
    int64_t resume_ms;              /* here: it rests until then */
};

/* Sets a page to where the walk stands; store_scan_next() reads it then. */
void walk_begin_page(const struct walk *walk, struct store_scan *page);
/* Goes on behind a page that was dealt with: one that failed is read again. True: it was the last, and the walk begins anew. */
bool walk_end_page(struct walk *walk, const struct store_scan *page);

struct reconcile {
    struct walk indexes, keys;
};

/* What the reconciler needs to know. */
struct reconcile_rules {
    int64_t here_ms, rest_ms; /* by a clock that only runs (clocks.h) */
    int64_t now_ms;           /* milliseconds since 1970, by the clocks that all share */
    int64_t listed_ms;        /* how long, at least, a saga that has ended stays in its index */
};

/* Takes a page of each walk that does not rest. Sends nudges on run->bus. Repeating it after a failure does no harm.
 * STATUS_UNAVAILABLE  Redis is away: the walks stand where they stood */
MUST_CHECK enum status reconcile_step(struct run *run, struct reconcile *reconcile, const struct reconcile_rules *rules);

#endif
