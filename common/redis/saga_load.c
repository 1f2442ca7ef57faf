#include "saga_load.h"

#include "keys.h"

size_t saga_queue_load(struct store *store, struct arena *arena, struct text order_id)
{
    struct text words[SAGA_FIELD_COUNT + 2] = {TEXT("HMGET"), key_saga(arena, order_id)};

    memcpy(words + 2, saga_field_names(), SAGA_FIELD_COUNT * sizeof(*words));
    return store_queue(store, words[1], words, COUNT_OF(words));
}

enum status saga_take(struct arena *arena, const struct store_value *reply, struct text order_id,
                      struct text out_values[SAGA_FIELD_COUNT], struct saga *out_saga)
{
    if (store_count(reply) != SAGA_FIELD_COUNT)
        return STATUS_BROKEN;
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        out_values[i] = text_copy(arena, store_text(store_element(reply, i)));
    return saga_read(arena, order_id, out_values, out_saga);
}
