/* list.c - orderly list */
#include "cli_clock.h"
#include "cli_connect.h"
#include "cli_json.h"
#include "duration.h"
#include "index_pages.h"
#include "message.h"
#include "order_state.h"
#include "orders.h"
#include "shown.h"

#include <inttypes.h>
#include <stdlib.h>

#define LIMIT 50
#define LIMIT_MAX 100000
#define PAGE ORDER_STATES_MAX
#define DURATION_EXAMPLES "90s, 10m or 2h"

/* What can be asked for, and the sorted set it is in. The five statuses of the forward steps share one: theirs are picked out of
 * it. */
struct listing {
    const char *status;
    enum saga_status index; /* one of the statuses that it lists */
    bool is_picked;
    bool can_stick; /* what has ended is not stuck */
};
#define LISTINGS_MAX (SAGA_STATUS_COUNT + 1)

struct list {
    const char *status; /* NULL: all */
    long limit;
    int64_t stuck_ms, since_ms; /* 0: not asked for */
    bool json;
    int64_t now_ms; /* of Redis */
};

/* `running`, then every status of the table of moves. Gives how many. */
static size_t listings_fill(struct listing out[LISTINGS_MAX])
{
    const char *running = saga_status_index(SAGA_VALIDATING);
    size_t count = 0;

    out[count++] = (struct listing){running, SAGA_VALIDATING, false, true};
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        out[count++] = (struct listing){saga_status_text(status), status, strcmp(saga_status_index(status), running) == 0,
                                        !saga_status_is_terminal(status)};
    return count;
}

static bool is_status(const char *word) { return strcmp(word, "running") == 0 || saga_status_of(text_of(word)) != SAGA_NONE; }

/* ---- arguments ---- */

enum { KEY_STUCK = 256, KEY_SINCE };

