#include "stock.h"

#include "add.lua.h"
#include "allocate.lua.h"
#include "keys.h"
#include "release.lua.h"
#include "supply.lua.h"

#include <assert.h>

const struct store_script allocate_script = {.name = "allocate", .source = allocate_lua, .takes_many = true};
const struct store_script release_script = {.name = "release", .source = release_lua, .takes_many = true};
const struct store_script supply_script = {.name = "supply", .source = supply_lua};
const struct store_script add_script = {.name = "add", .source = add_lua};

#define RESERVATION_KEYS 3
#define ALLOCATE_HEAD 5

static void reservation_keys(struct arena *arena, const struct order *order, struct text out_keys[RESERVATION_KEYS])
{
    out_keys[0] = key_stock(arena, order->warehouse, STOCK_LEFT);
    out_keys[1] = key_stock(arena, order->warehouse, STOCK_TAKEN);
    out_keys[2] = key_reservation(arena, order->warehouse, order->order_id);
}

/* Each product once, with all units that the order wants of it: the script looks at each alone, before it takes any. */
static size_t add_products(struct arena *arena, const struct order *order, struct text out_arguments[2 * ORDER_LINES_MAX])
{
    int64_t units[ORDER_LINES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < order->line_count; i++) {
        size_t place = 0;

        while (place < count && !text_equals(out_arguments[2 * place], order->lines[i].product_id))
            place++;
        units[place] = order->lines[i].quantity + (place < count ? units[place] : 0);
        out_arguments[2 * place] = order->lines[i].product_id;
        count += place == count;
    }
    for (size_t i = 0; i < count; i++)
        out_arguments[2 * i + 1] = text_of_number(arena, units[i]);
    return 2 * count;
}

size_t stock_queue_allocate(struct store *store, struct arena *arena, const struct order *order, struct text items,
                            const struct allocation_outcomes *outcomes)
{
    struct text keys[RESERVATION_KEYS], arguments[ALLOCATE_HEAD + 2 * ORDER_LINES_MAX];
    size_t count = 0;

    reservation_keys(arena, order, keys);
    arguments[count++] = items;
    arguments[count++] = outcomes->allocated;
    arguments[count++] = outcomes->released_before;
    arguments[count++] = outcomes->short_before_id;
    arguments[count++] = outcomes->short_after_id;
    count += add_products(arena, order, arguments + count);
    return store_call_item(store, &allocate_script, keys, RESERVATION_KEYS, arguments, count);
}

size_t stock_queue_release(struct store *store, struct arena *arena, const struct order *order, struct text outcome)
{
    struct text keys[RESERVATION_KEYS];

    reservation_keys(arena, order, keys);
    return store_call_item(store, &release_script, keys, RESERVATION_KEYS, &outcome, 1);
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
