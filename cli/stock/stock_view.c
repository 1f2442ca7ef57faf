/* stock_view.c - orderly stock */
#include "catalog.h"
#include "cli_ask.h"
#include "cli_connect.h"
#include "cli_json.h"
#include "keys.h"
#include "money.h"
#include "shown.h"
#include "stock_floor.h"

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

const struct argp stock_argp = {
    .options = options,
    .parser = parse,
    .doc = "Show for each product of a warehouse what can still be sold, what orders hold or have taken, and what was ever "
           "supplied.\v"
           "A line whose numbers do not add up (supplied = left + taken) says so.\n\n"
           "Exit codes: 0 done, 1 there is no such warehouse, 2 usage, 3 Redis unreachable.",
};

#define STOCK_BATCH 1000 /* products in one atomic look: Redis serves nobody else meanwhile */

/* Where the numbers of a product stand: stock:<warehouse> and beside it. All in one slot. */
enum stock_key { KEY_LEFT, KEY_TAKEN, KEY_SUPPLIED, KEY_COUNT };
static const enum stock_book books[KEY_COUNT] = {STOCK_LEFT, STOCK_TAKEN, STOCK_SUPPLIED};

struct stock_line {
    struct text product_id;
    struct text numbers[KEY_COUNT]; /* TEXT_NONE: not there */
    struct product product;
};

/* What is not there is 0. False: it is no number of units. */
static bool read_units(struct text text, int64_t *out_units)
{
    *out_units = 0;
    return !text_is_there(text) || text_to_number(text, out_units);
}

static int64_t units(struct text text)
{
    int64_t number;

    (void)read_units(text, &number);
    return number;
}

static bool adds_up(const struct stock_line *line)
{
    int64_t left, taken, supplied, sum;
    bool good = read_units(line->numbers[KEY_LEFT], &left);

    good = read_units(line->numbers[KEY_TAKEN], &taken) && good;
    good = read_units(line->numbers[KEY_SUPPLIED], &supplied) && good;
    return good && !__builtin_add_overflow(left, taken, &sum) && supplied == sum;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct stock_line *)a)->product_id.at, ((const struct stock_line *)b)->product_id.at);
}

static size_t remove_doubles(struct stock_line lines[], size_t count)
{
    size_t kept = count == 0 ? 0 : 1;

    for (size_t i = 1; i < count; i++)
        if (compare_lines(&lines[kept - 1], &lines[i]) != 0)
            lines[kept++] = lines[i];
    return kept;
}

/* Every product that any of the hashes knows of, in the order of the ids: one that is missing in one of them must not go unseen.
 * */
static enum cli_exit load_products(struct store *store, struct arena *arena, const struct text keys[],
                                   struct stock_line **out_lines, size_t *out_count)
{
    size_t count = 0;

    store_begin(store);
    for (size_t i = 0; i < KEY_COUNT; i++)
        store_queue(store, keys[i], (struct text[]){TEXT("HKEYS"), keys[i]}, 2);
    CLI_TRY(cli_flush(store));
    for (size_t i = 0; i < KEY_COUNT; i++) {
        CLI_TRY(cli_check(store_value(store, i), keys[i]));
        count += store_count(store_value(store, i));
    }
    *out_lines = arena_take_zeroed(arena, count, sizeof(**out_lines));
    count = 0;
    for (size_t i = 0; i < KEY_COUNT; i++)
        for (size_t j = 0; j < store_count(store_value(store, i)); j++)
            (*out_lines)[count++].product_id = text_copy(arena, store_text(store_element(store_value(store, i), j)));
    qsort(*out_lines, count, sizeof(**out_lines), compare_lines);
    *out_count = remove_doubles(*out_lines, count);
    return CLI_DONE;
}

/* Queues the numbers of these products as one transaction: an allocation between two of the reads would look like units that got
 * lost. Gives the number of its reply. */
static size_t queue_numbers(struct store *store, const struct text keys[], struct text words[], size_t count)
{
    store_queue(store, keys[0], &TEXT("MULTI"), 1);
    words[0] = TEXT("HMGET");
    for (size_t i = 0; i < KEY_COUNT; i++) {
        words[1] = keys[i];
        store_queue(store, keys[0], words, count + 2);
    }
    return store_queue(store, keys[0], &TEXT("EXEC"), 1);
}

