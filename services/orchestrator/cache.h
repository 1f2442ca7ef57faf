/* cache.h - the sagas under way as this process wrote them last, so that the next record of one needs no read of Redis.
 *
 * Only a shortcut: a transition is a compare-and-set on version and lastInput, so an entry that somebody else has overtaken is
 * refused by Redis, dropped, and the saga is loaded. What has ended or is parked is not kept: nothing more is expected, or an
 * operator may mend it by hand.
 * Owner   copies in, copies out; bounded by SAGA_CACHE_ENTRIES of at most SAGA_CACHE_BYTES_MAX each, in sets of 4:
 *         within its set the one that was unused for longest makes room */
#ifndef ORDERLY_CACHE_H
#define ORDERLY_CACHE_H

#include "saga.h"

#define SAGA_CACHE_ENTRIES 8192
#define SAGA_CACHE_BYTES_MAX ((size_t)4 * 1024) /* a larger saga is loaded each time */

struct saga_cache;

/* An empty cache. Never NULL. The caller owns it. */
struct saga_cache *saga_cache_create(void);
/* Releases a cache and what it holds; NULL is fine. */
void saga_cache_destroy(struct saga_cache *cache);
/* For CLEANUP(saga_cache_destroy). */
DEFINE_CLEANUP(struct saga_cache, saga_cache_destroy);
/* Remembers a saga and the values of its hash, which saga_write() has made of it. Forgets it instead when it is not worth
 * keeping. */
void saga_cache_keep(struct saga_cache *cache, const struct saga *saga, const struct text values[SAGA_FIELD_COUNT]);
/* Forgets all sagas. */
void saga_cache_clear(struct saga_cache *cache);
/* Forgets an order's saga, if it is there. */
void saga_cache_drop(struct saga_cache *cache, struct text order_id);
/* Whether the saga of an order is here. */
bool saga_cache_has(struct saga_cache *cache, struct text order_id);
/* The saga of an order, with its values, copied into the arena; false: not here, outputs untouched. */
MUST_CHECK bool saga_cache_find(struct saga_cache *cache, struct arena *arena, struct text order_id,
                                struct text out_values[SAGA_FIELD_COUNT], struct saga *out_saga);

#endif
