/* index_pages.h - an index of orders, read page by page in the order of its scores, however large it is.
 *
 * Shape   Redis sorted set sagas:<status>: orderId by the time it got there
 * Units   milliseconds since 1970 */
#ifndef ORDERLY_INDEX_PAGES_H
#define ORDERLY_INDEX_PAGES_H

#include "cli_exit.h"
#include "keys.h"
#include "store.h"

#define INDEX_FROM_EVER INT64_MIN
#define INDEX_TO_EVER INT64_MAX

struct index_entry {
    struct text order_id; /* in the arena */
    int64_t since_ms;
};

/* What is read, and how far it has come. Set the first part; the rest begins as zeros. */
struct index_cursor {
    enum saga_status index;  /* one of the statuses that it lists */
    int64_t low_ms, high_ms; /* both inclusive */
    bool newest_first;

    char bound[32]; /* the last score that was seen, as Redis writes it */
    size_t skip;    /* how many of that score were seen */
    bool ended;
};

/* Reads the next `count` entries at most; sets ended behind the last one. Entries that come or go between two pages may be
 * missed. CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit index_next(struct store *store, struct arena *arena, struct index_cursor *cursor, size_t count,
                                    struct index_entry out_entries[], size_t *out_count);
/* How many there are between the cursor's bounds. */
MUST_CHECK enum cli_exit index_count(struct store *store, struct arena *arena, const struct index_cursor *cursor,
                                     int64_t *out_count);

#endif
