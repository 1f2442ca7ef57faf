/* get.c - orderly get */
#include "cli_ask.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "json_build.h"
#include "keys.h"
#include "message.h"
#include "money.h"
#include "order_view.h"
#include "orders.h"
#include "shown.h"

#include <stdlib.h>

struct get {
    const char *order_id;
    bool json;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct get *get = state->input;

    switch (key) {
    case 'j':
        get->json = true;
        return 0;
    default:
        return cli_take_one(key, argument, state, &get->order_id);
    }
}

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "print one JSON object: the saga's fields, and its history", 0},
    {0},
};

const struct argp get_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "ORDER-ID",
    .doc = "Show one order: its state, and what happened to it.\v"
           "Of an order that is parked it tells why, what comes after it, and how to send it on.\n\n"
           "Exit codes: 0 found, 1 there is no such order, 2 usage, 3 Redis unreachable.\n\n"
           "Example:\n  orderly get ORD-1001",
};

/* An order as it stands in Redis; texts in the arena. */
struct found {
    struct text *names, *values;
    size_t field_count;
    struct text *lines; /* of its history */
    size_t line_count;
};

static void take_fields(struct arena *arena, const struct store_value *fields, struct found *found)
{
    found->field_count = store_count(fields) / 2;
    found->names = arena_take(arena, found->field_count * sizeof(struct text));
    found->values = arena_take(arena, found->field_count * sizeof(struct text));
    for (size_t i = 0; i < found->field_count; i++) {
        found->names[i] = text_copy(arena, store_text(store_element(fields, 2 * i)));
        found->values[i] = text_copy(arena, store_text(store_element(fields, 2 * i + 1)));
    }
}

static void take_lines(struct arena *arena, const struct store_value *lines, struct found *found)
{
    found->line_count = store_count(lines);
    found->lines = arena_take(arena, found->line_count * sizeof(struct text));
    for (size_t i = 0; i < found->line_count; i++)
        found->lines[i] = text_copy(arena, store_text(store_element(lines, i)));
}

static enum cli_exit load(struct store *store, struct arena *arena, struct text order_id, struct found *out_found)
{
    struct text saga = key_saga(arena, order_id);
    struct text history = key_history(arena, order_id);

    store_begin(store);
    store_queue(store, saga, (struct text[]){TEXT("HGETALL"), saga}, 2);
    store_queue(store, history, (struct text[]){TEXT("LRANGE"), history, TEXT("0"), TEXT("-1")}, 4);
    CLI_TRY(cli_flush(store));
    CLI_TRY(cli_check(store_value(store, 0), saga));
    CLI_TRY(cli_check(store_value(store, 1), history));
    take_fields(arena, store_value(store, 0), out_found);
    take_lines(arena, store_value(store, 1), out_found);
    return CLI_DONE;
}

static struct text field(const struct found *found, const char *name)
{
    for (size_t i = 0; i < found->field_count; i++)
        if (text_equals(found->names[i], text_of(name)))
            return found->values[i];
    return TEXT_NONE;
}

/* ---- JSON ---- */

/* Fields that hold JSON, or numbers, go in as they are. */
static bool is_raw(struct text name)
{
    static const char *const raw[] = {"order", "results", "policy", "source", "errors", "version", "attempt", "total"};

    for (size_t i = 0; i < COUNT_OF(raw); i++)
        if (text_equals(name, text_of(raw[i])))
            return true;
    return false;
}

static void add_field(struct arena *arena, struct json_draft *draft, struct text name, struct text value)
{
    const struct json *read;

    if (is_raw(name) && json_read(arena, value, &read) == STATUS_OK)
        json_add_value(draft, name.at, read);
    else
        json_add_text(draft, name.at, value);
}

/* False: a line of it is no JSON. */
static bool add_history(struct arena *arena, struct json_draft *draft, const struct found *found)
{
    struct json_draft *history = json_add_array(draft, "history");
    const struct json *line;

    for (size_t i = 0; i < found->line_count; i++) {
        if (json_read(arena, found->lines[i], &line) != STATUS_OK)
            return false;
        json_add_value(history, NULL, line);
    }
    return true;
}

/* TEXT_NONE: what Redis holds makes no JSON; somebody else has written to it. */
static struct text whole_order(struct arena *arena, struct text order_id, const struct found *found)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();
    const struct json *checked;
    struct text printed;

    json_add_text(draft, "orderId", order_id);
    for (size_t i = 0; i < found->field_count; i++)
        add_field(arena, draft, found->names[i], found->values[i]);
    if (!add_history(arena, draft, found))
        return TEXT_NONE;
    printed = json_draft_text(arena, draft, JSON_INDENTED);
    return json_read(arena, printed, &checked) == STATUS_OK ? printed : TEXT_NONE;
}

