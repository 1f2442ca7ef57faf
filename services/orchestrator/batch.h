/* batch.h - a batch of saga.inbox: its records by saga, loaded, folded and written, each phase one round trip for all of them.
 *
 * Owner   everything lives in the batch's arena */
#ifndef ORDERLY_BATCH_H
#define ORDERLY_BATCH_H

#include "cache.h"
#include "ledger.h"
#include "service.h"

#define BATCH_ROUNDS_MAX 5 /* in which a saga that somebody else changes is loaded and folded again, before the loop is asked */

/* What one record did to its saga, for the metrics. */
struct move {
    enum saga_status from, to;
    enum ask answered;    /* it was the final answer to this; ASK_NOTHING: to nothing */
    int64_t waited_ms;    /* since that was first asked */
    int64_t order_ms;     /* the saga's age, where it ended */
    bool passed_deadline; /* the first change at or after the deadline of a saga under way */
};

/* One record of a saga, and what came of it. */
struct hearing_entry {
    const struct record *record;
    struct heard heard;
    enum hearing hearing;
    struct move move;
};

/* The records of one saga, in their order, and the saga they are folded into. */
struct group {
    struct text order_id;
    struct hearing_entry *entries;
    size_t entry_count, entry_size;
    struct text old_values[SAGA_FIELD_COUNT], values[SAGA_FIELD_COUNT]; /* of the hash, before and after */
    struct saga loaded, saga;
    struct effects effects;
    bool settled;      /* written, or there was nothing to write */
    bool cached;       /* loaded from the cache, not from Redis */
    bool folded;       /* what is written next is worked out */
    bool broken;       /* the saga could not be understood, or written: it is set aside, and nothing came of the records */
    bool conflicted;   /* somebody else changed it meanwhile: it was folded again */
    size_t queued;     /* number of what the phase queued */
};

struct batch {
    struct arena *arena;
    struct saga_cache *cache; /* borrowed; NULL: every saga is loaded from Redis */
    int64_t latest_ms;        /* of all that is heard (fold.h); 0 from batch_in() */
    struct group *groups;
    size_t group_count, group_size;
    size_t *slots; /* hash table over order ids: 0, or the group's number + 1 */
    size_t slot_count;
};

/* An empty batch for at most record_count records. cache may be NULL. */
struct batch batch_in(struct arena *arena, struct saga_cache *cache, size_t record_count);
/* Adds a record of saga.inbox to its saga's group. said is in the arena. */
void batch_add(struct batch *batch, const struct record *record, const struct inbox_record *said);
/* Loads, folds and writes all groups; a saga that somebody else changed meanwhile is loaded and folded again.
 * STATUS_UNAVAILABLE  Redis is away: the whole batch has to be handled again
 * STATUS_CONFLICT     somebody else came first in each of BATCH_ROUNDS_MAX rounds: likewise, when the loop has had its turn */
MUST_CHECK enum status batch_settle(struct batch *batch, struct store *store, int64_t seconds_to_live);
/* The events that a group has to send: those of its transitions, and those that redelivered records had caused (from the history,
 * read here in one round trip for all groups that need it). out_events[i], out_counts[i] are those of groups[i]. */
MUST_CHECK enum status batch_events(struct batch *batch, struct store *store, struct saga_event ***out_events, size_t **out_counts);

#endif
