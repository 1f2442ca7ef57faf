/* retry.c - orderly retry */
#include "cli_ask.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "keys.h"
#include "message.h"
#include "order_signal.h"
#include "order_state.h"
#include "orders.h"
#include "shown.h"

#include <inttypes.h>
#include <stdlib.h>

#define PAGE 500           /* orders in one round trip, and in flight to the broker */
#define AWAITED_MAX 100000 /* orders that are followed to their end: 10 MB */
#define WAIT_MS 60000
#define LOOK_EVERY_MS 200

/* An order that was sent on, and is waited for. */
struct awaited {
    char order_id[ORDER_ID_MAX + 1];
    int64_t since_ms; /* of the parking that it is sent on from */
    bool ended;
};

struct retry {
    const char *by, *reason, *status; /* status NULL: both */
    bool all, wait;
    int64_t wait_ms;
    char **order_ids; /* of the command line */
    size_t order_id_count;
    size_t sent, skipped, ended_well, parked_again;
    struct awaited *awaited;
    size_t awaited_count, awaited_size;
    struct store *store;
    struct bus *bus;
    struct arena *arena; /* of a page */
};

enum { KEY_BY = 256, KEY_TIMEOUT };

static error_t check(struct argp_state *state, const struct retry *retry)
{
    if (retry->all && retry->order_id_count > 0)
        argp_error(state, "name orders, or --all, not both");
    if (!retry->all && retry->order_id_count == 0)
        argp_usage(state);
    if (!retry->all && retry->status != NULL)
        argp_error(state, "--status goes with --all");
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct retry *retry = state->input;

    switch (key) {
    case 'a':
        retry->all = true;
        return 0;
    case 'r':
        retry->reason = argument;
        return 0;
    case 'w':
        retry->wait = true;
        return 0;
    case KEY_BY:
        retry->by = argument;
        return 0;
    case KEY_TIMEOUT:
        cli_take_duration(state, "timeout", "30s or 5m", argument, &retry->wait_ms);
        return 0;
    case ARGP_KEY_END:
        return check(state, retry);
    case 's':
        if (!saga_status_is_parked(saga_status_of(text_of(argument))))
            argp_error(state, "--status takes compensation_failed or needs_attention, not '%s'", argument);
        retry->status = argument;
        return 0;
    case ARGP_KEY_ARGS:
        retry->order_ids = state->argv + state->next;
        retry->order_id_count = (size_t)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"all", 'a', NULL, 0, "all parked orders", 0},
    {"status", 's', "PARKED", 0, "with --all: only those in compensation_failed, or in needs_attention", 0},
    {"reason", 'r', "TEXT", 0, "why", 0},
    {"by", KEY_BY, "NAME", 0, "who asks for it (you)", 0},
    {"wait", 'w', NULL, 0, "wait until they have ended, or are parked again, and show how", 0},
    {"timeout", KEY_TIMEOUT, "DURATION", 0, "give up waiting after this time (1m)", 0},
    {0},
};

const struct argp retry_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "ORDER-ID...\n--all",
    .doc =
        "Send parked orders on: what could not be done for them is tried again, its attempts counted afresh.\v"
        "Parked are compensation_failed (an undo could not be done) and needs_attention (the capture could not be done);\n"
        "`orderly list --status needs_attention` lists them, `orderly get` tells why. Orders that are not parked are skipped.\n\n"
        "Exit codes: 0 all sent on (with --wait: and ended), 1 a named order was skipped, or is parked again, or did not end in\n"
        "time, 2 usage, 3 Kafka or Redis unreachable.\n\n"
        "Examples:\n  orderly retry ORD-1001 ORD-1002\n  orderly retry --all --status compensation_failed --wait",
};

/* ---- sending ---- */

static void await(struct retry *retry, const struct order_state *state)
{
    struct awaited *awaited;

    if (!retry->wait || retry->awaited_count == AWAITED_MAX)
        return;
    if (retry->awaited_count == retry->awaited_size) {
        retry->awaited_size = retry->awaited_size * 2 + 64;
        retry->awaited = realloc(retry->awaited, retry->awaited_size * sizeof(*retry->awaited));
        if (retry->awaited == NULL)
            abort();
    }
    awaited = &retry->awaited[retry->awaited_count++];
    *awaited = (struct awaited){.since_ms = state->since_ms};
    memcpy(awaited->order_id, state->order_id.at, state->order_id.length);
}