static enum cli_exit print_json(struct arena *arena, struct text order_id, const struct found *found)
{
    struct text printed = whole_order(arena, order_id, found);

    if (!text_is_there(printed))
        return cli_fail(CLI_ENDED_BADLY, "what Redis holds of order %.*s is no JSON: look at it with redis-cli",
                        TEXT_ARG(order_id));
    printf("%.*s\n", TEXT_ARG(printed));
    return CLI_DONE;
}

/* ---- for people ---- */

static void print_field(struct arena *arena, const struct found *found, const char *label, const char *name)
{
    struct text value = shown_text(arena, field(found, name));

    if (value.length > 0)
        printf("%-12s %.*s\n", label, TEXT_ARG(value));
}

static void print_total(struct arena *arena, const struct found *found)
{
    int64_t total;
    struct text money;

    if (!text_to_number(field(found, "total"), &total))
        return;
    money = money_text(arena, total, field(found, "currency"));
    printf("%-12s %.*s\n", "total", TEXT_ARG(money));
}

static void print_errors(struct arena *arena, struct text errors)
{
    const struct json *root;

    if (errors.length == 0 || json_read(arena, errors, &root) != STATUS_OK || root->type != JSON_ARRAY)
        return;
    printf("errors\n");
    for (JSON_EACH(error, root)) {
        struct text name = shown_text(arena, json_string(arena, json_member(error, TEXT("field"))));
        struct text code = shown_text(arena, json_string(arena, json_member(error, TEXT("code"))));
        struct text message = shown_text(arena, json_string(arena, json_member(error, TEXT("message"))));
        printf("  %-28.*s %-18.*s %.*s\n", TEXT_ARG(name), TEXT_ARG(code), TEXT_ARG(message));
    }
}

/* The fields as order_state_read() takes them. */
static void read_state(struct arena *arena, struct text order_id, const struct found *found, struct order_state *out_state)
{
    size_t count;
    const struct text *names = order_state_fields(&count);
    struct text *values = arena_take(arena, count * sizeof(*values));

    for (size_t i = 0; i < count; i++)
        values[i] = field(found, names[i].at);
    order_state_read(arena, order_id, values, out_state);
}

/* What is shown, in this order. The row without a name is what the order costs, which is two fields. */
static const struct {
    const char *label, *name;
} shown_fields[] = {
    {"status", "status"},
    {"reason", "reason"},
    {"product", "productId"},
    {"total", NULL},
    {"waits for", "pendingCommandId"},
    {"attempt", "attempt"},
    {"last failure", "lastFailure"},
    {"next look", "nextDueAt"},
    {"cancelled by", "cancelledBy"},
    {"because", "cancelReason"},
    {"placed", "createdAt"},
    {"ended", "completedAt"},
};

static void print_for_people(struct arena *arena, const struct order_state *state, const struct found *found, int64_t now_ms)
{
    struct text order_id = state->order_id;

    printf("%-12s %.*s\n", "order", TEXT_ARG(order_id));
    for (size_t i = 0; i < COUNT_OF(shown_fields); i++) {
        if (shown_fields[i].name == NULL)
            print_total(arena, found);
        else
            print_field(arena, found, shown_fields[i].label, shown_fields[i].name);
    }
    print_errors(arena, field(found, "errors"));
    if (saga_status_is_parked(state->status))
        explain_print(arena, state, field(found, "step"), found->lines, found->line_count, now_ms);
    printf("history\n");
    for (size_t i = 0; i < found->line_count; i++)
        history_print_line(arena, found->lines[i]);
}

static enum cli_exit show(struct store *store, struct arena *arena, struct text order_id, const struct found *found)
{
    struct order_state state;
    int64_t now_ms;

    read_state(arena, order_id, found, &state);
    CLI_TRY(cli_redis_clock(store, &now_ms));
    print_for_people(arena, &state, found, now_ms);
    return CLI_DONE;
}

enum cli_exit get_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct get get = {.order_id = NULL};
    struct cli_settings settings;
    struct found found;

    CLI_TRY(cli_parse(&get_argp, argument_count, arguments, &get, &settings));
    CLI_TRY(cli_check_id(get.order_id));
    CLI_TRY(cli_open_store(&settings, NULL, 0, &store));
    CLI_TRY(load(store, arena, text_of(get.order_id), &found));
    if (found.field_count == 0)
        return cli_fail(CLI_ENDED_BADLY, "there is no order %s (perhaps not yet, or it expired)", get.order_id);
    return get.json ? print_json(arena, text_of(get.order_id), &found) : show(store, arena, text_of(get.order_id), &found);
}
