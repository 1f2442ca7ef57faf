#include "stock.h"

#include "add.lua.h"
#include "allocate.lua.h"
#include "release.lua.h"
#include "supply.lua.h"

#include <assert.h>

const struct store_script allocate_script = {"allocate", allocate_lua};
const struct store_script release_script = {"release", release_lua};
const struct store_script supply_script = {"supply", supply_lua};
const struct store_script add_script = {"add", add_lua};

#define RESERVATION_KEYS 3
#define ALLOCATE_HEAD (RESERVATION_KEYS + 5)

static struct text key_of(struct arena *arena, const char *before, struct text warehouse, const char *after, struct text last)
{
    struct buffer buffer = buffer_in(arena, warehouse.length + last.length + 32);

    buffer_add(&buffer, text_of(before));
    buffer_add(&buffer, warehouse);
    buffer_add(&buffer, text_of(after));
    buffer_add(&buffer, last);
    return buffer_text(&buffer);
}

static struct text stock_key(struct arena *arena, struct text warehouse)
{
    return key_of(arena, "stock:", warehouse, "", TEXT(""));
}

struct text reservation_key(struct arena *arena, const struct order *order)
{
    return key_of(arena, "{stock:", order->warehouse, "}:reservation:", order->order_id);
}

static void add_keys(struct arena *arena, const struct order *order, struct text arguments[])
{
    arguments[0] = stock_key(arena, order->warehouse);
    arguments[1] = key_of(arena, "{stock:", order->warehouse, "}:taken", TEXT(""));
    arguments[2] = reservation_key(arena, order);
}

static struct text number_text(struct arena *arena, int64_t number)
{
    struct buffer buffer = buffer_in(arena, 24);

    buffer_add_number(&buffer, number);
    return buffer_text(&buffer);
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
        arguments[count++] = number_text(arena, order->lines[i].quantity);
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
    arguments[0] = stock_key(arena, warehouse);
    arguments[1] = key_of(arena, "{stock:", warehouse, "}:supplied", TEXT(""));
    for (size_t i = 0; i < count; i++) {
        arguments[2 + 2 * i] = product_ids[i];
        arguments[3 + 2 * i] = number_text(arena, units[i]);
    }
    return store_call(store, &supply_script, 2, arguments, 2 + 2 * count);
}

size_t stock_queue_add(struct store *store, struct arena *arena, struct text warehouse, struct text product_id, int64_t units,
                       struct text operation_id)
{
    struct text arguments[] = {
        stock_key(arena, warehouse),
        key_of(arena, "{stock:", warehouse, "}:supplied", TEXT("")),
        key_of(arena, "{stock:", warehouse, "}:taken", TEXT("")),
        key_of(arena, "{stock:", warehouse, "}:operation:", operation_id),
        product_id,
        number_text(arena, units),
        number_text(arena, STOCK_OPERATION_SECONDS),
    };

    return store_call(store, &add_script, 4, arguments, COUNT_OF(arguments));
}
