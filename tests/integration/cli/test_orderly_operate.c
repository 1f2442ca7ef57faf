/* The program `orderly` in the hands of an operator: cancel, retry, list, watch and get, against a Redis of its own that a
 * test fills, and the Kafka of ORDERLY_TEST_KAFKA. No service runs: what is said to saga.inbox is read from there. */
#include "json.h"
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DONE, ENDED_BADLY, USAGE, UNREACHABLE };

#define MANY 2300 /* more than two pages of everything */

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;
static char printed[1 << 20];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(operate, .init = set_up, .fini = tear_down);

#define ORDERLY(...)                                                                                                             \
    system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, NULL, printed, sizeof(printed))
#define expect_printed(text) cr_expect_not_null(strstr(printed, text), "'%s' is not in: %s", text, printed)
#define expect_not_printed(text) cr_expect_null(strstr(printed, text), "'%s' is in: %s", text, printed)

/* ---- filling Redis ---- */

static void do_words(const char *const words[], size_t count)
{
    struct text texts[32];

    for (size_t i = 0; i < count; i++)
        texts[i] = text_of(words[i]);
    store_begin(store);
    store_queue(store, texts[1], texts, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_assert_not(text_is_there(store_error(store_value(store, 0))));
}
#define DO(...) do_words((const char *const[]){__VA_ARGS__}, COUNT_OF(((const char *const[]){__VA_ARGS__})))

static const char *key_of(const char *before, const char *order_id, const char *after)
{
    return text_copy(arena, text_format(arena, "%s%s%s", before, order_id, after)).at;
}

static const char *number_of(int64_t number) { return text_copy(arena, text_format(arena, "%lld", (long long)number)).at; }

static int64_t now_ms(void) { return (int64_t)time(NULL) * 1000; }

static const char *time_of(int64_t ms)
{
    struct tm parts;
    time_t seconds = ms / 1000;
    char text[40];

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    return text_copy(arena, text_of(text)).at;
}

/* An order with this status, in its index since then. */
static void place(const char *order_id, const char *status, const char *index, int64_t since_ms)
{
    DO("HSET", key_of("saga:", order_id, ""), "status", status, "since", time_of(since_ms), "updatedAt", time_of(since_ms),
       "endsAs", "failed", "attempt", "1", "step", "payment.authorize", "pendingCommandId",
       key_of("", order_id, "/payment.void"));
    DO("ZADD", index, number_of(since_ms), order_id);
}

static void add_line(const char *order_id, const char *event, const char *detail)
{
    DO("RPUSH", key_of("{saga:", order_id, "}:history"),
       text_copy(
           arena,
           text_format(arena,
                       "{\"at\":\"2026-01-31T09:30:00.000Z\",\"event\":\"%s\",\"version\":1,\"input\":\"0/0\",\"detail\":%s}",
                       event, detail))
           .at);
}

static void place_many(const char *prefix, const char *status, const char *index, int64_t since_ms, size_t count)
{
    store_begin(store);
    for (size_t i = 0; i < count; i++) {
        struct text id = text_format(arena, "%s-%zu", prefix, i), key = text_format(arena, "saga:%s-%zu", prefix, i);
        store_queue(
            store, TEXT("x"),
            (struct text[]){TEXT("HSET"), key, TEXT("status"), text_of(status), TEXT("since"), text_of(time_of(since_ms))}, 6);
        store_queue(store, TEXT("x"), (struct text[]){TEXT("ZADD"), text_of(index), text_of(number_of(since_ms)), id}, 4);
    }
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

static const char *unique(const char *name)
{
    return text_copy(arena, text_format(arena, "%s-%lld.%d", name, (long long)time(NULL), (int)getpid())).at;
}

/* ---- what was said to saga.inbox ---- */

struct said {
    const char *prefix; /* of the orders that count */
    size_t count;
    char value[512], type[64], source[64], subject[96], content_type[64], parent[64]; /* of the last one */
};

static void copy_header(const struct record *record, const char *name, char *out, size_t size)
{
    struct text value = TEXT_NONE;

    if (record_header(record, name, &value))
        snprintf(out, size, "%.*s", TEXT_ARG(value));
}

static void hear(const struct record *record, void *context)
{
    struct said *said = context;

    if (!text_begins(record->key, text_of(said->prefix)))
        return;
    said->count++;
    snprintf(said->value, sizeof(said->value), "%.*s", TEXT_ARG(record->value));
    copy_header(record, "ce_type", said->type, sizeof(said->type));
    copy_header(record, "ce_source", said->source, sizeof(said->source));
    copy_header(record, "ce_subject", said->subject, sizeof(said->subject));
    copy_header(record, "content-type", said->content_type, sizeof(said->content_type));
    copy_header(record, "traceparent", said->parent, sizeof(said->parent));
}

static struct said hear_all(const char *prefix)
{
    struct said said = {.prefix = prefix};

    read_topic("saga.inbox", hear, &said);
    return said;
}

/* ---- cancel ---- */

Test(operate, cancel_says_so_in_the_inbox_and_tells_that_nothing_has_become_of_it)
{
    const char *id = unique("OP-C");
    struct said said;

    cr_assert_eq(ORDERLY("topics", "create"), DONE, "%s", printed);
    place(id, "authorizing_payment", "sagas:running", now_ms());
    DO("HSET", key_of("saga:", id, ""), "traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
    cr_expect_eq(ORDERLY("cancel", id, "--reason", "ordered \"twice\"", "--by", "ada", "--timeout", "200ms"), ENDED_BADLY);
    expect_printed("is not cancelled yet: it is authorizing_payment");
    said = hear_all(id);
    cr_expect_eq(said.count, 1);
    cr_expect_str_eq(said.value, key_of("{\"kind\":\"cancel\",\"orderId\":\"", id,
                                        "\",\"requestedBy\":\"ada\",\"reason\":\"ordered \\\"twice\\\"\"}"));
    cr_expect_str_eq(said.type, "order.cancel");
    cr_expect_str_eq(said.source, "/orderly/cli");
    cr_expect_str_eq(said.subject, id);
    cr_expect_str_eq(said.content_type, "application/json");
    cr_expect_eq(strncmp(said.parent, "00-0123456789abcdef0123456789abcdef-", 36), 0, "the saga's trace goes on: %s",
                 said.parent);
}

Test(operate, cancel_without_waiting_needs_no_redis)
{
    const char *id = unique("OP-N");

    cr_assert_eq(ORDERLY("topics", "create"), DONE, "%s", printed);
    setenv("USER", "grace", 1);
    cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", (const char *[]){"cancel", "--no-wait", id, NULL}, NULL, printed,
                                    sizeof(printed)),
                 DONE, "%s", printed);
    struct said said = hear_all(id);
    cr_expect_eq(said.count, 1);
    cr_expect_not_null(strstr(said.value, "\"requestedBy\":\"grace\""), "%s", said.value);
    cr_expect_eq(strncmp(said.parent, "00-", 3), 0);
}

static const struct {
    const char *status;
    int code;
    const char *words;
} settled[] = {
    {"completed", ENDED_BADLY, "ended completed"},
    {"failed", ENDED_BADLY, "ended failed, why_not"},
    {"cancelled", DONE, "cancelled"},
    {"capturing_payment", ENDED_BADLY, "too late"},
    {"needs_attention", ENDED_BADLY, "too late"},
    {"compensation_failed", ENDED_BADLY, "too late"},
};

Test(operate, cancel_says_nothing_when_it_can_change_nothing)
{
    const char *id = unique("OP-S");

    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1); /* nobody is asked */
    cr_expect_eq(ORDERLY("cancel", id), ENDED_BADLY);
    expect_printed("there is no order");
    for (size_t i = 0; i < COUNT_OF(settled); i++) {
        DO("HSET", key_of("saga:", id, ""), "status", settled[i].status, "reason", "why_not");
        cr_expect_eq(ORDERLY("cancel", id), settled[i].code, "%s: %s", settled[i].status, printed);
        expect_printed(settled[i].words);
    }
}

