/* submit.c - orderly submit */
#include "cli_ask.h"
#include "bus_send.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "json.h"
#include "keys.h"
#include "message.h"
#include "orders.h"
#include "steps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS 60000
#define LOOK_EVERY_MS 50
#define LOOK_BATCH 500
#define FLUSH_EVERY 5000 /* lines in flight: a file of a million is never in memory whole */
#define FLUSH_BYTES ((size_t)16 * 1024 * 1024)

/* An order that is waited for. */
struct awaited {
    char order_id[ORDER_ID_MAX + 1];
    char status[32], reason[REASON_MAX * CHARACTER_BYTES_MAX + 1];
    bool ended;
};

struct submission {
    const char *path;
    bool wait;
    int64_t wait_ms;
    struct awaited *orders; /* only when they are waited for */
    size_t order_count, order_size, ended_count;
    size_t sent, refused, unfollowed; /* unfollowed: without a usable orderId */
    size_t unconfirmed_lines, unconfirmed_bytes;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct submission *submission = state->input;

    switch (key) {
    case 'w':
        submission->wait = true;
        return 0;
    case 't':
        cli_take_duration(state, "timeout", "30s or 5m", argument, &submission->wait_ms);
        return 0;
    default:
        return cli_take_one(key, argument, state, &submission->path);
    }
}

static const struct argp_option options[] = {
    {"wait", 'w', NULL, 0, "wait until the orders have ended, and show how", 0},
    {"timeout", 't', "DURATION", 0, "give up waiting after this time (1m)", 0},
    {0},
};

const struct argp submit_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE",
    .doc =
        "Place orders: each line of FILE is one, as JSON; - is standard input. Ends when the broker has confirmed all of them.\v"
        "A line that is no JSON object is refused with its number, and the others are placed. Blank lines, line ends of\n"
        "Windows and a byte-order mark of UTF-8 do not matter.\n\n"
        "Exit codes: 0 all placed (with --wait: and all ended, however), 1 a line was refused or an order did not end in\n"
        "time, 2 usage, 3 Kafka or Redis unreachable.\n\n"
        "Example:\n"
        "  echo '{\"orderId\":\"ORD-1\",\"customerId\":\"C-1\",\"items\":[{\"productId\":\"KEYBOARD\",\"quantity\":1}],\n"
        "        \"paymentMethod\":\"tok_visa\"}' | tr -d '\\n' | orderly submit --wait -",
};

/* ---- sending ---- */

static void await_order(struct submission *submission, struct text order_id)
{
    struct awaited *order;

    if (submission->order_count == submission->order_size) {
        submission->order_size = submission->order_size * 2 + 64;
        submission->orders = realloc(submission->orders, submission->order_size * sizeof(*submission->orders));
        if (submission->orders == NULL)
            abort();
    }
    order = &submission->orders[submission->order_count++];
    *order = (struct awaited){.ended = false};
    memcpy(order->order_id, order_id.at, order_id.length);
}

static enum cli_exit send_line(struct submission *submission, struct bus *bus, struct arena *arena, struct text line,
                               size_t number)
{
    const struct json *root;
    struct text order_id;
    enum status status;

    if (json_read(arena, line, &root) != STATUS_OK || root->type != JSON_OBJECT) {
        submission->refused++;
        return cli_fail(CLI_DONE, "line %zu is no JSON object (or has a member twice)", number);
    }
    order_id = json_string(arena, json_member(root, TEXT("orderId")));
    if (!id_is_good(order_id))
        order_id = TEXT_NONE; /* the order is sent without a key: that it becomes a dead letter is for the orchestrator to say */
    status =
        bus_send(bus, &(struct outgoing){.topic = topic_name(TOPIC_ORDERS), .partition = -1, .key = order_id, .value = line});
    if (status == STATUS_BAD_MESSAGE) {
        submission->refused++;
        return cli_fail(CLI_DONE, "line %zu is too large to send", number);
    }
    if (status != STATUS_OK)
        return cli_fail(CLI_UNREACHABLE, "%s", bus_problem(bus));
    submission->sent++;
    submission->unconfirmed_lines++;
    submission->unconfirmed_bytes += line.length;
    if (submission->wait && text_is_there(order_id))
        await_order(submission, order_id);
    else if (submission->wait && submission->unfollowed++ == 0)
        cli_warn("line %zu has no usable orderId: it was placed, but its end can't be waited for", number);
    return CLI_DONE;
}

static enum cli_exit flush(struct submission *submission, struct bus *bus)
{
    const char *problem;

    if (cli_confirm(bus, &problem)) {
        submission->unconfirmed_lines = submission->unconfirmed_bytes = 0;
        return CLI_DONE;
    }
    return cli_fail(CLI_UNREACHABLE,
                    "Kafka did not confirm the last %zu of %zu orders (%s): submit again, an order is never carried out twice",
                    submission->unconfirmed_lines, submission->sent, problem);
}

static bool is_flush_due(const struct submission *submission)
{
    return submission->unconfirmed_lines >= FLUSH_EVERY || submission->unconfirmed_bytes >= FLUSH_BYTES;
}

/* Spaces and marks around an order come from the system on which the file was written. They are left out, so that the same
 * order is the same bytes wherever it comes from. A byte-order mark is in the middle where several files were put behind one
 * another. */
static enum cli_exit take_line(struct submission *submission, struct bus *bus, struct arena *arena, struct text line,
                               size_t number)
{
    struct text order = text_without_blanks(text_without_mark(line));

    if (number == 1 && text_is_wide(line))
        return cli_fail(CLI_ENDED_BADLY, "%s is UTF-16, not UTF-8 (iconv -f UTF-16 -t UTF-8): nothing was placed",
                        submission->path);
    return order.length == 0 ? CLI_DONE : send_line(submission, bus, arena, order, number);
}

