/* stock_add.c - orderly stock add */
#include "catalog.h"
#include "cli_ask.h"
#include "cli_connect.h"
#include "keys.h"
#include "stock.h"
#include "stock_floor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#define RANDOM_BYTES 9

struct stock_add {
    const char *product_id, *units_text, *warehouse, *operation_id;
    int64_t units;
};

static void take_word(struct stock_add *add, char *argument, struct argp_state *state)
{
    if (state->arg_num >= 2)
        argp_usage(state);
    *(state->arg_num == 0 ? &add->product_id : &add->units_text) = argument;
}

static void check_words(struct stock_add *add, struct argp_state *state)
{
    if (add->units_text == NULL)
        argp_usage(state);
    if (!id_is_good(text_of(add->product_id)))
        argp_error(state, "'%s' is no product id", add->product_id);
    if (!text_to_number_between(text_of(add->units_text), 1, STOCK_UNITS_MAX, &add->units))
        argp_error(state, "UNITS is a whole number from 1 to %" PRId64 ", not '%s'", STOCK_UNITS_MAX, add->units_text);
    if (!warehouse_is_good(text_of(add->warehouse)))
        argp_error(state, "'%s' is no warehouse", add->warehouse);
    if (add->operation_id != NULL && !id_is_good(text_of(add->operation_id)))
        argp_error(state, "'%s' is no operation id: 1 to %d of A-Z a-z 0-9 . _ : -", add->operation_id, ORDER_ID_MAX);
}

static const struct cli_option plain_options[] = {
    CLI_WORD('w', struct stock_add, warehouse),
    CLI_WORD('o', struct stock_add, operation_id),
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct stock_add *add = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        take_word(add, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_words(add, state);
        return 0;
    default:
        return cli_take_option(plain_options, COUNT_OF(plain_options), key, argument, state);
    }
}

static const struct argp_option options[] = {
    {"warehouse", 'w', "NAME", 0, "the warehouse (main)", 0},
    {"operation", 'o', "ID", 0,
     "the id of this delivery: repeated with the same id, it is added once; without one an id is made, and shown", 0},
    {0},
};

const struct argp stock_add_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "PRODUCT UNITS",
    .doc =
        "Supply more units of a product of the catalog. They can be sold at once.\v"
        "Each delivery has an operation id, remembered for 30 days: a command that was cut off can be repeated with its "
        "--operation ID, and\n"
        "the units are added once. The same id for another product or another number of units is refused.\n\n"
        "Exit codes: 0 added, now or before, 1 refused, 2 usage, 3 Redis unreachable: repeat it with the same operation id.\n\n"
        "Examples:\n  orderly stock add KEYBOARD 100 --operation DELIVERY-2026-017\n  orderly stock add MONITOR 20 --warehouse "
        "east",
};

static enum cli_exit make_operation_id(struct arena *arena, struct stock_add *add)
{
    unsigned char bytes[RANDOM_BYTES];
    struct buffer buffer = buffer_in(arena, 32);

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return cli_fail(CLI_ENDED_BADLY, "the system gives no random bytes for an operation id: name one with --operation");
    buffer_add(&buffer, TEXT("add-"));
    for (size_t i = 0; i < sizeof(bytes); i++)
        buffer_add_format(&buffer, "%02x", bytes[i]);
    add->operation_id = text_copy(arena, buffer_text(&buffer)).at;
    /* The id is shown before anything is sent: should the answer not come, the command is repeated with it. */
    fprintf(stderr, "operation %s\n", add->operation_id);
    return CLI_DONE;
}

static enum cli_exit check_catalog(struct store *store, struct arena *arena, const struct stock_add *add)
{
    const struct store_value *reply;

    CLI_TRY(cli_ask(store, (struct text[]){TEXT("HEXISTS"), key_catalog(arena), text_of(add->product_id)}, 3, &reply));
    if (store_number(reply) == 0)
        return cli_fail(CLI_ENDED_BADLY, "the catalog has no product %s (orderly catalog load); nothing was added",
                        add->product_id);
    return CLI_DONE;
}

static enum cli_exit tell(const struct stock_add *add, const struct store_value *reply)
{
    struct text word = store_count(reply) > 0 ? store_text(store_element(reply, 0)) : TEXT_NONE;
    bool repeated = text_equals(word, TEXT("repeated"));

    if (store_count(reply) == 3) {
        printf("%s %s %s to %s: %.*s left, %.*s supplied%s\n", repeated ? "Had added" : "Added", add->units_text, add->product_id,
               add->warehouse, TEXT_ARG(store_text(store_element(reply, 1))), TEXT_ARG(store_text(store_element(reply, 2))),
               repeated ? " then; nothing was added now" : "");
        return CLI_DONE;
    }
    if (text_equals(word, TEXT("other")))
        return cli_fail(CLI_ENDED_BADLY, "operation %s was used for %.*s before; nothing was added", add->operation_id,
                        TEXT_ARG(store_text(store_element(reply, 1))));
    if (text_equals(word, TEXT("too_many")))
        return cli_fail(CLI_ENDED_BADLY, "%s of %s would be more than %" PRId64 " units; nothing was added", add->product_id,
                        add->warehouse, STOCK_UNITS_MAX);
    return cli_fail(CLI_ENDED_BADLY, "the stock of %s in %s makes no sense (orderly audit); nothing was added", add->product_id,
                    add->warehouse);
}

enum cli_exit stock_add_run(int argument_count, char **arguments)
{
    static const struct store_script *const scripts[] = {&add_script};
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct stock_add add = {.warehouse = WAREHOUSE_DEFAULT};
    struct cli_settings settings;
    size_t number;

    CLI_TRY(cli_parse(&stock_add_argp, argument_count, arguments, &add, &settings));
    CLI_TRY(cli_open_store(&settings, scripts, COUNT_OF(scripts), &store));
    CLI_TRY(check_catalog(store, arena, &add));
    if (add.operation_id == NULL)
        CLI_TRY(make_operation_id(arena, &add));
    store_begin(store);
    number = stock_queue_add(store, arena, text_of(add.warehouse), text_of(add.product_id), add.units, text_of(add.operation_id));
    CLI_TRY(cli_flush(store));
    CLI_TRY(cli_check(store_value(store, number), key_stock(arena, text_of(add.warehouse), STOCK_LEFT)));
    return tell(&add, store_value(store, number));
}