/* ---- retry ---- */

Test(operate, retry_sends_on_what_is_parked_and_skips_the_rest)
{
    const char *parked = unique("OP-P"), *running = unique("OP-R"), *none = unique("OP-0");
    struct said said;

    cr_assert_eq(ORDERLY("topics", "create"), DONE, "%s", printed);
    place(parked, "compensation_failed", "sagas:compensation_failed", now_ms());
    place(running, "fulfilling", "sagas:running", now_ms());
    cr_expect_eq(ORDERLY("retry", parked, running, none, "--by", "ada"), ENDED_BADLY);
    expect_printed("it is not parked but fulfilling");
    expect_printed("there is no such order");
    expect_printed("1 orders sent on, 2 skipped");
    said = hear_all(parked);
    cr_expect_eq(said.count, 1);
    cr_expect_str_eq(said.value, key_of("{\"kind\":\"retry\",\"orderId\":\"", parked, "\",\"requestedBy\":\"ada\"}"));
    cr_expect_str_eq(said.type, "order.retry");
    cr_expect_eq(hear_all(running).count, 0);
}

Test(operate, retry_sends_on_all_of_a_status_however_many)
{
    const char *failed = unique("OP-F"), *captures = unique("OP-A");

    cr_assert_eq(ORDERLY("topics", "create"), DONE, "%s", printed);
    place_many(failed, "compensation_failed", "sagas:compensation_failed", now_ms(), MANY);
    place_many(captures, "needs_attention", "sagas:needs_attention", now_ms(), 3);
    cr_expect_eq(ORDERLY("retry", "--all", "--status", "compensation_failed"), DONE, "%s", printed);
    expect_printed("2300 orders sent on, 0 skipped");
    cr_expect_eq(hear_all(failed).count, MANY);
    cr_expect_eq(hear_all(captures).count, 0);
    cr_expect_eq(ORDERLY("retry", "--all"), DONE, "%s", printed);
    expect_printed("2303 orders sent on");
    cr_expect_eq(hear_all(captures).count, 3);
}

