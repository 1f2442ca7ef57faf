/* docs/examples/fulfillment.py in the place of orderly-fulfillment: killed in the middle, given rubbish and the same command
 * twice. */
#include "crowd.h"
#include "json.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CROWD 600
#define REST(country)                                                                                                            \
    "\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":1}],\"paymentMethod\":\"tok_visa\",\"shipTo\":{"      \
    "\"country\":\"" country "\"}"

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;
static struct system *services;
static pid_t worker; /* 0: none runs */

static void set_up_with(const char *const settings[])
{
    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    services = system_start(
        &(struct system_options){.redis_url = redis_process_url(redis), .without = "fulfillment", .settings = settings},
        "tests/support/catalog.json");
}

static void set_up(void) { set_up_with(NULL); }

/* A shipment is soon given up. */
static void set_up_impatient(void)
{
    static const char *const settings[] = {"STEP_DEADLINE_SECONDS_FULFILLMENT_SHIP=2", NULL};

    set_up_with(settings);
}

static void start_worker(void)
{
    const char *python = getenv("ORDERLY_TEST_PYTHON");

    cr_assert_not_null(python, "ORDERLY_TEST_PYTHON is not set: run tests/run.sh");
    worker = fork();
    if (worker == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("KAFKA_BOOTSTRAP_SERVERS", getenv("ORDERLY_TEST_KAFKA"), 1);
        setenv("REDIS_URL", redis_process_url(redis), 1);
        execl(python, python, "docs/examples/fulfillment.py", (char *)NULL);
        _exit(127);
    }
}

static void kill_worker(void)
{
    cr_assert_eq(waitpid(worker, NULL, WNOHANG), 0, "the worker has ended by itself");
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    worker = 0;
}

/* SIGTERM, which it must obey cleanly. */
static void stop_worker(void)
{
    int how = 0;

    if (worker == 0)
        return;
    kill(worker, SIGTERM);
    waitpid(worker, &how, 0);
    cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the worker ended with %x", how);
}

static void tear_down(void)
{
    stop_worker();
    system_stop(services);
    store_close(store);
    redis_process_stop(redis);
    arena_destroy(arena);
}

TestSuite(python_worker, .fini = tear_down);

static const char *unique(const char *name)
{
    return text_format(arena, "%s-%lld.%d", name, (long long)time(NULL), (int)getpid()).at;
}

/* ---- what it answered ---- */

struct seen {
    const char *prefix;
    size_t count, other_numbers; /* replies; those whose tracking number is not the one in Redis */
    char outcomes[1024];         /* "succeeded: refused:already_cancelled " */
};

static void see(const struct record *record, void *context)
{
    struct seen *seen = context;
    const struct json *root;
    struct text number, reason;

    if (!text_begins(record->key, text_of(seen->prefix)) ||
        json_read(arena, text_copy(arena, record->value), &root) != STATUS_OK ||
        !text_begins(json_string(arena, json_member(root, TEXT("type"))), TEXT("fulfillment.")))
        return;
    seen->count++;
    reason = json_string(arena, json_member(root, TEXT("reason")));
    snprintf(seen->outcomes + strlen(seen->outcomes), sizeof(seen->outcomes) - strlen(seen->outcomes), "%.*s:%.*s ",
             TEXT_ARG(json_string(arena, json_member(root, TEXT("outcome")))), TEXT_ARG(reason));
    number = json_string(arena, json_member(json_member(root, TEXT("result")), TEXT("trackingNumber")));
    const char *key = text_format(arena, "shipment:%.*s", TEXT_ARG(record->key)).at;
    if (text_is_there(number) && !text_equals(number, text_of(hash_field(store, key, "trackingNumber"))))
        seen->other_numbers++;
}

static struct seen wait_for_replies(const char *prefix, size_t count)
{
    const int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;
    struct seen seen;

    do {
        seen = (struct seen){.prefix = prefix};
        read_topic("saga.inbox", see, &seen);
    } while (seen.count < count && test_now_ms() < end_ms);
    return seen;
}

/* ---- stories ---- */

static size_t completed(void)
{
    store_begin(store);
    store_queue(store, TEXT("sagas:completed"), (struct text[]){TEXT("ZCARD"), TEXT("sagas:completed")}, 2);
    cr_assert_eq(store_flush(store), STATUS_OK);
    return (size_t)store_number(store_value(store, 0));
}

