#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    size_t size;
    alignas(max_align_t) char bytes[];
};

static struct chunk *chunk_create(size_t size)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + size);

    if (chunk == NULL)
        abort();
    *chunk = (struct chunk){.size = size};
    return chunk;
}

static void chunk_free(struct chunk *chunk)
{
    ARENA_UNPOISON(chunk->bytes, chunk->size);
    free(chunk);
}

static void chunks_free(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        chunk_free(chunk);
        chunk = next;
    }
}

struct arena *arena_create(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));

    if (arena == NULL)
        abort();
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL)
        return;
    chunks_free(arena->current);
    chunks_free(arena->spare);
    free(arena);
}

/* Notes that the current chunk is free from this place on. */
static void free_from(struct arena *arena, char *at)
{
    arena->at = at;
    arena->end = arena->current == NULL ? NULL : arena->current->bytes + arena->current->size;
    if (at != NULL)
        ARENA_POISON(at, (size_t)(arena->end - at));
}

/* Takes the newest chunk off the list, and keeps the chunk for reuse when not too much is kept already. */
static void chunk_pop(struct arena *arena)
{
    struct chunk *chunk = arena->current;

    arena->current = chunk->next;
    ARENA_POISON(chunk->bytes, chunk->size);
    if (chunk->size == ARENA_CHUNK_SIZE && arena->spare_bytes + chunk->size <= ARENA_KEEP_MAX) {
        chunk->next = arena->spare;
        arena->spare = chunk;
        arena->spare_bytes += chunk->size;
    } else {
        chunk_free(chunk);
    }
}

void arena_reset(struct arena *arena)
{
    while (arena->current != NULL)
        chunk_pop(arena);
    free_from(arena, NULL);
}

struct arena_mark arena_mark(const struct arena *arena) { return (struct arena_mark){arena->current, arena->at}; }

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->current != mark.chunk)
        chunk_pop(arena);
    free_from(arena, mark.at);
}

/* Puts a chunk with room for size bytes at the head of the list. */
static void chunk_push(struct arena *arena, size_t size)
{
    struct chunk *chunk = arena->spare;

    if (size <= ARENA_CHUNK_SIZE && chunk != NULL) {
        arena->spare = chunk->next;
        arena->spare_bytes -= chunk->size;
    } else {
        chunk = chunk_create(size <= ARENA_CHUNK_SIZE ? ARENA_CHUNK_SIZE : size);
    }
    chunk->next = arena->current;
    arena->current = chunk;
    free_from(arena, chunk->bytes);
}

void *arena_take_anew(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    chunk_push(arena, arena_rounded(size));
    return arena_take(arena, size);
}

void *arena_take_zeroed(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        abort();
    void *taken = arena_take(arena, count * size);
    memset(taken, 0, count * size);
    return taken;
}

void *arena_list_room(struct arena *arena, void *list, size_t count, size_t size)
{
    void *grown;

    if ((count & (count - 1)) != 0)
        return list; /* the power of two is not reached */
    if (size != 0 && count > SIZE_MAX / 4 / size)
        abort();
    grown = arena_take(arena, (count == 0 ? 1 : 2 * count) * size);
    if (count > 0)
        memcpy(grown, list, count * size);
    return grown;
}
