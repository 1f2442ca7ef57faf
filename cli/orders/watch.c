/* watch.c - orderly watch */
#include "cli_ask.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "clock.h"
#include "duration.h"
#include "keys.h"
#include "order_view.h"
#include "orders.h"
#include "shown.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_EVERY_MS 200 /* a person sees no delay, and Redis no load */
#define APPEAR_MS 60000   /* an order that is not there by then is not coming */
#define LINES_MAX 200     /* of the history in one look */

struct watch {
    const char *order_id;
    int64_t timeout_ms; /* 0: not given */
    bool json;
    /* what has been seen */
    int64_t line_count, began_ms;
    bool appeared, shows_progress, progress_shown;
};

enum { KEY_TIMEOUT = 256 };

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct watch *watch = state->input;

    switch (key) {
    case 'j':
        watch->json = true;
        return 0;
    case KEY_TIMEOUT:
        cli_take_duration(state, "timeout", "30s or 5m", argument, &watch->timeout_ms);
        return 0;
    default:
        return cli_take_one(key, argument, state, &watch->order_id);
    }
}

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "print the lines of the history as they are: one JSON object a line", 0},
    {"timeout", KEY_TIMEOUT, "DURATION", 0, "give up after this time (1m while the order is not there, then no limit)", 0},
    {0},
};

const struct argp watch_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "ORDER-ID",
    .doc =
        "Show what happens to an order as it happens, until it has ended or waits for somebody. An order that is not there yet "
        "is\n"
        "waited for.\v"
        "Exit codes: 0 it ended, however, 1 it is parked (see orderly get), or it did not come or end in time, 2 usage, 3 Redis\n"
        "unreachable.\n\n"
        "Examples:\n  orderly watch ORD-1001\n  orderly watch --json --timeout 5m ORD-1001",
};

/* ---- the line that tells what is going on, on a terminal ---- */

static void clear_progress(struct watch *watch)
{
    if (watch->progress_shown)
        fprintf(stderr, "\r\033[K");
    watch->progress_shown = false;
}

static void show_progress(struct watch *watch, struct arena *arena, const struct order_state *state, int64_t now_ms)
{
    struct text asked = state->pending_command_id;
    size_t prefix = strlen(watch->order_id) + 1;

    if (!watch->shows_progress)
        return;
    clear_progress(watch);
    watch->progress_shown = true;
    if (!text_is_there(state->status_text)) {
        fprintf(stderr, "  waits for %s to be placed ...", watch->order_id);
        return;
    }
    if (asked.length > prefix)
        asked = (struct text){asked.at + prefix, asked.length - prefix};
    fprintf(stderr, "  %.*s: waits for %.*s, attempt %" PRId64 " of %" PRId64 ", %.*s",
            TEXT_ARG(shown_text(arena, state->status_text)), TEXT_ARG(shown_text(arena, asked)), state->attempt,
            state->attempts_max, TEXT_ARG(duration_text(arena, now_ms - state->moved_ms)));
}

/* ---- looking ---- */

/* Reads the next lines of the history, and prints them; out_full: there may be more. */
static enum cli_exit show_lines(struct watch *watch, struct store *store, struct arena *arena, bool *out_full)
{
    struct text key = key_history(arena, text_of(watch->order_id));
    struct text first = text_of_number(arena, watch->line_count);
    struct text last = text_of_number(arena, watch->line_count + LINES_MAX - 1);
    const struct store_value *reply;

    CLI_TRY(cli_ask(store, (struct text[]){TEXT("LRANGE"), key, first, last}, 4, &reply));
    *out_full = store_count(reply) == LINES_MAX;
    watch->line_count += (int64_t)store_count(reply);
    if (store_count(reply) > 0)
        clear_progress(watch);
    for (size_t i = 0; i < store_count(reply); i++) {
        struct text line = store_text(store_element(reply, i));
        if (watch->json)
            printf("%.*s\n", TEXT_ARG(line));
        else
            history_print_line(arena, line);
    }
    return fflush(stdout) == 0 ? CLI_DONE : CLI_ENDED_BADLY; /* cli_finish_output() says why */
}

/* The state first: a history read after it is as new, so that nothing that led to the end is left out. */
static enum cli_exit look(struct watch *watch, struct store *store, struct arena *arena, struct order_state *out_state)
{
    struct text order_id = text_of(watch->order_id);
    bool full = true;

    CLI_TRY(order_states_load(store, arena, &order_id, 1, out_state));
    while (full)
        CLI_TRY(show_lines(watch, store, arena, &full));
    return CLI_DONE;
}

static bool is_time_up(const struct watch *watch)
{
    int64_t limit_ms = watch->timeout_ms != 0 ? watch->timeout_ms : watch->appeared ? INT64_MAX : APPEAR_MS;

    return clock_steady_ms() - watch->began_ms >= limit_ms;
}

/* Whether there is nothing more to wait for; then out_code says how it ended. */
static bool is_over(struct watch *watch, struct arena *arena, const struct order_state *state, enum cli_exit *out_code)
{
    struct text status = shown_text(arena, state->status_text);
    bool is_there = text_is_there(state->status_text), parked = saga_status_is_parked(state->status);

    *out_code = CLI_DONE;
    if (order_is_at_rest(state) || (watch->appeared && !is_there) || is_time_up(watch))
        clear_progress(watch);
    if (saga_status_is_terminal(state->status))
        return true;
    if (parked)
        *out_code = cli_fail(CLI_ENDED_BADLY, "%s waits for somebody (%.*s): see orderly get %s", watch->order_id,
                             TEXT_ARG(status), watch->order_id);
    else if (watch->appeared && !is_there)
        *out_code = cli_fail(CLI_ENDED_BADLY, "order %s is no longer there", watch->order_id);
    else if (is_time_up(watch) && is_there)
        *out_code = cli_fail(CLI_ENDED_BADLY, "%s has not ended in time: it is %.*s", watch->order_id, TEXT_ARG(status));
    else if (is_time_up(watch))
        *out_code = cli_fail(CLI_ENDED_BADLY, "there is no order %s", watch->order_id);
    watch->appeared = watch->appeared || is_there;
    return *out_code != CLI_DONE;
}

static enum cli_exit look_until_the_end(struct watch *watch, struct store *store, struct arena *arena)
{
    struct order_state state;
    enum cli_exit code;
    int64_t now_ms = 0;

    for (;;) {
        CLI_TRY(look(watch, store, arena, &state));
        if (is_over(watch, arena, &state, &code))
            return code;
        if (watch->shows_progress)
            CLI_TRY(cli_redis_clock(store, &now_ms));
        show_progress(watch, arena, &state, now_ms);
        clock_pause_ms(LOOK_EVERY_MS);
        arena_reset(arena);
    }
}

static enum cli_exit watch_to_the_end(struct watch *watch, struct store *store)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    enum cli_exit code;

    watch->began_ms = clock_steady_ms();
    code = look_until_the_end(watch, store, arena);
    clear_progress(watch);
    return code;
}

enum cli_exit watch_run(int argument_count, char **arguments)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct watch watch = {.order_id = NULL};
    struct cli_settings settings;

    CLI_TRY(cli_parse(&watch_argp, argument_count, arguments, &watch, &settings));
    CLI_TRY(cli_check_id(watch.order_id));
    CLI_TRY(cli_open_store(&settings, NULL, 0, &store));
    watch.shows_progress = !watch.json && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
    return watch_to_the_end(&watch, store);
}