/* Every number it gives is a new one: a shipment that was booked twice would have two. */
Test(python_worker, killed_in_the_middle_it_ships_each_order_once, .init = set_up)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("python", CROWD);
    const int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;
    struct seen seen;

    start_worker();
    system_send_orders(crowd->values, crowd->count / 2);
    while (completed() == 0 && test_now_ms() < end_ms)
        test_pause();
    system_send_orders(crowd->values + crowd->count / 2, crowd->count - crowd->count / 2);
    kill_worker();
    cr_assert_lt(completed(), CROWD * 6 / 10, "it was killed too late to show anything");
    start_worker();
    crowd_check(store, crowd);
    seen = wait_for_replies(text_format(arena, "%.*s", (int)(strrchr(crowd->ids[0], '-') - crowd->ids[0]), crowd->ids[0]).at,
                            CROWD * 7 / 10);
    cr_expect_geq(seen.count, CROWD * 7 / 10);
    cr_expect_eq(seen.other_numbers, 0);
}

/* The worker is away for longer than the shipment may take. When it comes, it books what was given up, or refuses it, and then
 * hears the cancel. */
Test(python_worker, what_was_given_up_meanwhile_goes_forward_if_it_was_shipped, .init = set_up_impatient)
{
    const char *shipped = unique("late"), *refused = unique("late-refused");
    const char *ids[] = {shipped, refused}, *countries[] = {REST("IT"), REST("AQ")};
    const int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct text order = text_format(arena, "{\"orderId\":\"%s\",%s}", ids[i], countries[i]);
        system_send("orders", NULL, order.at, order.length);
    }
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct text nudge = text_format(arena, "{\"kind\":\"nudge\",\"orderId\":\"%s\"}", ids[i]);
        const char *key = text_format(arena, "saga:%s", ids[i]).at;
        while (strcmp(hash_field(store, key, "status"), "compensating") != 0 && test_now_ms() < end_ms)
            system_send("saga.inbox", ids[i], nudge.at, nudge.length);
    }
    start_worker();
    wait_for_status(store, shipped, "completed");
    wait_for_status(store, refused, "failed");
    cr_expect_str_eq(hash_field(store, text_format(arena, "saga:%s", refused).at, "reason"), "step_timed_out");
    cr_expect_str_eq(hash_field(store, text_format(arena, "shipment:%s", refused).at, "status"), "refused");
    assert_balanced(store, ids, COUNT_OF(ids));
}

static const char *command(const char *id, const char *type, int attempt)
{
    return text_format(
               arena,
               "{\"commandId\":\"%s/%s\",\"orderId\":\"%s\",\"type\":\"%s\",\"attempt\":%d,\"order\":{\"orderId\":\"%s\",%s}}",
               id, type, id, type, attempt, id, REST("IT"))
        .at;
}

static void see_dead(const struct record *record, void *context)
{
    struct text reason;

    if (text_equals(record->key, text_of(*(const char **)context)) && record_header(record, "dlq-reason", &reason))
        *(const char **)context = "seen";
}

Test(python_worker, repeated_commands_late_originals_and_rubbish, .init = set_up)
{
    const char *twice = unique("twice"), *late = unique("undone"), *dead = twice;
    const char *const to_twice[] = {"rubbish",
                                    "[]",
                                    "{\"orderId\":7}",
                                    command(twice, "fulfillment.ship", 1),
                                    command(twice, "fulfillment.ship", 2),
                                    command(twice, "fulfillment.cancel", 1)};
    const char *const to_late[] = {command(late, "fulfillment.cancel", 1), command(late, "fulfillment.ship", 1),
                                   command(late, "fulfillment.cancel", 2)};
    struct seen seen;

    start_worker();
    system_send_all("fulfillment.commands", twice, to_twice, COUNT_OF(to_twice));
    system_send_all("fulfillment.commands", late, to_late, COUNT_OF(to_late));
    seen = wait_for_replies(twice, 3);
    cr_expect_str_eq(seen.outcomes, "succeeded: succeeded: refused:already_shipped ");
    cr_expect_eq(seen.other_numbers, 0);
    seen = wait_for_replies(late, 3);
    cr_expect_str_eq(seen.outcomes, "succeeded: refused:already_cancelled succeeded: ");
    cr_expect_str_eq(hash_field(store, text_format(arena, "shipment:%s", late).at, "status"), "cancelled");
    read_topic("fulfillment.commands.dlq", see_dead, &dead);
    cr_expect_str_eq(dead, "seen");
}
