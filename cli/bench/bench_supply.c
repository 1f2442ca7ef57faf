/* bench_supply.c - what the benchmark sells. The same every time: a second run finds its stock and leaves it alone. */
#include "bench.h"
#include "stock.h"
#include "stock/stock_floor.h"

#define PLENTY INT64_C(1000000000000)

static void add_product(struct catalog_file *file, struct arena *arena, struct text id, int64_t units)
{
    struct text entry = text_format(arena, "{\"name\":\"Benchmark %.*s\",\"unitPrice\":1999,\"currency\":\"USD\"}", TEXT_ARG(id));

    file->entries[file->entry_count++] = (struct catalog_entry){id, entry};
    file->stocks[file->stock_count++] = (struct catalog_stock){TEXT(WAREHOUSE_DEFAULT), id, units};
}

enum cli_exit bench_supply(const struct bench *bench)
{
    static const struct store_script *const scripts[] = {&supply_script};
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    size_t count = (size_t)bench->plan.product_count + 1;
    struct catalog_file file = {.entries = arena_take(arena, count * sizeof(*file.entries)),
                                .stocks = arena_take(arena, count * sizeof(*file.stocks))};
    int64_t supplied = 0;

    CLI_TRY(cli_open_store(bench->settings, scripts, COUNT_OF(scripts), &store));
    for (int64_t product = 0; product < bench->plan.product_count; product++)
        add_product(&file, arena, bench_product_id(arena, product), PLENTY);
    add_product(&file, arena, TEXT(BENCH_NO_STOCK_PRODUCT), 0);
    return catalog_load(store, arena, &file, &supplied);
}
