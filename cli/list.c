/* list.c - orderly list */
#include "cli.h"
#include "message.h"

#include <inttypes.h>
#include <stdlib.h>

#define LIMIT 50
#define LIMIT_MAX 100000
#define STATUS_BATCH 1000

/* What can be asked for, and the sorted set it is in. The five statuses of the forward steps share one: theirs are picked out of it. */
static const struct listing {
    const char *status, *index;
    bool is_picked;
} listings[] = {
    {"running", "sagas:running", false},
    {"validating", "sagas:running", true},
    {"authorizing_payment", "sagas:running", true},
    {"allocating_inventory", "sagas:running", true},
    {"fulfilling", "sagas:running", true},
    {"capturing_payment", "sagas:running", true},
    {"compensating", "sagas:compensating", false},
    {"compensation_failed", "sagas:compensation_failed", false},
    {"needs_attention", "sagas:needs_attention", false},
    {"completed", "sagas:completed", false},
    {"rejected", "sagas:rejected", false},
    {"failed", "sagas:failed", false},
    {"cancelled", "sagas:cancelled", false},
};

struct list {
    const char *status; /* NULL: all */
    long limit;
    bool json;
};

static bool is_status(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(listings); i++)
        if (strcmp(word, listings[i].status) == 0)
            return true;
    return false;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct list *list = state->input;
    char *end;

    switch (key) {
    case 's':
        if (!is_status(argument))
            argp_error(state, "there is no status '%s'", argument);
        list->status = argument;
        return 0;
    case 'n':
        list->limit = strtol(argument, &end, 10);
        if (*argument == '\0' || *end != '\0' || list->limit < 1 || list->limit > LIMIT_MAX)
            argp_error(state, "--limit takes 1 to %d, not '%s'", LIMIT_MAX, argument);
        return 0;
    case 'j':
        list->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"status", 's', "STATUS", 0,
     "only these: running, or one of its five steps; compensating, compensation_failed, needs_attention, completed, rejected, failed, "
     "cancelled", 0},
    {"limit", 'n', "N", 0, "the newest N of each status (50)", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

static const struct argp arguments_of = {
    .options = options,
    .parser = parse,
    .doc = "List orders by status, the newest first, with the time since when they are in it, and how many there are.\v"
           "`running` are validating, authorizing_payment, allocating_inventory, fulfilling and capturing_payment; the exact one\n"
           "is shown.\n\n"
           "Exit codes: 0 done, 2 usage, 3 Redis unreachable.\n\n"
           "Examples:\n  orderly list\n  orderly list --status failed --limit 10\n  orderly list --status allocating_inventory",
};

struct listed {
    struct text order_id, status;
    int64_t since_ms;
};

static void print_order(struct arena *arena, const struct list *list, const struct listed *order)
{
    struct text since = time_text(arena, order->since_ms);
    struct buffer line = buffer_in(arena, 160);

    if (!list->json) {
        printf("  %-40.*s %-22.*s %.*s\n", TEXT_ARG(shown_text(arena, order->order_id)), TEXT_ARG(order->status), TEXT_ARG(since));
        return;
    }
    buffer_add(&line, TEXT("{\"orderId\":"));
    buffer_add_json_string(&line, order->order_id);
    buffer_add(&line, TEXT(",\"status\":"));
    buffer_add_json_string(&line, order->status);
    buffer_add(&line, TEXT(",\"since\":"));
    buffer_add_json_string(&line, since);
    buffer_add(&line, TEXT("}"));
    printf("%.*s\n", TEXT_ARG(buffer_text(&line)));
}

/* Reads the exact status of each order, in one round trip. */
static int load_statuses(struct store *store, struct arena *arena, struct listed orders[], size_t count)
{
    int code;

    store_begin(store);
    for (size_t i = 0; i < count; i++) {
        struct text key = text_format(arena, "saga:%.*s", TEXT_ARG(orders[i].order_id));
        store_queue(store, key, (struct text[]){TEXT("HGET"), key, TEXT("status")}, 3);
    }
    code = cli_flush(store);
    for (size_t i = 0; code == CLI_DONE && i < count; i++) {
        struct text status = shown_text(arena, store_text(store_value(store, i)));
        orders[i].status = text_is_there(status) ? text_copy(arena, status) : TEXT("(expired)");
    }
    return code;
}

static int64_t score_ms(struct text score)
{
    char digits[32];

    snprintf(digits, sizeof(digits), "%.*s", TEXT_ARG(score));
    return (int64_t)strtod(digits, NULL);
}

/* The orders of an index, the newest first; all of them when they are to be picked from: running sagas are MAX_INFLIGHT_SAGAS at most. */
static int load_orders(struct store *store, struct arena *arena, const struct list *list, const struct listing *listing,
                       struct listed **out_orders, size_t *out_count)
{
    struct text index = text_of(listing->index), last = listing->is_picked ? TEXT("-1") : text_format(arena, "%ld", list->limit - 1);
    const struct store_value *reply;
    struct listed *orders;
    int code = cli_ask(store, (struct text[]){TEXT("ZREVRANGE"), index, TEXT("0"), last, TEXT("WITHSCORES")}, 5, &reply);

    if (code != CLI_DONE)
        return code;
    *out_count = store_count(reply) / 2;
    *out_orders = orders = arena_take(arena, *out_count * sizeof(*orders));
    for (size_t i = 0; i < *out_count; i++)
        orders[i] = (struct listed){.order_id = text_copy(arena, store_text(store_element(reply, 2 * i))),
                                    .since_ms = score_ms(store_text(store_element(reply, 2 * i + 1)))};
    for (size_t done = 0; code == CLI_DONE && done < *out_count; done += STATUS_BATCH)
        code = load_statuses(store, arena, orders + done, *out_count - done < STATUS_BATCH ? *out_count - done : STATUS_BATCH);
    return code;
}

/* Keeps those that are in this very status. Gives how many. */
static size_t pick(struct listed orders[], size_t count, struct text status)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (text_equals(orders[i].status, status))
            orders[kept++] = orders[i];
    return kept;
}

static int list_orders(struct store *store, struct arena *arena, const struct list *list, const struct listing *listing)
{
    struct listed *orders = NULL;
    size_t count = 0;
    int64_t total;
    int code = load_orders(store, arena, list, listing, &orders, &count);
    const struct store_value *reply;

    if (code == CLI_DONE)
        code = cli_ask(store, (struct text[]){TEXT("ZCARD"), text_of(listing->index)}, 2, &reply);
    if (code != CLI_DONE)
        return code;
    total = store_number(reply);
    if (listing->is_picked)
        total = (int64_t)(count = pick(orders, count, text_of(listing->status)));
    if (!list->json)
        printf("%s: %" PRId64 "\n", listing->status, total);
    for (size_t i = 0; i < count && i < (size_t)list->limit; i++)
        print_order(arena, list, &orders[i]);
    return CLI_DONE;
}

/* Without a status all indexes are listed, each once. */
static bool is_wanted(const struct list *list, const struct listing *listing)
{
    return list->status == NULL ? !listing->is_picked : strcmp(list->status, listing->status) == 0;
}

int list_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct list list = {.limit = LIMIT};
    struct cli_settings settings;
    int code = cli_parse(&arguments_of, argument_count, arguments, &list, &settings);

    if (code == CLI_DONE)
        code = cli_open_store(&settings, NULL, 0, &store);
    for (size_t i = 0; code == CLI_DONE && i < COUNT_OF(listings); i++)
        if (is_wanted(&list, &listings[i]))
            code = list_orders(store, arena, &list, &listings[i]);
    return code;
}
