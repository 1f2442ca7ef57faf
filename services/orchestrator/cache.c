#include "cache.h"

#include <stdlib.h>

#define WAYS 4 /* entries that an order can lie in */
#define SETS (SAGA_CACHE_ENTRIES / WAYS)
#define ABSENT UINT32_MAX /* the length of a value that is not there */

/* bytes holds the order id, then the values one after another. */
struct entry {
    uint64_t hash;
    uint64_t used; /* by the cache's clock; 0: empty */
    struct saga saga;
    uint32_t lengths[SAGA_FIELD_COUNT];
    char *bytes;
    size_t length, size;
};

struct saga_cache {
    struct entry entries[SETS][WAYS];
    uint64_t clock;
};

struct saga_cache *saga_cache_create(void)
{
    struct saga_cache *cache = calloc(1, sizeof(*cache));

    if (cache == NULL)
        abort();
    return cache;
}

static void empty(struct entry *entry)
{
    free(entry->bytes);
    *entry = (struct entry){0};
}

void saga_cache_clear(struct saga_cache *cache)
{
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++)
            empty(&cache->entries[set][way]);
}

void saga_cache_destroy(struct saga_cache *cache)
{
    if (cache == NULL)
        return;
    saga_cache_clear(cache);
    free(cache);
}

static struct entry *find(struct saga_cache *cache, struct text order_id, uint64_t hash)
{
    struct entry *set = cache->entries[hash % SETS];

    for (size_t way = 0; way < WAYS; way++)
        if (set[way].used != 0 && set[way].hash == hash && text_equals(set[way].saga.order_id, order_id))
            return &set[way];
    return NULL;
}

/* An empty entry, or the one that was not used for longest. */
static struct entry *oldest(struct saga_cache *cache, uint64_t hash)
{
    struct entry *set = cache->entries[hash % SETS], *found = set;

    for (size_t way = 1; way < WAYS; way++)
        if (set[way].used < found->used)
            found = &set[way];
    return found;
}

static size_t packed_length(const struct saga *saga, const struct text values[])
{
    size_t length = saga->order_id.length;

    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        length += values[i].length;
    return length;
}

static void make_room(struct entry *entry, size_t length)
{
    if (entry->size >= length)
        return;
    free(entry->bytes);
    entry->bytes = malloc(length);
    if (entry->bytes == NULL)
        abort();
    entry->size = length;
}

static void pack(struct entry *entry, const struct saga *saga, const struct text values[])
{
    char *at = entry->bytes;

    memcpy(at, saga->order_id.at, saga->order_id.length);
    at += saga->order_id.length;
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++) {
        entry->lengths[i] = text_is_there(values[i]) ? (uint32_t)values[i].length : ABSENT;
        if (values[i].length > 0)
            memcpy(at, values[i].at, values[i].length);
        at += values[i].length;
    }
    entry->saga = *saga;
    entry->saga.order_id = (struct text){entry->bytes, saga->order_id.length};
}

void saga_cache_keep(struct saga_cache *cache, const struct saga *saga, const struct text values[SAGA_FIELD_COUNT])
{
    uint64_t hash = text_hash(saga->order_id);
    size_t length = packed_length(saga, values);
    struct entry *entry = find(cache, saga->order_id, hash);

    if (length > SAGA_CACHE_BYTES_MAX || saga_status_is_terminal(saga->status) || saga_status_is_parked(saga->status)) {
        if (entry != NULL)
            empty(entry);
        return;
    }
    if (entry == NULL)
        entry = oldest(cache, hash);
    entry->hash = hash;
    entry->used = ++cache->clock;
    entry->length = length;
    make_room(entry, length);
    pack(entry, saga, values);
}

void saga_cache_drop(struct saga_cache *cache, struct text order_id)
{
    struct entry *entry = find(cache, order_id, text_hash(order_id));

    if (entry != NULL)
        empty(entry);
}

bool saga_cache_has(struct saga_cache *cache, struct text order_id) { return find(cache, order_id, text_hash(order_id)) != NULL; }

bool saga_cache_find(struct saga_cache *cache, struct arena *arena, struct text order_id,
                     struct text out_values[SAGA_FIELD_COUNT], struct saga *out_saga)
{
    struct entry *entry = find(cache, order_id, text_hash(order_id));
    const char *at;

    if (entry == NULL)
        return false;
    entry->used = ++cache->clock;
    at = memcpy(arena_take(arena, entry->length), entry->bytes, entry->length);
    *out_saga = entry->saga;
    out_saga->order_id = (struct text){at, entry->saga.order_id.length};
    at += entry->saga.order_id.length;
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++) {
        bool there = entry->lengths[i] != ABSENT;
        out_values[i] = there ? (struct text){at, entry->lengths[i]} : TEXT_NONE;
        at += there ? entry->lengths[i] : 0;
    }
    saga_borrow_texts(out_saga, out_values);
    return true;
}
