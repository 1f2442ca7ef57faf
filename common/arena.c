#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct chunk *current; /* the head of the list; older, full chunks follow */
    struct chunk *spare;   /* emptied by a reset, for reuse */
    size_t spare_bytes;
};

static struct chunk *chunk_create(size_t size)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + size);

    if (chunk == NULL)
        abort();
    *chunk = (struct chunk){.size = size};
    return chunk;
}

static void chunks_free(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
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

/* Takes the newest chunk off, and keeps it for reuse when there is not too much of that. */
static void chunk_pop(struct arena *arena)
{
    struct chunk *chunk = arena->current;

    arena->current = chunk->next;
    if (chunk->size == ARENA_CHUNK_SIZE && arena->spare_bytes + chunk->size <= ARENA_KEEP_MAX) {
        chunk->used = 0;
        chunk->next = arena->spare;
        arena->spare = chunk;
        arena->spare_bytes += chunk->size;
    } else {
        free(chunk);
    }
}

void arena_reset(struct arena *arena)
{
    while (arena->current != NULL)
        chunk_pop(arena);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->current, arena->current == NULL ? 0 : arena->current->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->current != mark.chunk)
        chunk_pop(arena);
    if (arena->current != NULL)
        arena->current->used = mark.used;
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
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t alignment = alignof(max_align_t);
    size_t rounded;

    if (size > SIZE_MAX / 2)
        abort();
    rounded = (size + alignment - 1) & ~(alignment - 1);
    if (arena->current == NULL || arena->current->size - arena->current->used < rounded)
        chunk_push(arena, rounded);
    void *taken = arena->current->bytes + arena->current->used;
    arena->current->used += rounded;
    return taken;
}

void *arena_take_zeroed(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        abort();
    void *taken = arena_take(arena, count * size);
    memset(taken, 0, count * size);
    return taken;
}