Test(operate, retry_waits_and_tells_what_is_parked_still)
{
    const char *id = unique("OP-W");

    cr_assert_eq(ORDERLY("topics", "create"), DONE, "%s", printed);
    place(id, "needs_attention", "sagas:needs_attention", now_ms());
    cr_expect_eq(ORDERLY("retry", "--wait", "--timeout", "300ms", id), ENDED_BADLY);
    expect_printed("0 ended, 0 are parked again, 1 have not ended");
}

Test(operate, mistakes_in_the_arguments)
{
    static const char *const mistakes[][4] = {
        {"cancel"},
        {"cancel", "A", "B"},
        {"cancel", "A B"},
        {"cancel", "A", "--timeout", "soon"},
        {"retry"},
        {"retry", "--all", "A"},
        {"retry", "a b"},
        {"retry", "--all", "--status", "failed"},
        {"watch"},
        {"watch", "A", "B"},
        {"watch", "a b"},
        {"retry", "A", "--status", "needs_attention"},
        {"list", "--stuck", "10x"},
        {"list", "--since", "never"},
        {"cancel", "A", "--by", "\xff"},
        {"list", "--status=failed", "--stuck", "10m"},
    };

    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        const char *arguments[5] = {mistakes[i][0], mistakes[i][1], mistakes[i][2], mistakes[i][3], NULL};
        if (strcmp(mistakes[i][0], "cancel") == 0 && arguments[1] != NULL)
            DO("HSET", "saga:A", "status", "validating");
        cr_expect_eq(system_run_orderly(redis_process_url(redis), arguments, NULL, printed, sizeof(printed)), USAGE, "%zu: %s", i,
                     printed);
    }
}

Test(operate, what_is_unreachable_is_told)
{
    static const char *const commands[][4] = {
        {"cancel", "A"}, {"retry", "A"}, {"retry", "--all"}, {"watch", "A"}, {"list", "--stuck", "1m"}};

    for (size_t i = 0; i < COUNT_OF(commands); i++)
        cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", commands[i], NULL, printed, sizeof(printed)), UNREACHABLE,
                     "%zu: %s", i, printed);
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    place("K-1", "validating", "sagas:running", now_ms());
    place("K-2", "needs_attention", "sagas:needs_attention", now_ms());
    cr_expect_eq(ORDERLY("cancel", "K-1"), UNREACHABLE, "%s", printed);
    cr_expect_eq(ORDERLY("cancel", "--no-wait", "K-1"), UNREACHABLE, "%s", printed);
    cr_expect_eq(ORDERLY("retry", "K-2"), UNREACHABLE, "%s", printed);
    expect_printed("KAFKA_BOOTSTRAP_SERVERS");
}

