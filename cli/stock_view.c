/* stock_view.c - orderly stock */
#include "catalog.h"
#include "cli.h"

#include <inttypes.h>
#include <stdlib.h>

struct stock_view {
    const char *warehouse;
    bool json;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct stock_view *view = state->input;

    switch (key) {
    case 'w':
        if (!warehouse_is_good(text_of(argument)))
            argp_error(state, "'%s' is no warehouse", argument);
        view->warehouse = argument;
        return 0;
    case 'j':
        view->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"warehouse", 'w', "NAME", 0, "the warehouse (main)", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

static const struct argp arguments_of = {
    .options = options,
    .parser = parse,
    .doc = "Show for each product of a warehouse what can still be sold, what orders hold or have taken, and what was ever supplied.\v"
           "A line whose numbers do not add up (supplied = left + taken) says so.\n\n"
           "Exit codes: 0 done, 1 there is no such warehouse, 2 usage, 3 Redis unreachable.",
};

struct stock_line {
    struct text product_id, left, taken, supplied, entry;
};

static int64_t units(struct text text)
{
    int64_t number = 0;

    return text_to_number(text, &number) ? number : 0;
}

static bool adds_up(const struct stock_line *line)
{
    return units(line->supplied) == units(line->left) + units(line->taken);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct stock_line *)a)->product_id.at, ((const struct stock_line *)b)->product_id.at);
}

/* Reads what the other hashes say of the products, in one round trip. */
static int load_rest(struct store *store, struct arena *arena, const char *warehouse, struct stock_line lines[], size_t count)
{
    struct text keys[] = {text_format(arena, "{stock:%s}:taken", warehouse), text_format(arena, "{stock:%s}:supplied", warehouse),
                          TEXT("catalog")};
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));
    int code;

    store_begin(store);
    words[0] = TEXT("HMGET");
    for (size_t i = 0; i < count; i++)
        words[i + 2] = lines[i].product_id;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        words[1] = keys[i];
        store_queue(store, keys[i], words, count + 2);
    }
    code = cli_flush(store);
    for (size_t i = 0; code == CLI_DONE && i < count; i++) {
        lines[i].taken = text_copy(arena, store_text(store_element(store_value(store, 0), i)));
        lines[i].supplied = text_copy(arena, store_text(store_element(store_value(store, 1), i)));
        lines[i].entry = text_copy(arena, store_text(store_element(store_value(store, 2), i)));
    }
    return code;
}

static void print_line(struct arena *arena, const struct stock_view *view, const struct stock_line *line)
{
    struct product product = product_read(arena, line->entry);
    struct text price = product.state == PRODUCT_GOOD ? money_text(arena, product.unit_price, product.currency) : TEXT("-");

    if (view->json)
        printf("{\"productId\":\"%.*s\",\"left\":%" PRId64 ",\"taken\":%" PRId64 ",\"supplied\":%" PRId64 ",\"addsUp\":%s}\n",
               TEXT_ARG(line->product_id), units(line->left), units(line->taken), units(line->supplied),
               adds_up(line) ? "true" : "false");
    else
        printf("%-24.*s %12.*s %10" PRId64 " %10" PRId64 " %10" PRId64 "  %.*s%s\n", TEXT_ARG(line->product_id), TEXT_ARG(price),
               units(line->left), units(line->taken), units(line->supplied), TEXT_ARG(product.name),
               adds_up(line) ? "" : "  DOES NOT ADD UP");
}

static int show(struct store *store, struct arena *arena, const struct stock_view *view)
{
    struct text key = text_format(arena, "stock:%s", view->warehouse);
    const struct store_value *reply = cli_ask(store, (struct text[]){TEXT("HGETALL"), key}, 2);
    size_t count = reply == NULL ? 0 : store_count(reply) / 2;
    struct stock_line *lines = arena_take_zeroed(arena, count + 1, sizeof(*lines));
    int code;

    if (reply == NULL)
        return CLI_UNREACHABLE;
    if (count == 0)
        return cli_fail(CLI_ENDED_BADLY, "there is no stock in the warehouse %s (orderly catalog load)", view->warehouse);
    for (size_t i = 0; i < count; i++) {
        lines[i].product_id = text_copy(arena, store_text(store_element(reply, 2 * i)));
        lines[i].left = text_copy(arena, store_text(store_element(reply, 2 * i + 1)));
    }
    qsort(lines, count, sizeof(*lines), compare_lines);
    code = load_rest(store, arena, view->warehouse, lines, count);
    if (code == CLI_DONE && !view->json)
        printf("%-24s %12s %10s %10s %10s  %s\n", "PRODUCT", "PRICE", "LEFT", "TAKEN", "SUPPLIED", "NAME");
    for (size_t i = 0; code == CLI_DONE && i < count; i++)
        print_line(arena, view, &lines[i]);
    return code;
}

int stock_run(const struct cli_settings *settings, int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct stock_view view = {.warehouse = "main"};
    int code;

    cli_parse(&arguments_of, argument_count, arguments, &view);
    code = cli_open_store(settings, NULL, 0, &store);
    return code == CLI_DONE ? show(store, arena, &view) : code;
}
