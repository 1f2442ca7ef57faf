/* arena.h - memory that lives as long as a batch.
 *
 * Everything made while a batch is handled is taken from its arena and released at once by arena_reset(): no free() on the
 * way, nothing to leak. Running out of memory ends the process (its supervisor restarts it; nothing was committed).
 * Seen in: lwan lwan-arena.c. */
#ifndef ORDERLY_ARENA_H
#define ORDERLY_ARENA_H

#include "status.h"

#include <stdalign.h>
#include <stddef.h>

/* AddressSanitizer watches the arena as it watches malloc() and free(): bytes that are not taken, and bytes that a reset or a
 * rewind gave back, are poisoned. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_IS_WATCHED 1
#endif
#endif
#ifdef ARENA_IS_WATCHED
#include <sanitizer/asan_interface.h>
#define ARENA_POISON(at, size) ASAN_POISON_MEMORY_REGION((at), (size))
#define ARENA_UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION((at), (size))
#else
#define ARENA_POISON(at, size) ((void)(at), (void)(size))
#define ARENA_UNPOISON(at, size) ((void)(at), (void)(size))
#endif

/* Only arena.c looks inside; arena_take() does too, for what the current chunk has room for. */
struct arena {
    char *at, *end;        /* what is free of the current chunk; both NULL without one */
    struct chunk *current; /* the head of the list; older, full chunks follow */
    struct chunk *spare;   /* emptied by a reset, for reuse */
    size_t spare_bytes;
};

/* A new, empty arena. Never NULL. The caller owns it. */
struct arena *arena_create(void);
/* Releases it and all that was taken from it; NULL is fine. */
void arena_destroy(struct arena *arena);
/* For CLEANUP(arena_destroy). */
DEFINE_CLEANUP(struct arena, arena_destroy);
/* Makes it empty again. Keeps at most ARENA_KEEP_MAX bytes for the next batch, so that one huge batch is not held for ever. */
void arena_reset(struct arena *arena);
/* The size that is really taken: rounded up, so that what is taken next is aligned for any type. */
static inline size_t arena_rounded(size_t size) { return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1); }
/* What arena_take() does when the current chunk has too little room. */
void *arena_take_anew(struct arena *arena, size_t size);
/* size bytes, aligned for any type, not cleared. Never NULL, also for 0. Valid until the reset. */
static inline void *arena_take(struct arena *arena, size_t size)
{
    const size_t rounded = arena_rounded(size);
    char *taken = arena->at;

    if (taken == NULL || rounded < size || (size_t)(arena->end - taken) < rounded)
        return arena_take_anew(arena, size);
    arena->at += rounded;
    ARENA_UNPOISON(taken, size);
    return taken;
}
/* The same for count things of size bytes, cleared. An overflow of the product ends the process. */
void *arena_take_zeroed(struct arena *arena, size_t count, size_t size);
/* The list, with room for one more thing of size bytes behind the count that are in it. It starts as NULL with a count of 0,
 * grows through here alone, and has room for a power of two; when it moves, what is in it is copied. */
void *arena_list_room(struct arena *arena, void *list, size_t count, size_t size);

/* A place to come back to. Rewinding releases what was taken since, and nothing else. A mark ends with a reset, or a rewind to
 * before it. */
struct arena_mark {
    const void *chunk;
    char *at;
};
/* The place where the next bytes will be taken. */
struct arena_mark arena_mark(const struct arena *arena);
/* Goes back to a mark. */
void arena_rewind(struct arena *arena, struct arena_mark mark);

#define ARENA_CHUNK_SIZE ((size_t)64 * 1024)
#define ARENA_KEEP_MAX ((size_t)4 * 1024 * 1024)

#endif