static enum cli_exit load_numbers(struct store *store, struct arena *arena, const struct text keys[], struct stock_line lines[],
                                  size_t count)
{
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));
    const struct store_value *reply;
    size_t number;

    for (size_t i = 0; i < count; i++)
        words[i + 2] = lines[i].product_id;
    store_begin(store);
    number = queue_numbers(store, keys, words, count);
    CLI_TRY(cli_flush(store));
    reply = store_value(store, number);
    CLI_TRY(cli_check(reply, keys[0]));
    for (size_t i = 0; i < KEY_COUNT; i++) {
        CLI_TRY(cli_check(store_element(reply, i), keys[i]));
        for (size_t j = 0; j < count; j++)
            lines[j].numbers[i] = text_copy(arena, store_text(store_element(store_element(reply, i), j)));
    }
    return CLI_DONE;
}

static enum cli_exit load_catalog(struct store *store, struct arena *arena, struct stock_line lines[], size_t count)
{
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));
    const struct store_value *reply;

    words[0] = TEXT("HMGET");
    words[1] = key_catalog(arena);
    for (size_t i = 0; i < count; i++)
        words[i + 2] = lines[i].product_id;
    CLI_TRY(cli_ask(store, words, count + 2, &reply));
    for (size_t i = 0; i < count; i++)
        lines[i].product = product_read(arena, store_text(store_element(reply, i)));
    return CLI_DONE;
}

static void print_for_people(struct arena *arena, const struct stock_line *line)
{
    const struct product *product = &line->product;
    struct text price = product->state == PRODUCT_GOOD ? money_text(arena, product->unit_price, product->currency) : TEXT("-");

    printf("%-24.*s %12.*s %10" PRId64 " %10" PRId64 " %10" PRId64 "  %.*s%s\n", TEXT_ARG(shown_text(arena, line->product_id)),
           TEXT_ARG(price), units(line->numbers[KEY_LEFT]), units(line->numbers[KEY_TAKEN]), units(line->numbers[KEY_SUPPLIED]),
           TEXT_ARG(shown_text(arena, product->name)), adds_up(line) ? "" : "  DOES NOT ADD UP");
}

static void print_json(const struct stock_line *line)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();

    json_add_text(draft, "productId", line->product_id);
    json_add_number(draft, "left", units(line->numbers[KEY_LEFT]));
    json_add_number(draft, "taken", units(line->numbers[KEY_TAKEN]));
    json_add_number(draft, "supplied", units(line->numbers[KEY_SUPPLIED]));
    json_add_bool(draft, "addsUp", adds_up(line));
    if (line->product.state == PRODUCT_GOOD) {
        json_add_text(draft, "name", line->product.name);
        json_add_number(draft, "unitPrice", line->product.unit_price);
        json_add_text(draft, "currency", line->product.currency);
    }
    cli_print_json(draft);
}

static enum cli_exit show_batch(struct store *store, struct arena *arena, const struct stock_view *view, const struct text keys[],
                                struct stock_line lines[], size_t count)
{
    CLI_TRY(load_numbers(store, arena, keys, lines, count));
    CLI_TRY(load_catalog(store, arena, lines, count));
    for (size_t i = 0; i < count; i++) {
        if (view->json)
            print_json(&lines[i]);
        else
            print_for_people(arena, &lines[i]);
    }
    return CLI_DONE;
}

static enum cli_exit show(struct store *store, struct arena *arena, const struct stock_view *view)
{
    struct text keys[KEY_COUNT];
    struct stock_line *lines = NULL;
    size_t count = 0;

    for (size_t i = 0; i < KEY_COUNT; i++)
        keys[i] = key_stock(arena, text_of(view->warehouse), books[i]);
    CLI_TRY(load_products(store, arena, keys, &lines, &count));
    if (count == 0)
        return cli_fail(CLI_ENDED_BADLY, "there is no stock in the warehouse %s (orderly catalog load)", view->warehouse);
    if (!view->json)
        printf("%-24s %12s %10s %10s %10s  %s\n", "PRODUCT", "PRICE", "LEFT", "TAKEN", "SUPPLIED", "NAME");
    for (size_t done = 0; done < count; done += STOCK_BATCH)
        CLI_TRY(show_batch(store, arena, view, keys, lines + done, count - done < STOCK_BATCH ? count - done : STOCK_BATCH));
    return CLI_DONE;
}

enum cli_exit stock_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct stock_view view = {.warehouse = WAREHOUSE_DEFAULT};
    struct cli_settings settings;

    CLI_TRY(cli_parse(&stock_argp, argument_count, arguments, &view, &settings));
    CLI_TRY(cli_open_store(&settings, NULL, 0, &store));
    return show(store, arena, &view);
}
