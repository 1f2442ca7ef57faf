/* list.c - orderly list */
#include "cli.h"
#include "message.h"

#include <inttypes.h>
#include <stdlib.h>

#define LIMIT 50
#define LIMIT_MAX 100000

/* What can be asked for, and the sorted set it is in. */
static const struct {
    const char *status, *index;
} statuses[] = {
    {"running", "sagas:running"},
    {"compensating", "sagas:compensating"},
    {"compensation_failed", "sagas:compensation_failed"},
    {"needs_attention", "sagas:needs_attention"},
    {"completed", "sagas:completed"},
    {"rejected", "sagas:rejected"},
    {"failed", "sagas:failed"},
    {"cancelled", "sagas:cancelled"},
};

struct list {
    const char *status; /* NULL: all */
    long limit;
    bool json;
};

static bool is_status(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if (strcmp(word, statuses[i].status) == 0)
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
     "only these: running, compensating, compensation_failed, needs_attention, completed, rejected, failed, cancelled", 0},
    {"limit", 'n', "N", 0, "the newest N of each status (50)", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

static const struct argp arguments_of = {
    .options = options,
    .parser = parse,
    .doc = "List orders by status, the newest first, with the time since when they are in it, and how many there are.\v"
           "`running` are the five statuses of the forward steps; the exact one is shown.\n\n"
           "Exit codes: 0 done, 2 usage, 3 Redis unreachable.\n\n"
           "Examples:\n  orderly list\n  orderly list --status failed --limit 10",
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
        printf("  %-40.*s %-22.*s %.*s\n", TEXT_ARG(order->order_id), TEXT_ARG(order->status), TEXT_ARG(since));
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
        struct text status = store_text(store_value(store, i));
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

static int list_index(struct store *store, struct arena *arena, const struct list *list, const char *status, struct text index)
{
    struct text last = text_format(arena, "%ld", list->limit - 1);
    const struct store_value *reply;
    struct listed *orders;
    int64_t total;
    size_t count;
    int code;

    store_begin(store);
    store_queue(store, index, (struct text[]){TEXT("ZREVRANGE"), index, TEXT("0"), last, TEXT("WITHSCORES")}, 5);
    store_queue(store, index, (struct text[]){TEXT("ZCARD"), index}, 2);
    code = cli_flush(store);
    if (code != CLI_DONE)
        return code;
    reply = store_value(store, 0);
    total = store_number(store_value(store, 1));
    count = store_count(reply) / 2;
    orders = arena_take(arena, count * sizeof(*orders));
    for (size_t i = 0; i < count; i++)
        orders[i] = (struct listed){.order_id = text_copy(arena, store_text(store_element(reply, 2 * i))),
                                    .since_ms = score_ms(store_text(store_element(reply, 2 * i + 1)))};
    code = load_statuses(store, arena, orders, count);
    if (code == CLI_DONE && !list->json)
        printf("%s: %" PRId64 "\n", status, total);
    for (size_t i = 0; code == CLI_DONE && i < count; i++)
        print_order(arena, list, &orders[i]);
    return code;
}

int list_run(const struct cli_settings *settings, int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct list list = {.limit = LIMIT};
    int code;

    cli_parse(&arguments_of, argument_count, arguments, &list);
    code = cli_open_store(settings, NULL, 0, &store);
    for (size_t i = 0; code == CLI_DONE && i < COUNT_OF(statuses); i++)
        if (list.status == NULL || strcmp(list.status, statuses[i].status) == 0)
            code = list_index(store, arena, &list, statuses[i].status, text_of(statuses[i].index));
    return code;
}