static void skip(struct retry *retry, const struct order_state *state)
{
    struct text status = shown_text(retry->arena, state->status_text);

    retry->skipped++;
    if (!text_is_there(status))
        cli_warn("skipped %.*s: there is no such order", TEXT_ARG(shown_text(retry->arena, state->order_id)));
    else
        cli_warn("skipped %.*s: it is not parked but %.*s", TEXT_ARG(state->order_id), TEXT_ARG(status));
}

static enum cli_exit send_retry(struct retry *retry, const struct order_state *state)
{
    struct order_signal signal = {.kind = "retry",
                                  .order_id = state->order_id,
                                  .by = retry->by,
                                  .reason = retry->reason,
                                  .trace = {state->trace_parent, state->trace_state}};

    if (!saga_status_is_parked(state->status)) {
        skip(retry, state);
        return CLI_DONE;
    }
    if (signal_send(retry->bus, retry->arena, &signal) != STATUS_OK)
        return cli_fail(CLI_UNREACHABLE, "%s", bus_problem(retry->bus));
    retry->sent++;
    await(retry, state);
    return CLI_DONE;
}

/* Sends on those of a page that are parked. */
static enum cli_exit send_page(struct retry *retry, const struct text order_ids[], size_t count)
{
    struct order_state *states = arena_take(retry->arena, count * sizeof(*states));
    const char *problem;

    CLI_TRY(order_states_load(retry->store, retry->arena, order_ids, count, states));
    for (size_t i = 0; i < count; i++)
        CLI_TRY(send_retry(retry, &states[i]));
    if (cli_confirm(retry->bus, &problem))
        return CLI_DONE;
    return cli_fail(CLI_UNREACHABLE, "Kafka did not confirm the last of %zu orders sent on (%s): say it again, it does no harm",
                    retry->sent, problem);
}

static enum cli_exit send_named(struct retry *retry)
{
    struct text page[PAGE];

    for (size_t done = 0; done < retry->order_id_count; done += PAGE) {
        size_t count = 0;
        for (; count < PAGE && done + count < retry->order_id_count; count++)
            page[count] = text_of(retry->order_ids[done + count]);
        CLI_TRY(send_page(retry, page, count));
        arena_reset(retry->arena);
    }
    return CLI_DONE;
}

/* Sends on what one look at an index gave (id, score, id, score, ...), page by page: a small index comes whole. */
static enum cli_exit send_scanned(struct retry *retry, const struct store_scan *scan)
{
    struct text *order_ids = arena_take(retry->arena, scan->text_count * sizeof(*order_ids));
    size_t good = 0;

    for (size_t i = 0; i < scan->text_count; i += 2)
        if (id_is_good(scan->texts[i])) /* an index can be edited by hand */
            order_ids[good++] = scan->texts[i];
    for (size_t done = 0; done < good; done += PAGE)
        CLI_TRY(send_page(retry, order_ids + done, good - done < PAGE ? good - done : PAGE));
    return CLI_DONE;
}

/* A scan, not ranges: orders leave the index while it is read, and none of the others may be missed because of it. */
static enum cli_exit send_all_of(struct retry *retry, enum saga_status status)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create();
    struct store_scan scan = {.verb = "ZSCAN", .key = key_index(kept, status), .count = PAGE};

    while (!scan.ended) {
        CLI_TRY(cli_scan(retry->store, retry->arena, &scan));
        CLI_TRY(send_scanned(retry, &scan));
        arena_reset(retry->arena);
    }
    return CLI_DONE;
}

static enum cli_exit send_all(struct retry *retry)
{
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        if (saga_status_is_parked(status) && (retry->status == NULL || strcmp(retry->status, saga_status_text(status)) == 0))
            CLI_TRY(send_all_of(retry, status));
    return CLI_DONE;
}

/* ---- waiting ---- */

