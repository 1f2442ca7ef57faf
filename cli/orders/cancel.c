/* cancel.c - orderly cancel */
#include "cli_clock.h"
#include "cli_connect.h"
#include "message.h"
#include "order_signal.h"
#include "order_state.h"
#include "orders.h"
#include "shown.h"

#include <stdlib.h>

#define WATCH_MS 60000
#define LOOK_EVERY_MS 100

struct cancel {
    const char *order_id, *reason, *by;
    int64_t watch_ms;
    bool no_wait;
};

enum { KEY_BY = 256, KEY_NO_WAIT, KEY_TIMEOUT };

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct cancel *cancel = state->input;

    switch (key) {
    case 'r':
        cancel->reason = argument;
        return 0;
    case KEY_BY:
        cancel->by = argument;
        return 0;
    case KEY_NO_WAIT:
        cancel->no_wait = true;
        return 0;
    case KEY_TIMEOUT:
        cli_take_duration(state, "timeout", "30s or 5m", argument, &cancel->watch_ms);
        return 0;
    default:
        return cli_take_one(key, argument, state, &cancel->order_id);
    }
}

static const struct argp_option options[] = {
    {"reason", 'r', "TEXT", 0, "why; it is kept with the order", 0},
    {"by", KEY_BY, "NAME", 0, "who asks for it (you)", 0},
    {"no-wait", KEY_NO_WAIT, NULL, 0, "end when the broker has it, whatever becomes of it; needs no Redis", 0},
    {"timeout", KEY_TIMEOUT, "DURATION", 0, "give up watching after this time (1m)", 0},
    {0},
};

const struct argp cancel_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "ORDER-ID",
    .doc =
        "Cancel an order, undo what has been done for it, and show what became of it.\v"
        "An order can be cancelled until its shipment is asked for. While the shipment is under way the cancel is remembered:\n"
        "shipped wins, a shipment that is refused or given up ends cancelled. After it, it is too late.\n\n"
        "Exit codes: 0 cancelled (with --no-wait: sent), 1 it was not, or not yet, or there is no such order, 2 usage, 3 Kafka\n"
        "or Redis unreachable.\n\n"
        "Examples:\n  orderly cancel ORD-1001 --reason 'ordered twice'\n  orderly cancel --timeout 5m ORD-1001",
};

/* ---- what became of it ---- */

static enum cli_exit tell(const struct cancel *cancel, struct arena *arena, const struct order_state *state)
{
    const char *id = cancel->order_id;
    struct text status = shown_text(arena, state->status_text), reason = shown_text(arena, state->reason);
    const char *between = reason.length > 0 ? ", " : "";

    switch (cancel_judge(state)) {
    case CANCEL_DONE:
        printf("%s cancelled\n", id);
        return CLI_DONE;
    case CANCEL_NO_ORDER:
        return cli_fail(CLI_ENDED_BADLY, "there is no order %s (perhaps not yet, or it expired)", id);
    case CANCEL_ENDED_OTHERWISE:
        return cli_fail(CLI_ENDED_BADLY, "%s was not cancelled: it ended %.*s%s%.*s", id, TEXT_ARG(status), between,
                        TEXT_ARG(reason));
    case CANCEL_PARKED:
        return cli_fail(CLI_ENDED_BADLY, "%s is being cancelled, but what was done can't be undone: see orderly get %s", id, id);
    case CANCEL_TOO_LATE:
        return cli_fail(CLI_ENDED_BADLY, "%s was not cancelled: it is too late, it is %.*s", id, TEXT_ARG(status));
    case CANCEL_PENDING:
        break;
    }
    return cli_fail(CLI_ENDED_BADLY, "%s is not cancelled yet: it is %.*s%s; see orderly get %s", id, TEXT_ARG(status),
                    state->cancel_requested ? ", and the cancel is remembered" : "", id);
}

static enum cli_exit load(const struct cancel *cancel, struct store *store, struct arena *arena, struct order_state *out_state)
{
    struct text order_id = text_of(cancel->order_id);

    return order_states_load(store, arena, &order_id, 1, out_state);
}

static enum cli_exit follow(const struct cancel *cancel, struct store *store, struct arena *arena)
{
    struct cli_wait wait = cli_wait_for(cancel->watch_ms, LOOK_EVERY_MS);
    struct order_state state;

    do {
        arena_reset(arena);
        CLI_TRY(load(cancel, store, arena, &state));
    } while (cancel_judge(&state) == CANCEL_PENDING && cli_wait_on(&wait));
    return tell(cancel, arena, &state);
}

/* ---- sending ---- */

static enum cli_exit send_cancel(const struct cancel *cancel, const struct cli_settings *settings, struct arena *arena,
                                 struct trace trace)
{
    const char *const topics[] = {topic_name(TOPIC_INBOX), NULL};
    CLEANUP(bus_close) struct bus *bus = NULL;
    struct order_signal signal = {
        .kind = "cancel", .order_id = text_of(cancel->order_id), .by = cancel->by, .reason = cancel->reason, .trace = trace};
    const char *problem;

    if (!text_is_there(signal_value(arena, &signal)))
        return cli_fail(CLI_USAGE, "--reason and --by take UTF-8 text of at most %d characters", REASON_MAX);
    CLI_TRY(cli_open_bus(settings, topics, &bus));
    if (signal_send(bus, arena, &signal) != STATUS_OK)
        return cli_fail(CLI_UNREACHABLE, "%s", bus_problem(bus));
    if (!cli_confirm(bus, &problem))
        return cli_fail(CLI_UNREACHABLE,
                        "Kafka did not confirm the cancel (%s): it may be done all the same; say it again, it does no harm",
                        problem);
    return CLI_DONE;
}

static enum cli_exit cancel_and_watch(const struct cancel *cancel, const struct cli_settings *settings, struct arena *arena)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct order_state state;

    CLI_TRY(cli_open_store(settings, NULL, 0, &store));
    CLI_TRY(load(cancel, store, arena, &state));
    if (cancel_judge(&state) != CANCEL_PENDING)
        return tell(cancel, arena, &state);
    CLI_TRY(send_cancel(cancel, settings, arena, (struct trace){state.trace_parent, state.trace_state}));
    return follow(cancel, store, arena);
}

enum cli_exit cancel_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct cancel cancel = {.watch_ms = WATCH_MS, .by = signal_user()};
    struct cli_settings settings;

    CLI_TRY(cli_parse(&cancel_argp, argument_count, arguments, &cancel, &settings));
    CLI_TRY(cli_check_id(cancel.order_id));
    if (!cancel.no_wait)
        return cancel_and_watch(&cancel, &settings, arena);
    CLI_TRY(send_cancel(&cancel, &settings, arena, (struct trace){TEXT_NONE, TEXT_NONE}));
    printf("%s: the cancel is sent\n", cancel.order_id);
    return CLI_DONE;
}
