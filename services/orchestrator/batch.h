/* batch.h - a batch of saga.inbox: its records by saga, loaded, folded and written, each phase one round trip for all of them.
 *
 * Owner   everything lives in the batch's arena */
#ifndef ORDERLY_BATCH_H
#define ORDERLY_BATCH_H

#include "cache.h"
#include "ledger.h"
#include "service.h"

#define BATCH_ROUNDS_MAX 5 /* loads and folds of a saga that others keep changing, before the loop is asked */

/* The records of one saga, in their order, and the saga they are folded into. */
struct group {
    struct text order_id;
    struct heard *heard; /* a list of arena_list_room() */
    size_t heard_count;
    struct text old_values[SAGA_FIELD_COUNT], values[SAGA_FIELD_COUNT]; /* of the hash, before and after */
    struct saga loaded, saga;
    struct effects effects;
    struct saga_event *events; /* to be sent, the earlier first: batch_gather_events() */
    size_t event_count;
    bool settled;    /* the saga is written, or there was nothing to write */
    bool cached;     /* loaded from the cache, not from Redis */
    bool folded;     /* what is written next is worked out */
    bool broken;     /* the saga could not be understood, or written: it is set aside, and nothing came of the records */
    bool conflicted; /* somebody else changed the saga meanwhile: it was folded again */
    size_t queued;   /* number of what the phase queued */
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
/* Adds a record of saga.inbox to its saga's group. message is in the arena. */
void batch_add(struct batch *batch, const struct record *record, const struct inbox_record *message);
/* Loads, folds and writes all groups; a saga that somebody else changed meanwhile is loaded and folded again.
 * STATUS_UNAVAILABLE  Redis is away: the whole batch has to be handled again
 * STATUS_CONFLICT     somebody else came first in each of BATCH_ROUNDS_MAX rounds: likewise, when the loop has had its turn */
MUST_CHECK enum status batch_settle(struct batch *batch, struct store *store, int64_t seconds_to_live);
/* Gathers what each group has to send: the events that redelivered records had caused, from the history, which is read in one
 * round trip for all groups that need it; then the events of the group's own transitions. A group whose saga is broken has none.
 * STATUS_UNAVAILABLE  Redis is away */
MUST_CHECK enum status batch_gather_events(struct batch *batch, struct store *store);

#endif
