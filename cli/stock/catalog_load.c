/* catalog_load.c - orderly catalog load */
#include "cli_ask.h"
#include "cli_connect.h"
#include "cli_file.h"
#include "keys.h"
#include "stock.h"
#include "stock_floor.h"

#include <errno.h>

#define CATALOG_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define LOAD_BATCH 1000

static error_t parse(int key, char *argument, struct argp_state *state)
{
    const char **path = state->input;

    if (key == ARGP_KEY_ARG && *path == NULL)
        *path = argument;
    else if (key == ARGP_KEY_ARG || key == ARGP_KEY_NO_ARGS)
        argp_usage(state);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

const struct argp catalog_load_argp = {
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Load products into the catalog. Prices are always overwritten; stock is supplied only where a warehouse has never "
           "heard of the "
           "product. The whole file is checked first: with one mistake nothing is loaded.\v"
           "FILE is JSON; - is standard input:\n"
           "  {\"products\":[{\"productId\":\"KEYBOARD\",\"name\":\"Mechanical keyboard\",\n"
           "                \"unitPrice\":1999,\"currency\":\"USD\",\"stock\":{\"main\":10}}]}\n"
           "unitPrice is in minor units: 1999 is 19.99 USD.\n\n"
           "Exit codes: 0 loaded, 1 mistakes in the file, 2 usage, 3 Redis unreachable.",
};

/* Queues and sends the entries in batches. */
static enum cli_exit load_entries(struct store *store, struct arena *arena, const struct catalog_file *file)
{
    const struct store_value *reply;

    for (size_t done = 0; done < file->entry_count; done += LOAD_BATCH) {
        size_t count = file->entry_count - done < LOAD_BATCH ? file->entry_count - done : LOAD_BATCH;
        struct text *words = arena_take(arena, (2 + 2 * count) * sizeof(*words));
        words[0] = TEXT("HSET");
        words[1] = key_catalog(arena);
        for (size_t i = 0; i < count; i++) {
            words[2 + 2 * i] = file->entries[done + i].product_id;
            words[3 + 2 * i] = file->entries[done + i].entry;
        }
        CLI_TRY(cli_ask(store, words, 2 + 2 * count, &reply));
    }
    return CLI_DONE;
}

/* How many of the stocks from `first` on are of the same warehouse, LOAD_BATCH at most. */
static size_t run_length(const struct catalog_file *file, size_t first)
{
    size_t count = 1;

    while (first + count < file->stock_count && count < LOAD_BATCH &&
           text_equals(file->stocks[first].warehouse, file->stocks[first + count].warehouse))
        count++;
    return count;
}

static enum cli_exit load_stocks(struct store *store, struct arena *arena, const struct catalog_file *file, int64_t *out_supplied)
{
    struct text ids[LOAD_BATCH];
    int64_t units[LOAD_BATCH];

    for (size_t first = 0, count; first < file->stock_count; first += count) {
        size_t number;
        count = run_length(file, first);
        for (size_t i = 0; i < count; i++) {
            ids[i] = file->stocks[first + i].product_id;
            units[i] = file->stocks[first + i].units;
        }
        store_begin(store);
        number = stock_queue_supply(store, arena, file->stocks[first].warehouse, ids, units, count);
        CLI_TRY(cli_flush(store));
        CLI_TRY(cli_check(store_value(store, number), TEXT("the stock")));
        *out_supplied += store_number(store_value(store, number));
    }
    return CLI_DONE;
}

enum cli_exit catalog_load(struct store *store, struct arena *arena, const struct catalog_file *file, int64_t *out_supplied)
{
    CLI_TRY(load_stocks(store, arena, file, out_supplied));
    return load_entries(store, arena, file);
}

enum cli_exit catalog_load_run(int argument_count, char **arguments)
{
    static const struct store_script *const scripts[] = {&supply_script};
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    const char *path = NULL;
    struct cli_settings settings;
    struct catalog_file file;
    struct text bytes;
    int64_t supplied = 0;
    size_t mistakes;

    CLI_TRY(cli_parse(&catalog_load_argp, argument_count, arguments, &path, &settings));
    if (!file_read(arena, path, CATALOG_BYTES_MAX, &bytes))
        return cli_fail(CLI_ENDED_BADLY, "%s: %s", path, strerror(errno));
    mistakes = catalog_file_read(arena, bytes, stderr, &file);
    if (mistakes > 0)
        return cli_fail(CLI_ENDED_BADLY, "%s: %zu mistakes, nothing was loaded", path, mistakes);
    CLI_TRY(cli_open_store(&settings, scripts, COUNT_OF(scripts), &store));
    CLI_TRY(catalog_load(store, arena, &file, &supplied));
    printf("%zu products loaded; stock supplied for %lld of them that had none.\n", file.entry_count, (long long)supplied);
    return CLI_DONE;
}
