/* catalog_read.c - one HMGET for a whole order. */
#include "catalog_read.h"

#include "keys.h"

size_t catalog_queue(struct store *store, struct arena *arena, const struct text product_ids[], size_t count)
{
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));

    words[0] = TEXT("HMGET");
    words[1] = key_catalog(arena);
    for (size_t i = 0; i < count; i++)
        words[i + 2] = product_ids[i];
    return store_queue(store, words[1], words, count + 2);
}

enum status catalog_products(struct arena *arena, const struct store_value *reply, struct product out_products[], size_t count)
{
    if (store_count(reply) != count)
        return STATUS_BROKEN;
    for (size_t i = 0; i < count; i++)
        out_products[i] = product_read(arena, store_text(store_element(reply, i)));
    return STATUS_OK;
}

size_t catalog_queue_presence(struct store *store, struct arena *arena)
{
    const struct text key = key_catalog(arena);

    return store_queue(store, key, (const struct text[]){TEXT("HLEN"), key}, 2);
}