Test(operate, a_key_of_another_type_is_told)
{
    static const char *const commands[][4] = {
        {"cancel", "X"}, {"retry", "X"}, {"watch", "X"}, {"list", "--status", "failed"}, {"get", "X"}};

    cr_assert_eq(ORDERLY("topics", "create"), DONE, "%s", printed);
    DO("SET", "saga:X", "no hash");
    DO("ZADD", "sagas:failed", "1", "X");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        cr_expect_eq(system_run_orderly(redis_process_url(redis), commands[i], NULL, printed, sizeof(printed)), ENDED_BADLY,
                     "%zu: %s", i, printed);
        expect_printed("WRONGTYPE");
    }
}

/* ---- list ---- */

/* How many lines of JSON were printed; each is an order of its own. */
static size_t count_lines(void)
{
    size_t count = 0;

    for (const char *at = printed; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    return count;
}

Test(operate, list_pages_through_orders_of_one_moment)
{
    place_many("L", "failed", "sagas:failed", now_ms(), MANY);
    place_many("OLD", "failed", "sagas:failed", now_ms() - 7200000, 10);
    cr_expect_eq(ORDERLY("list", "--status", "failed", "--limit", "2305"), DONE);
    expect_printed("failed: 2310\n");
    cr_expect_eq(count_lines(), 2306);
    for (size_t i = 0; i < MANY; i += 100)
        expect_printed(text_copy(arena, text_format(arena, "  L-%zu ", i)).at);
    cr_expect_eq(ORDERLY("list", "--json", "--status", "failed", "--limit", "5000"), DONE);
    cr_expect_eq(count_lines(), 2310);
    cr_expect_eq(ORDERLY("list", "--status", "failed", "--since", "1h"), DONE);
    expect_printed("failed: 2300\n");
    cr_expect_eq(count_lines(), 51);
    cr_expect_eq(ORDERLY("list", "--json", "--status", "failed", "--since", "3h", "--limit", "5000"), DONE);
    cr_expect_eq(count_lines(), 2310);
    expect_printed("\"orderId\":\"OLD-9\"");
}

Test(operate, list_finds_what_is_stuck)
{
    int64_t now = now_ms();

    place("PARKED-OLD", "needs_attention", "sagas:needs_attention", now - 3600000);
    place("PARKED-NEW", "needs_attention", "sagas:needs_attention", now - 60000);
    place("MOVES", "fulfilling", "sagas:running", now - 3600000); /* running for an hour, at this step for a minute */
    DO("HSET", "saga:MOVES", "pendingCommandId", "MOVES/fulfillment.ship", "stepDeadlineAt", time_of(now + 540000), "updatedAt",
       time_of(now));
    place("STICKS", "allocating_inventory", "sagas:running",
          now - 3600000); /* sent again just now, but asked for 15 minutes ago */
    DO("HSET", "saga:STICKS", "pendingCommandId", "STICKS/inventory.allocate", "stepDeadlineAt", time_of(now - 300000),
       "updatedAt", time_of(now));
    place("ENDED", "completed", "sagas:running", now - 3600000); /* its index was not written any more */
    cr_expect_eq(ORDERLY("list", "--stuck", "10m"), DONE, "%s", printed);
    expect_printed("running: 1\n");
    expect_printed("STICKS");
    expect_printed("stuck for 15m");
    expect_printed("needs_attention: 1\n");
    expect_printed("PARKED-OLD");
    expect_printed("stuck for 1h 0m");
    expect_printed("compensating: 0\n");
    expect_not_printed("PARKED-NEW");
    expect_not_printed("MOVES");
    expect_not_printed("ENDED");
    expect_not_printed("completed:");
    cr_expect_eq(ORDERLY("list", "--stuck", "10m", "--status", "fulfilling"), DONE, "%s", printed);
    expect_printed("fulfilling: 0\n");
    cr_expect_eq(ORDERLY("list", "--since", "5m", "--status", "fulfilling"), DONE, "%s", printed);
    expect_printed("fulfilling: 1\n");
    cr_expect_eq(ORDERLY("list", "--stuck", "10m", "--json", "--status", "running"), DONE, "%s", printed);
    cr_expect_eq(count_lines(), 1);
    expect_printed(key_of("\"movedAt\":\"", time_of(now - 900000), "\""));
}

/* ---- get ---- */

Test(operate, get_explains_what_is_parked)
{
    place("G-1", "compensation_failed", "sagas:compensation_failed", now_ms() - 725000);
    DO("HSET", "saga:G-1", "reason", "insufficient_inventory", "lastFailure", "gateway_away", "attempt", "20");
    add_line("G-1", "compensation.failed",
             "{\"status\":\"compensation_failed\",\"failure\":\"gateway_away\",\"pendingCommandId\":\"G-1/"
             "payment.void\",\"attempt\":20}");
    add_line("G-1", "compensation.failed",
             "{\"status\":\"compensation_failed\",\"failure\":\"step_timed_out\",\"lastFailure\":\"gateway_away\","
             "\"pendingCommandId\":\"G-1/payment.void\","
             "\"attempt\":20}");
    cr_expect_eq(ORDERLY("get", "G-1"), DONE, "%s", printed);
    expect_printed("waits for    G-1/payment.void");
    expect_printed("for 12m");
    expect_printed("2 times so far");
    expect_printed(
        "payment.void was not answered until its deadline, at attempt 20 of 20; the last answer before was gateway_away");
    expect_printed("it ends failed (insufficient_inventory)");
    expect_printed("send it on   orderly retry G-1");
    expect_printed("payment.void: gateway_away (attempt 20)");
}

/* ---- watch ---- */

/* Starts `orderly watch` with what it prints going to a file. */
static pid_t watch_into(const char *path, const char *const arguments[])
{
    char program[512];
    pid_t pid;

    snprintf(program, sizeof(program), "%s/orderly", getenv("ORDERLY_TEST_BIN"));
    pid = fork();
    if (pid == 0) {
        int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        setenv("REDIS_URL", redis_process_url(redis), 1);
        execv(program, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return pid;
}

static void read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t length = file == NULL ? 0 : fread(printed, 1, sizeof(printed) - 1, file);

    printed[length] = '\0';
    if (file != NULL)
        fclose(file);
}

static void wait_until_printed(const char *path, const char *text)
{
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    do {
        test_pause();
        read_file(path);
    } while (strstr(printed, text) == NULL && test_now_ms() < end_ms);
    expect_printed(text);
}

Test(operate, watch_waits_for_the_order_and_shows_it_as_it_happens)
{
    char path[] = "/tmp/orderly-watch.XXXXXX";
    int how = 0;
    pid_t pid;

    close(mkstemp(path));
    pid = watch_into(path, (const char *const[]){"orderly", "watch", "W-1", NULL});
    place("W-1", "validating", "sagas:running", now_ms());
    add_line("W-1", "order.accepted", "{\"status\":\"validating\"}");
    wait_until_printed(path, "order.accepted");
    cr_expect_eq(waitpid(pid, NULL, WNOHANG), 0, "it goes on");
    add_line("W-1", "order.validated", "{\"status\":\"authorizing_payment\",\"result\":{}}");
    wait_until_printed(path, "order.validated");
    for (int i = 0; i < 450; i++) /* more than one look can take */
        add_line("W-1", "compensation.failed", "{}");
    add_line("W-1", "order.failed", "{\"status\":\"failed\",\"reason\":\"payment_declined\"}");
    DO("HSET", "saga:W-1", "status", "failed");
    waitpid(pid, &how, 0);
    read_file(path);
    unlink(path);
    cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == DONE, "%x", how);
    expect_printed("payment_declined");
    cr_expect_eq(count_lines(), 453);
}

Test(operate, watch_ends_where_an_order_rests)
{
    place("W-2", "needs_attention", "sagas:needs_attention", now_ms());
    add_line("W-2", "order.needs_attention", "{\"failure\":\"x\",\"pendingCommandId\":\"W-2/payment.capture\",\"attempt\":1}");
    cr_expect_eq(ORDERLY("watch", "W-2"), ENDED_BADLY);
    expect_printed("payment.capture: x (attempt 1)");
    expect_printed("see orderly get W-2");
    place("W-3", "validating", "sagas:running", now_ms());
    cr_expect_eq(ORDERLY("watch", "W-3", "--timeout", "300ms"), ENDED_BADLY);
    expect_printed("it is validating");
    cr_expect_eq(ORDERLY("watch", "W-4", "--timeout", "300ms"), ENDED_BADLY);
    expect_printed("there is no order W-4");
    place("W-5", "completed", "sagas:completed", now_ms());
    add_line("W-5", "order.completed", "{}");
    cr_expect_eq(ORDERLY("watch", "--json", "W-5"), DONE, "%s", printed);
    cr_expect_str_eq(
        printed,
        "{\"at\":\"2026-01-31T09:30:00.000Z\",\"event\":\"order.completed\",\"version\":1,\"input\":\"0/0\",\"detail\":{}}\n");
}
