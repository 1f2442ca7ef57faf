/* Failures and slowness on demand, by commands sent straight to the payment service. */
#include "simulate.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>

#define LATENCY_MS 2000
#define SLOW_COMMANDS 50
#define STOP_WAIT_MS 40000 /* it would be 60 s if the stop did not end the wait */

TestSuite(simulated, .init = stage_set_up, .fini = stage_tear_down);

/* No such id begins with another. */
static const char *numbered(const char *name, size_t number)
{
    return text_format(stage.arena, "%s-%zu.", unique(name), number).at;
}

static const char *authorize(const char *id, int64_t attempt)
{
    return text_format(
               stage.arena,
               "{\"commandId\":\"%s/payment.authorize\",\"orderId\":\"%s\",\"type\":\"payment.authorize\",\"attempt\":%" PRId64
               ",\"order\":{\"orderId\":\"%s\",\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":1}],"
               "\"paymentMethod\":\"tok_visa\"}}",
               id, id, attempt, id)
        .at;
}

/* ---- failures ---- */

#define FAILING_ORDERS 12
static const int64_t attempts[] = {1, 2, 1, 3, 4, 5, 6, 7, 1, 2, 3};

/* The attempts of one order in their order: failed by the hash until one is not, and then what was done stays done. */
static void check_attempts(const char *id, const struct simulation *rules)
{
    struct text command_id = text_format(stage.arena, "%s/payment.authorize", id);
    const struct seen *seen = wait_for_replies(id, "", COUNT_OF(attempts));
    bool done = false;

    cr_assert_eq(seen->count, COUNT_OF(attempts));
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        done = done || !simulation_fails(rules, TEXT("payment.authorize"), command_id, attempts[i]);
        const struct text outcome = seen_text(&seen->list[i], "outcome"), reason = seen_text(&seen->list[i], "reason");
        int64_t attempt = 0;
        cr_expect(json_integer(json_member(seen->list[i].value, TEXT("attempt")), &attempt));
        cr_expect_eq(attempt, attempts[i]);
        cr_expect(text_equals(outcome, done ? TEXT("succeeded") : TEXT("failed")), "%s attempt %" PRId64 ": %.*s", id,
                  attempts[i], TEXT_ARG(outcome));
        cr_expect(done || text_equals(reason, TEXT(SIMULATED_REASON)), "%.*s", TEXT_ARG(reason));
    }
    cr_expect_str_eq(payment_field(id, "status"), done ? "authorized" : "");
}

Test(simulated, attempts_fail_as_the_hash_says_and_what_was_done_stays_done)
{
    const struct simulation rules = simulation_of(&(struct simulation_settings){.fail = "payment.authorize:70"});
    const char *ids[FAILING_ORDERS], *values[COUNT_OF(attempts)];
    size_t first_failures = 0;

    START("SIMULATED_FAIL=payment.authorize:70");
    for (size_t i = 0; i < FAILING_ORDERS; i++) {
        ids[i] = numbered("fails", i);
        for (size_t j = 0; j < COUNT_OF(attempts); j++)
            values[j] = authorize(ids[i], attempts[j]);
        system_send_all("payment.commands", ids[i], values, COUNT_OF(attempts));
        first_failures +=
            simulation_fails(&rules, TEXT("payment.authorize"), text_format(stage.arena, "%s/payment.authorize", ids[i]), 1);
    }
    cr_assert_gt(first_failures, 0, "of twelve none would fail: once in two million runs");
    for (size_t i = 0; i < FAILING_ORDERS; i++)
        check_attempts(ids[i], &rules);
}

/* ---- slowness ---- */

Test(simulated, slow_answers_come_together)
{
    const char *prefix = numbered("slow", 0);
    const struct seen *asked, *answered;
    int64_t first_ms = INT64_MAX, last_ms = 0;

    START("SIMULATED_LATENCY_MS=2000");
    for (size_t i = 0; i < SLOW_COMMANDS; i++) {
        const char *id = text_format(stage.arena, "%s-%zu", prefix, i).at, *value = authorize(id, 1);
        system_send_all("payment.commands", id, &value, 1);
    }
    answered = wait_for_replies(prefix, "", SLOW_COMMANDS);
    asked = see_topic("payment.commands", prefix, "");
    cr_assert_eq(answered->count, SLOW_COMMANDS);
    cr_assert_eq(asked->count, SLOW_COMMANDS);
    for (size_t i = 0; i < SLOW_COMMANDS; i++) {
        for (size_t j = 0; j < SLOW_COMMANDS; j++)
            if (text_equals(asked->list[i].key, answered->list[j].key))
                cr_expect_geq(answered->list[j].time_ms, asked->list[i].time_ms + LATENCY_MS);
        first_ms = asked->list[i].time_ms < first_ms ? asked->list[i].time_ms : first_ms;
        last_ms = answered->list[i].time_ms > last_ms ? answered->list[i].time_ms : last_ms;
    }
    cr_expect_lt(last_ms - first_ms, SLOW_COMMANDS * LATENCY_MS / 2, "one after another it would be twice that");
}

/* The effect is there, the answer waits, and the service is told to stop: it does not wait to the end. */
Test(simulated, a_stop_ends_the_wait)
{
    const char *id = numbered("stopped", 0), *value = authorize(id, 1);
    int64_t end_ms;

    START("SIMULATED_LATENCY_MS=60000");
    system_send_all("payment.commands", id, &value, 1);
    WAIT_UNTIL(strcmp(payment_field(id, "status"), "authorized") == 0);
    end_ms = test_now_ms() + STOP_WAIT_MS;
    stage_stop();
    cr_expect_lt(test_now_ms(), end_ms);
}
