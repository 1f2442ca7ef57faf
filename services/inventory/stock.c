#include "stock.h"

#include "add.lua.h"
#include "allocate.lua.h"
#include "keys.h"
#include "release.lua.h"
#include "supply.lua.h"

#include <assert.h>

const struct store_script allocate_script = {.name = "allocate", .source = allocate_lua};
const struct store_script release_script = {.name = "release", .source = release_lua};
const struct store_script supply_script = {.name = "supply", .source = supply_lua};
const struct store_script add_script = {.name = "add", .source = add_lua};

#define RESERVATION_KEYS 3
#define ALLOCATE_HEAD (RESERVATION_KEYS + 5)

static void add_keys(struct arena *arena, const struct order *order, struct text arguments[])
{
    arguments[0] = key_stock(arena, order->warehouse, STOCK_LEFT);
    arguments[1] = key_stock(arena, order->warehouse, STOCK_TAKEN);
    arguments[2] = key_reservation(arena, order->warehouse, order->order_id);
}

size_t stock_queue_allocate(struct store *store, struct arena *arena, const struct order *order, struct text items,
                            const struct allocation_outcomes *outcomes)
{
    struct text arguments[ALLOCATE_HEAD + 2 * ORDER_LINES_MAX];
    size_t count = RESERVATION_KEYS;

    add_keys(arena, order, arguments);
    arguments[count++] = items;
    arguments[count++] = outcomes->allocated;
    arguments[count++] = outcomes->released_before;
    arguments[count++] = outcomes->short_before_id;
    arguments[count++] = outcomes->short_after_id;
    for (size_t i = 0; i < order->line_count; i++) {
        arguments[count++] = order->lines[i].product_id;
        arguments[count++] = text_of_number(arena, order->lines[i].quantity);
    }
    return store_call(store, &allocate_script, RESERVATION_KEYS, arguments, count);
}

size_t stock_queue_release(struct store *store, struct arena *arena, const struct order *order, struct text outcome)
{
    struct text arguments[RESERVATION_KEYS + 1];

    add_keys(arena, order, arguments);
    arguments[RESERVATION_KEYS] = outcome;
    return store_call(store, &release_script, RESERVATION_KEYS, arguments, COUNT_OF(arguments));
}

size_t stock_queue_supply(struct store *store, struct arena *arena, struct text warehouse, const struct text product_ids[],
                          const int64_t units[], size_t count)
{
    struct text *arguments = arena_take(arena, (2 + 2 * count) * sizeof(*arguments));

    assert(count <= STOCK_SUPPLY_MAX);
    arguments[0] = key_stock(arena, warehouse, STOCK_LEFT);
    arguments[1] = key_stock(arena, warehouse, STOCK_SUPPLIED);
    for (size_t i = 0; i < count; i++) {
        arguments[2 + 2 * i] = product_ids[i];
        arguments[3 + 2 * i] = text_of_number(arena, units[i]);
    }
    return store_call(store, &supply_script, 2, arguments, 2 + 2 * count);
}

size_t stock_queue_add(struct store *store, struct arena *arena, struct text warehouse, struct text product_id, int64_t units,
                       struct text operation_id)
{
    struct text arguments[] = {
        key_stock(arena, warehouse, STOCK_LEFT),
        key_stock(arena, warehouse, STOCK_SUPPLIED),
        key_stock(arena, warehouse, STOCK_TAKEN),
        key_stock_operation(arena, warehouse, operation_id),
        product_id,
        text_of_number(arena, units),
        text_of_number(arena, STOCK_OPERATION_SECONDS),
    };

    return store_call(store, &add_script, 4, arguments, COUNT_OF(arguments));
}
