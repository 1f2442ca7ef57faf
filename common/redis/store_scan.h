/* store_scan.h - the walk of a cursor over all keys, or over what a hash, a set or a sorted set holds, page by page.
 *
 * Redis gives everything that is there from beginning to end, perhaps twice; what comes or goes meanwhile, perhaps. A page may be
 * empty.
 * Ownership  the texts of a page are in the arena; verb, key and match are borrowed for the whole walk */
#ifndef ORDERLY_STORE_SCAN_H
#define ORDERLY_STORE_SCAN_H

#include "store.h"

#define STORE_CURSOR_SIZE 24
#define STORE_SCAN_WORDS 7

/* Set the first part; the rest begins as zeros. */
struct store_scan {
    const char *verb;  /* "SCAN", "HSCAN", "SSCAN", "ZSCAN" */
    struct text key;   /* what is walked through; TEXT_NONE with SCAN */
    struct text match; /* only what matches this pattern; TEXT_NONE: all */
    size_t count;      /* how much Redis looks at for a page */

    char cursor[STORE_CURSOR_SIZE];
    bool ended;         /* the last page was the last */
    struct text *texts; /* of the page: keys, members, or name, value, name, value, ... of a hash or sorted set */
    size_t text_count;
};

/* Reads the next page, nothing else pending; not after it has ended. Forgets what was queued.
 * STATUS_BROKEN       Redis refuses: the key is of another type; store_value(store, 0) says so. The walk has ended
 * STATUS_UNAVAILABLE  Redis is away: the walk stands where it stood */
MUST_CHECK enum status store_scan_next(struct store *store, struct arena *arena, struct store_scan *scan);
/* store_scan_next() in two halves, for those who have their own way to ask Redis. The words of the command; gives how many. */
size_t store_scan_words(struct arena *arena, const struct store_scan *scan, struct text out_words[STORE_SCAN_WORDS]);
/* Takes the reply of that command in. STATUS_BROKEN as above */
MUST_CHECK enum status store_scan_take(struct arena *arena, struct store_scan *scan, const struct store_value *reply);

#endif