static void take_state(struct retry *retry, struct awaited *awaited, const struct order_state *state)
{
    bool parked_again = saga_status_is_parked(state->status) && state->since_ms != awaited->since_ms;
    struct text status = shown_text(retry->arena, state->status_text), reason = shown_text(retry->arena, state->reason);

    if (!parked_again && !saga_status_is_terminal(state->status))
        return;
    awaited->ended = true;
    retry->parked_again += parked_again;
    retry->ended_well += !parked_again;
    printf("%-40s %-22.*s %.*s%s\n", awaited->order_id, TEXT_ARG(status), TEXT_ARG(reason),
           parked_again ? " (parked again)" : "");
}

/* Looks at the orders from *next on that have not ended, PAGE of them at most. */
static enum cli_exit look(struct retry *retry, size_t *next)
{
    struct text order_ids[PAGE];
    size_t looked_at[PAGE], count = 0;
    struct order_state *states = arena_take(retry->arena, PAGE * sizeof(*states));

    for (; *next < retry->awaited_count && count < PAGE; ++*next) {
        if (retry->awaited[*next].ended)
            continue;
        order_ids[count] = text_of(retry->awaited[*next].order_id);
        looked_at[count++] = *next;
    }
    CLI_TRY(order_states_load(retry->store, retry->arena, order_ids, count, states));
    for (size_t i = 0; i < count; i++)
        take_state(retry, &retry->awaited[looked_at[i]], &states[i]);
    arena_reset(retry->arena);
    return CLI_DONE;
}

static enum cli_exit look_at_all(struct retry *retry)
{
    for (size_t next = 0; next < retry->awaited_count;)
        CLI_TRY(look(retry, &next));
    return CLI_DONE;
}

static enum cli_exit wait_for_all(struct retry *retry)
{
    struct cli_wait wait = cli_wait_for(retry->wait_ms, LOOK_EVERY_MS);

    do
        CLI_TRY(look_at_all(retry));
    while (retry->ended_well + retry->parked_again < retry->awaited_count && cli_wait_on(&wait));
    if (retry->ended_well == retry->sent)
        return CLI_DONE;
    return cli_fail(CLI_ENDED_BADLY, "%zu ended, %zu are parked again, %zu have not ended in time or were not waited for",
                    retry->ended_well, retry->parked_again, retry->sent - retry->ended_well - retry->parked_again);
}

/* ---- the command ---- */

static enum cli_exit check_words(const struct retry *retry)
{
    struct order_signal signal = {.kind = "retry", .order_id = TEXT("X"), .by = retry->by, .reason = retry->reason};

    for (size_t i = 0; i < retry->order_id_count; i++)
        CLI_TRY(cli_check_id(retry->order_ids[i]));
    if (text_is_there(signal_value(retry->arena, &signal)))
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "--reason and --by take UTF-8 text of at most %d characters", REASON_MAX);
}

static enum cli_exit send_on(struct retry *retry, const struct cli_settings *settings)
{
    const char *const topics[] = {topic_name(TOPIC_INBOX), NULL};
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(bus_close) struct bus *bus = NULL;

    CLI_TRY(cli_open_store(settings, NULL, 0, &store));
    CLI_TRY(cli_open_bus(settings, topics, &bus));
    retry->store = store;
    retry->bus = bus;
    CLI_TRY(retry->all ? send_all(retry) : send_named(retry));
    fprintf(retry->wait ? stderr : stdout, "%zu orders sent on, %zu skipped\n", retry->sent, retry->skipped);
    if (retry->wait)
        CLI_TRY(wait_for_all(retry));
    return !retry->all && retry->skipped > 0 ? CLI_ENDED_BADLY : CLI_DONE;
}

enum cli_exit retry_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct retry retry = {.wait_ms = WAIT_MS, .by = signal_user(), .arena = arena};
    struct cli_settings settings;
    enum cli_exit code;

    CLI_TRY(cli_parse(&retry_argp, argument_count, arguments, &retry, &settings));
    CLI_TRY(check_words(&retry));
    code = send_on(&retry, &settings);
    free(retry.awaited);
    return code;
}
