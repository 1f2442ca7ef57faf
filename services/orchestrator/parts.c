#include "parts.h"

static bool brings_an_order(const struct group *group)
{
    for (size_t i = 0; i < group->entry_count; i++)
        if (text_equals(group->entries[i].heard.said->kind, TEXT("order")))
            return true;
    return false;
}

static bool is_to_be_loaded(const struct batch *batch, const struct group *group)
{
    return !brings_an_order(group) && (batch->cache == NULL || !saga_cache_has(batch->cache, group->order_id));
}

struct batch batch_part(const struct batch *batch, size_t first)
{
    struct batch part = *batch;
    size_t end = first, loads = 0;

    while (end < batch->group_count && loads < PART_LOADS_MAX)
        loads += is_to_be_loaded(batch, &batch->groups[end++]);
    part.groups = batch->groups + first;
    part.group_count = end - first;
    return part;
}
