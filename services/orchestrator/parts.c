#include "parts.h"

static bool brings_an_order(const struct group *group)
{
    for (size_t i = 0; i < group->heard_count; i++)
        if (text_equals(group->heard[i].message->kind, TEXT("order")))
            return true;
    return false;
}

static bool is_to_be_loaded(const struct batch *batch, const struct group *group)
{
    return !brings_an_order(group) && (batch->cache == NULL || !saga_cache_has(batch->cache, group->order_id));
}

static size_t loads_max(size_t saga_bytes)
{
    const size_t fitting = saga_bytes == 0 ? 0 : PART_BYTES_MAX / saga_bytes;

    return fitting < PART_LOADS_LEAST ? PART_LOADS_LEAST : fitting;
}

struct batch batch_part(const struct batch *batch, size_t first, size_t saga_bytes)
{
    const size_t max = loads_max(saga_bytes);
    struct batch part = *batch;
    size_t end = first, loads = 0;

    while (end < batch->group_count && loads < max)
        loads += is_to_be_loaded(batch, &batch->groups[end++]);
    part.groups = batch->groups + first;
    part.group_count = end - first;
    return part;
}

static size_t bytes_of(const struct text values[SAGA_FIELD_COUNT])
{
    size_t bytes = 0;

    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        bytes += values[i].length;
    return bytes;
}

size_t batch_saga_bytes(const struct batch *part, size_t before)
{
    size_t largest = 0;

    for (size_t i = 0; i < part->group_count; i++) {
        const struct group *group = &part->groups[i];
        const size_t bytes = group->cached ? 0 : bytes_of(group->old_values);
        largest = bytes > largest ? bytes : largest;
    }
    return largest == 0 ? before : largest;
}