static enum cli_exit send_all(struct submission *submission, struct bus *bus, FILE *file)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    char *line = NULL;
    size_t size = 0, number = 0;
    ssize_t length;
    enum cli_exit code = CLI_DONE, flushed;

    while (code == CLI_DONE && (length = getline(&line, &size, file)) > 0) {
        code = take_line(submission, bus, arena, (struct text){line, (size_t)length}, ++number);
        if (code == CLI_DONE && is_flush_due(submission))
            code = flush(submission, bus);
        arena_reset(arena);
    }
    if (code == CLI_DONE && !feof(file))
        code = cli_fail(CLI_ENDED_BADLY, "%s: %s, after line %zu", submission->path, strerror(errno), number);
    free(line);
    if (code == CLI_UNREACHABLE)
        return code;
    flushed = flush(submission, bus);
    return flushed == CLI_DONE ? code : flushed;
}

/* ---- waiting ---- */

static void take_state(struct submission *submission, struct awaited *order, const struct store_value *reply)
{
    struct text status = store_text(store_element(reply, 0)), reason = store_text(store_element(reply, 1));

    snprintf(order->status, sizeof(order->status), "%.*s", TEXT_ARG(status));
    snprintf(order->reason, sizeof(order->reason), "%.*s", TEXT_ARG(reason));
    order->ended = saga_status_is_terminal(saga_status_of(status));
    submission->ended_count += order->ended;
}

/* Looks at up to LOOK_BATCH orders that have not ended, from `*next` on. */
static enum cli_exit look(struct submission *submission, struct store *store, struct arena *arena, size_t *next)
{
    size_t looked_at[LOOK_BATCH], count = 0;

    store_begin(store);
    for (; *next < submission->order_count && count < LOOK_BATCH; ++*next) {
        struct text key;
        if (submission->orders[*next].ended)
            continue;
        key = key_saga(arena, text_of(submission->orders[*next].order_id));
        store_queue(store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("reason")}, 4);
        looked_at[count++] = *next;
    }
    CLI_TRY(cli_flush(store));
    for (size_t i = 0; i < count; i++)
        if (store_count(store_value(store, i)) == 2)
            take_state(submission, &submission->orders[looked_at[i]], store_value(store, i));
    arena_reset(arena);
    return CLI_DONE;
}

static void show_progress(const struct submission *submission, bool done)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%zu of %zu orders have ended%s", submission->ended_count, submission->order_count, done ? "\n" : "");
}

static void print_outcomes(const struct submission *submission)
{
    printf("%-40s %-22s %s\n", "ORDER", "STATUS", "REASON");
    for (size_t i = 0; i < submission->order_count; i++) {
        const struct awaited *order = &submission->orders[i];
        printf("%-40s %-22s %s\n", order->order_id, order->status[0] == '\0' ? "(not seen yet)" : order->status, order->reason);
    }
}

static enum cli_exit look_at_all(struct submission *submission, struct store *store, struct arena *arena)
{
    for (size_t next = 0; next < submission->order_count;)
        CLI_TRY(look(submission, store, arena, &next));
    show_progress(submission, false);
    return CLI_DONE;
}

static enum cli_exit wait_for_all(struct submission *submission, struct store *store)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct cli_wait wait = cli_wait_for(submission->wait_ms, LOOK_EVERY_MS);
    enum cli_exit code;

    do
        code = look_at_all(submission, store, arena);
    while (code == CLI_DONE && submission->ended_count < submission->order_count && cli_wait_on(&wait));
    show_progress(submission, true);
    CLI_TRY(code);
    print_outcomes(submission);
    if (submission->ended_count < submission->order_count)
        return cli_fail(CLI_ENDED_BADLY, "%zu orders have not ended in %" PRId64 " s",
                        submission->order_count - submission->ended_count, submission->wait_ms / 1000);
    return CLI_DONE;
}

static enum cli_exit submit(struct submission *submission, const struct cli_settings *settings, FILE *file)
{
    const char *const topics[] = {topic_name(TOPIC_ORDERS), NULL};
    CLEANUP(bus_close) struct bus *bus = NULL;
    CLEANUP(store_close) struct store *store = NULL;

    CLI_TRY(cli_open_bus(settings, topics, &bus));
    if (submission->wait)
        CLI_TRY(cli_open_store(settings, NULL, 0, &store));
    CLI_TRY(send_all(submission, bus, file));
    fprintf(submission->wait ? stderr : stdout, "%zu orders placed\n", submission->sent);
    if (submission->wait)
        CLI_TRY(wait_for_all(submission, store));
    return submission->refused + submission->unfollowed > 0 ? CLI_ENDED_BADLY : CLI_DONE;
}

enum cli_exit submit_run(int argument_count, char **arguments)
{
    struct submission submission = {.wait_ms = WAIT_MS};
    struct cli_settings settings;
    FILE *file;
    enum cli_exit code;

    CLI_TRY(cli_parse(&submit_argp, argument_count, arguments, &submission, &settings));
    file = strcmp(submission.path, "-") == 0 ? stdin : fopen(submission.path, "r");
    if (file == NULL)
        return cli_fail(CLI_ENDED_BADLY, "%s: %s", submission.path, strerror(errno));
    code = submit(&submission, &settings, file);
    if (file != stdin)
        fclose(file);
    free(submission.orders);
    return code;
}
