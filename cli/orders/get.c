/* get.c - orderly get */
#include "cli.h"
#include "explain.h"
#include "history_view.h"
#include "json_build.h"
#include "keys.h"
#include "message.h"

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

static int load(struct store *store, struct arena *arena, struct text order_id, struct found *out_found)
{
    struct text saga = key_saga(arena, order_id);
    struct text history = key_history(arena, order_id);
    const struct store_value *fields, *lines;
    int code;

    store_begin(store);
    store_queue(store, saga, (struct text[]){TEXT("HGETALL"), saga}, 2);
    store_queue(store, history, (struct text[]){TEXT("LRANGE"), history, TEXT("0"), TEXT("-1")}, 4);
    code = cli_flush(store);
    if (code != CLI_DONE)
        return code;
    fields = store_value(store, 0);
    lines = store_value(store, 1);
    code = cli_check(fields, saga);
    if (code == CLI_DONE)
        code = cli_check(lines, history);
    if (code != CLI_DONE)
        return code;
    *out_found = (struct found){.field_count = store_count(fields) / 2, .line_count = store_count(lines)};
    out_found->names = arena_take(arena, out_found->field_count * sizeof(struct text));
    out_found->values = arena_take(arena, out_found->field_count * sizeof(struct text));
    out_found->lines = arena_take(arena, out_found->line_count * sizeof(struct text));
    for (size_t i = 0; i < out_found->field_count; i++) {
        out_found->names[i] = text_copy(arena, store_text(store_element(fields, 2 * i)));
        out_found->values[i] = text_copy(arena, store_text(store_element(fields, 2 * i + 1)));
    }
    for (size_t i = 0; i < out_found->line_count; i++)
        out_found->lines[i] = text_copy(arena, store_text(store_element(lines, i)));
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

static int print_json(struct arena *arena, struct text order_id, const struct found *found)
{
    struct buffer buffer = buffer_in(arena, 4096);
    const struct json *checked;
    struct text pretty;

    buffer_add(&buffer, TEXT("{\"orderId\":"));
    buffer_add_json_string(&buffer, order_id);
    for (size_t i = 0; i < found->field_count; i++) {
        bool raw = is_raw(found->names[i]) && json_read(arena, found->values[i], &checked) == STATUS_OK;
        buffer_add(&buffer, TEXT(","));
        buffer_add_json_string(&buffer, found->names[i]);
        buffer_add(&buffer, TEXT(":"));
        if (raw)
            buffer_add(&buffer, found->values[i]);
        else
            buffer_add_json_string(&buffer, found->values[i]);
    }
    buffer_add(&buffer, TEXT(",\"history\":["));
    for (size_t i = 0; i < found->line_count; i++) {
        buffer_add(&buffer, i == 0 ? TEXT("") : TEXT(","));
        buffer_add(&buffer, found->lines[i]);
    }
    buffer_add(&buffer, TEXT("]}"));
    pretty = json_pretty(arena, buffer_text(&buffer));
    if (!text_is_there(pretty))
        return cli_fail(CLI_ENDED_BADLY, "what Redis holds of order %.*s is no JSON: look at it with redis-cli", TEXT_ARG(order_id));
    printf("%.*s\n", TEXT_ARG(pretty));
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

static void print_for_people(struct arena *arena, const struct order_state *state, const struct found *found, int64_t now_ms)
{
    struct text order_id = state->order_id;

    printf("%-12s %.*s\n", "order", TEXT_ARG(order_id));
    print_field(arena, found, "status", "status");
    print_field(arena, found, "reason", "reason");
    print_field(arena, found, "product", "productId");
    print_total(arena, found);
    print_field(arena, found, "waits for", "pendingCommandId");
    print_field(arena, found, "attempt", "attempt");
    print_field(arena, found, "last failure", "lastFailure");
    print_field(arena, found, "next look", "nextDueAt");
    print_field(arena, found, "cancelled by", "cancelledBy");
    print_field(arena, found, "because", "cancelReason");
    print_field(arena, found, "placed", "createdAt");
    print_field(arena, found, "ended", "completedAt");
    print_errors(arena, field(found, "errors"));
    if (saga_status_is_parked(state->status))
        explain_print(arena, state, field(found, "step"), found->lines, found->line_count, now_ms);
    printf("history\n");
    for (size_t i = 0; i < found->line_count; i++)
        history_print_line(arena, found->lines[i]);
}

int get_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct get get = {.order_id = NULL};
    struct cli_settings settings;
    struct order_state state;
    struct found found;
    int64_t now_ms;
    int code;

    code = cli_parse(&get_argp, argument_count, arguments, &get, &settings);
    if (code == CLI_DONE)
        code = cli_check_id(get.order_id);
    if (code == CLI_DONE)
        code = cli_open_store(&settings, NULL, 0, &store);
    if (code == CLI_DONE)
        code = load(store, arena, text_of(get.order_id), &found);
    if (code != CLI_DONE)
        return code;
    if (found.field_count == 0)
        return cli_fail(CLI_ENDED_BADLY, "there is no order %s (perhaps not yet, or it expired)", get.order_id);
    if (get.json)
        return print_json(arena, text_of(get.order_id), &found);
    read_state(arena, text_of(get.order_id), &found, &state);
    code = cli_redis_clock(store, &now_ms);
    if (code == CLI_DONE)
        print_for_people(arena, &state, &found, now_ms);
    return code;
}