static error_t check(struct argp_state *state, const struct list *list)
{
    if (list->stuck_ms != 0 && list->status != NULL && saga_status_is_terminal(saga_status_of(text_of(list->status))))
        argp_error(state, "what is %s has ended: it is not stuck", list->status);
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct list *list = state->input;
    char *end;

    switch (key) {
    case 'j':
        list->json = true;
        return 0;
    case KEY_STUCK:
        cli_take_duration(state, "stuck", DURATION_EXAMPLES, argument, &list->stuck_ms);
        return 0;
    case KEY_SINCE:
        cli_take_duration(state, "since", DURATION_EXAMPLES, argument, &list->since_ms);
        return 0;
    case ARGP_KEY_END:
        return check(state, list);
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
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"status", 's', "STATUS", 0,
     "only these: running, or one of its five steps; compensating, compensation_failed, needs_attention, completed, rejected, "
     "failed, "
     "cancelled",
     0},
    {"stuck", KEY_STUCK, "DURATION", 0,
     "only those that should get on, or be sent on, and have not got any further for this long; the oldest first", 0},
    {"since", KEY_SINCE, "DURATION", 0, "only those that came into the status within this time", 0},
    {"limit", 'n', "N", 0, "N of each status at most (50)", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

const struct argp list_argp = {
    .options = options,
    .parser = parse,
    .doc =
        "List orders by status, the newest first, with the time since when they are in it, and how many there are.\v"
        "`running` are validating, authorizing_payment, allocating_inventory, fulfilling and capturing_payment; the exact one\n"
        "is shown. A command that is sent again to a worker that is away does not count as getting any further. A DURATION is\n"
        "90s (or 90), 10m, 2h, 1d, 1h30m.\n\n"
        "Exit codes: 0 done, 2 usage, 3 Redis unreachable.\n\n"
        "Examples:\n  orderly list\n  orderly list --status failed --limit 10 --since 1h\n  orderly list --stuck 10m\n"
        "  orderly list --status allocating_inventory",
};

/* ---- printing ---- */

struct listed {
    struct text order_id, status;
    int64_t since_ms, moved_ms; /* moved 0: not known */
};

static void print_for_people(struct arena *arena, const struct list *list, const struct listed *order)
{
    printf("  %-40.*s %-22.*s %.*s", TEXT_ARG(shown_text(arena, order->order_id)), TEXT_ARG(shown_text(arena, order->status)),
           TEXT_ARG(time_text(arena, order->since_ms)));
    if (list->stuck_ms != 0)
        printf("  stuck for %.*s", TEXT_ARG(duration_text(arena, list->now_ms - order->moved_ms)));
    printf("\n");
}

static void print_json(struct arena *arena, const struct listed *order)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();

    json_add_text(draft, "orderId", order->order_id);
    json_add_text(draft, "status", order->status);
    json_add_text(draft, "since", time_text(arena, order->since_ms));
    if (order->moved_ms != 0)
        json_add_text(draft, "movedAt", time_text(arena, order->moved_ms));
    cli_print_json(draft);
}

/* ---- finding ---- */

/* The orders of one listing that are to be shown; how many there are in all. */
struct found {
    struct listed *orders;
    size_t count;
    int64_t total;
};

static bool is_wanted(const struct list *list, const struct listing *listing, const struct order_state *state)
{
    if (listing->is_picked && !text_equals(state->status_text, text_of(listing->status)))
        return false;
    if (listing->is_picked && list->since_ms != 0 && state->moved_ms < list->now_ms - list->since_ms)
        return false;
    /* An index may be late after a crash: an order that has left the status since is not stuck in it. */
    return list->stuck_ms == 0 || (order_is_stuck(state, list->now_ms, list->stuck_ms) &&
                                   strcmp(saga_status_index(state->status), saga_status_index(listing->index)) == 0);
}

/* Orders of an index that can be wanted: one that came in later can't be stuck for so long, but a step that is picked out may
 * have been reached long after the index was. */
static struct index_cursor cursor_of(const struct list *list, const struct listing *listing)
{
    return (struct index_cursor){
        .index = listing->index,
        .newest_first = list->stuck_ms == 0,
        .low_ms = list->since_ms != 0 && !listing->is_picked ? list->now_ms - list->since_ms : INDEX_FROM_EVER,
        .high_ms = list->stuck_ms != 0 ? list->now_ms - list->stuck_ms : INDEX_TO_EVER,
    };
}

static void keep(struct arena *arena, const struct list *list, struct found *found, const struct order_state *state,
                 int64_t since_ms)
{
    found->total++;
    if (found->count == (size_t)list->limit)
        return;
    found->orders[found->count++] = (struct listed){
        .order_id = text_copy(arena, state->order_id),
        .status = text_is_there(state->status_text) ? text_copy(arena, state->status_text) : TEXT("(expired)"),
        .since_ms = since_ms,
        .moved_ms = state->moved_ms,
    };
}

/* Reads one page of the index, and the states of its orders, and keeps what is wanted. */
static enum cli_exit look(struct store *store, struct arena *kept, struct arena *scratch, const struct list *list,
                          const struct listing *listing, struct index_cursor *cursor, size_t page, struct found *found)
{
    struct index_entry *entries = arena_take(scratch, page * sizeof(*entries));
    struct order_state *states = arena_take(scratch, page * sizeof(*states));
    struct text *order_ids = arena_take(scratch, page * sizeof(*order_ids));
    size_t count = 0;

    CLI_TRY(index_next(store, scratch, cursor, page, entries, &count));
    for (size_t i = 0; i < count; i++)
        order_ids[i] = entries[i].order_id;
    CLI_TRY(order_states_load(store, scratch, order_ids, count, states));
    for (size_t i = 0; i < count; i++)
        if (is_wanted(list, listing, &states[i]))
            keep(kept, list, found, &states[i], entries[i].since_ms);
    return CLI_DONE;
}

/* What has to be picked out is counted by looking at all of it: running sagas are MAX_INFLIGHT_SAGAS at most. */
static enum cli_exit find(struct store *store, struct arena *arena, const struct list *list, const struct listing *listing,
                          struct found *out_found)
{
    CLEANUP(arena_destroy) struct arena *scratch = arena_create();
    struct index_cursor cursor = cursor_of(list, listing);
    bool count_all = listing->is_picked || list->stuck_ms != 0;

    *out_found = (struct found){.orders = arena_take(arena, (size_t)list->limit * sizeof(struct listed))};
    while (!cursor.ended && (count_all || out_found->count < (size_t)list->limit)) {
        size_t missing = (size_t)list->limit - out_found->count, page = count_all || missing > PAGE ? PAGE : missing;
        CLI_TRY(look(store, arena, scratch, list, listing, &cursor, page, out_found));
        arena_reset(scratch);
    }
    return count_all ? CLI_DONE : index_count(store, arena, &cursor, &out_found->total);
}

static enum cli_exit list_orders(struct store *store, const struct list *list, const struct listing *listing)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct found found;

    CLI_TRY(find(store, arena, list, listing, &found));
    if (!list->json)
        printf("%s: %" PRId64 "\n", listing->status, found.total);
    for (size_t i = 0; i < found.count; i++) {
        if (list->json)
            print_json(arena, &found.orders[i]);
        else
            print_for_people(arena, list, &found.orders[i]);
    }
    return CLI_DONE;
}

/* Without a status all indexes are listed, each once. */
static bool is_asked_for(const struct list *list, const struct listing *listing)
{
    if (list->stuck_ms != 0 && !listing->can_stick)
        return false;
    return list->status == NULL ? !listing->is_picked : strcmp(list->status, listing->status) == 0;
}

enum cli_exit list_run(int argument_count, char **arguments)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct listing listings[LISTINGS_MAX];
    size_t count = listings_fill(listings);
    struct list list = {.limit = LIMIT};
    struct cli_settings settings;

    CLI_TRY(cli_parse(&list_argp, argument_count, arguments, &list, &settings));
    CLI_TRY(cli_open_store(&settings, NULL, 0, &store));
    CLI_TRY(cli_redis_clock(store, &list.now_ms));
    for (size_t i = 0; i < count; i++)
        if (is_asked_for(&list, &listings[i]))
            CLI_TRY(list_orders(store, &list, &listings[i]));
    return CLI_DONE;
}
