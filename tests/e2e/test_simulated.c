/* Failures and slowness on demand, by commands sent straight to the payment service. */
#include "json.h"
#include "redis_process.h"
#include "simulate.h"
#include "system.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LATENCY_MS 2000
#define SLOW_COMMANDS 50
#define STOP_WAIT_MS 40000 /* it would be 60 s if the stop did not end the wait */

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;

static void set_up(void)
{
    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    redis_process_stop(redis);
    arena_destroy(arena);
}

TestSuite(simulated, .init = set_up, .fini = tear_down);

static struct system *start(const char *const settings[])
{
    return system_start(&(struct system_options){.redis_url = redis_process_url(redis), .settings = settings},
                        "tests/support/catalog.json");
}

static const char *unique(const char *name, size_t number)
{
    return text_format(arena, "%s-%lld.%d-%zu.", name, (long long)time(NULL), (int)getpid(), number).at;
}

static const char *authorize(const char *id, int64_t attempt)
{
    return text_format(
               arena,
               "{\"commandId\":\"%s/payment.authorize\",\"orderId\":\"%s\",\"type\":\"payment.authorize\",\"attempt\":%" PRId64
               ",\"order\":{\"orderId\":\"%s\",\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":1}],"
               "\"paymentMethod\":\"tok_visa\"}}",
               id, id, attempt, id)
        .at;
}

/* ---- what was answered ---- */

#define REPLIES_MAX 64

struct seen {
    const char *prefix;
    size_t count;
    struct text order_ids[REPLIES_MAX], outcomes[REPLIES_MAX], reasons[REPLIES_MAX];
    int64_t attempts[REPLIES_MAX], times_ms[REPLIES_MAX];
};

static void see(const struct record *record, void *context)
{
    struct seen *seen = context;
    const struct json *root;

    if (!text_begins(record->key, text_of(seen->prefix)) ||
        json_read(arena, text_copy(arena, record->value), &root) != STATUS_OK || seen->count == REPLIES_MAX)
        return;
    seen->order_ids[seen->count] = text_copy(arena, record->key);
    seen->outcomes[seen->count] = json_string(arena, json_member(root, TEXT("outcome")));
    seen->reasons[seen->count] = json_string(arena, json_member(root, TEXT("reason")));
    cr_assert(json_integer(json_member(root, TEXT("attempt")), &seen->attempts[seen->count]));
    seen->times_ms[seen->count++] = record->timestamp_ms;
}

static void wait_for_replies(const char *prefix, size_t count, struct seen *seen)
{
    const int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    do {
        *seen = (struct seen){.prefix = prefix};
        read_topic("saga.inbox", see, seen);
    } while (seen->count < count && test_now_ms() < end_ms);
    cr_assert_eq(seen->count, count, "%zu of %zu replies for %s", seen->count, count, prefix);
}

/* ---- failures ---- */

#define FAILING_ORDERS 12
static const int64_t attempts[] = {1, 2, 1, 3, 4, 5, 6, 7, 1, 2, 3};

/* The attempts of one order in their order: failed by the hash until one is not, and then what was done stays done. */
static void check_attempts(const char *id, const struct simulation *rules)
{
    struct text command_id = text_format(arena, "%s/payment.authorize", id);
    struct seen seen;
    bool done = false;

    wait_for_replies(id, COUNT_OF(attempts), &seen);
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        done = done || !simulation_fails(rules, TEXT("payment.authorize"), command_id, attempts[i]);
        cr_expect_eq(seen.attempts[i], attempts[i]);
        cr_expect(text_equals(seen.outcomes[i], done ? TEXT("succeeded") : TEXT("failed")), "%s attempt %" PRId64 ": %.*s", id,
                  attempts[i], TEXT_ARG(seen.outcomes[i]));
        cr_expect(done || text_equals(seen.reasons[i], TEXT(SIMULATED_REASON)), "%.*s", TEXT_ARG(seen.reasons[i]));
    }
    cr_expect_str_eq(hash_field(store, text_format(arena, "payment:%s", id).at, "status"), done ? "authorized" : "");
}

Test(simulated, attempts_fail_as_the_hash_says_and_what_was_done_stays_done)
{
    static const char *const settings[] = {"SIMULATED_FAIL=payment.authorize:70", NULL};
    const struct simulation rules = simulation_of(&(struct simulation_settings){.fail = "payment.authorize:70"});
    struct system *services = start(settings);
    const char *ids[FAILING_ORDERS], *values[COUNT_OF(attempts)];
    size_t first_failures = 0;

    for (size_t i = 0; i < FAILING_ORDERS; i++) {
        ids[i] = unique("fails", i);
        for (size_t j = 0; j < COUNT_OF(attempts); j++)
            values[j] = authorize(ids[i], attempts[j]);
        system_send_all("payment.commands", ids[i], values, COUNT_OF(attempts));
        first_failures +=
            simulation_fails(&rules, TEXT("payment.authorize"), text_format(arena, "%s/payment.authorize", ids[i]), 1);
    }
    cr_assert_gt(first_failures, 0, "of twelve none would fail: once in two million runs");
    for (size_t i = 0; i < FAILING_ORDERS; i++)
        check_attempts(ids[i], &rules);
    system_stop(services);
}

/* ---- slowness ---- */

Test(simulated, slow_answers_come_together)
{
    static const char *const settings[] = {"SIMULATED_LATENCY_MS=2000", NULL};
    struct system *services = start(settings);
    const char *prefix = unique("slow", 0);
    struct seen asked = {.prefix = prefix}, answered;
    int64_t first_ms = INT64_MAX, last_ms = 0;

    for (size_t i = 0; i < SLOW_COMMANDS; i++) {
        const char *id = text_format(arena, "%s-%zu", prefix, i).at, *value = authorize(id, 1);
        system_send_all("payment.commands", id, &value, 1);
    }
    wait_for_replies(prefix, SLOW_COMMANDS, &answered);
    read_topic("payment.commands", see, &asked);
    cr_assert_eq(asked.count, SLOW_COMMANDS);
    for (size_t i = 0; i < SLOW_COMMANDS; i++) {
        for (size_t j = 0; j < SLOW_COMMANDS; j++)
            if (text_equals(asked.order_ids[i], answered.order_ids[j]))
                cr_expect_geq(answered.times_ms[j], asked.times_ms[i] + LATENCY_MS);
        first_ms = asked.times_ms[i] < first_ms ? asked.times_ms[i] : first_ms;
        last_ms = answered.times_ms[i] > last_ms ? answered.times_ms[i] : last_ms;
    }
    cr_expect_lt(last_ms - first_ms, SLOW_COMMANDS * LATENCY_MS / 2, "one after another it would be twice that");
    system_stop(services);
}

/* The effect is there, the answer waits, and the service is told to stop: it does not wait to the end. */
Test(simulated, a_stop_ends_the_wait)
{
    static const char *const settings[] = {"SIMULATED_LATENCY_MS=60000", NULL};
    struct system *services = start(settings);
    const char *id = unique("stopped", 0), *value = authorize(id, 1);
    const char *key = text_format(arena, "payment:%s", id).at;
    int64_t end_ms;

    system_send_all("payment.commands", id, &value, 1);
    for (end_ms = test_now_ms() + SYSTEM_WAIT_MS; strcmp(hash_field(store, key, "status"), "authorized") != 0; test_pause())
        cr_assert_lt(test_now_ms(), end_ms);
    end_ms = test_now_ms() + STOP_WAIT_MS;
    system_stop(services);
    cr_expect_lt(test_now_ms(), end_ms);
}
