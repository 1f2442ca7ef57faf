/* How patient a saga is. */
#include "policy.h"

#include <criterion/criterion.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(policy, .init = set_up, .fini = tear_down);

Test(policy, reads_back_what_was_recorded)
{
    struct policy policy = policy_default(), again;

    policy.general.step_timeout_ms = 1234;
    policy.capture_attempts = 7;
    policy_spread(&policy);
    policy.of[ASK_AUTHORIZE].step_timeout_ms = 55;
    policy.of[ASK_VOID].attempts = 99;
    cr_assert_eq(policy_read(arena, policy_text(arena, &policy), &again), STATUS_OK);
    cr_expect_arr_eq(&policy, &again, sizeof(policy), "%.*s", TEXT_ARG(policy_text(arena, &again)));
    cr_expect_eq(policy_shortest_timeout_ms(&again), 55);
}

Test(policy, what_is_missing_or_senseless_gets_the_default)
{
    struct policy policy, defaults = policy_default();

    cr_assert_eq(policy_read(arena, TEXT("{}"), &policy), STATUS_OK);
    cr_expect_arr_eq(&policy, &defaults, sizeof(policy));
    cr_assert_eq(policy_read(arena, TEXT("{\"stepAttempts\":-1,\"retryFactor\":\"2\",\"commands\":7}"), &policy), STATUS_OK);
    cr_expect_arr_eq(&policy, &defaults, sizeof(policy));
    cr_assert_eq(policy_read(arena, TEXT("{\"sagaDeadlineSeconds\":9223372036854775807,\"stepTimeoutMs\":2147483648}"), &policy),
                 STATUS_OK);
    cr_expect_arr_eq(&policy, &defaults, sizeof(policy), "a time that would overflow makes no sense");
    cr_expect_eq(policy_read(arena, TEXT("[]"), &policy), STATUS_BROKEN);
    cr_expect_eq(policy_read(arena, TEXT_NONE, &policy), STATUS_BROKEN);
}

Test(policy, another_text_is_another_policy)
{
    const struct {
        struct text text;
        int64_t timeout_ms;
    } turns[] = {
        {TEXT("{\"stepTimeoutMs\":7}"), 7},
        {TEXT("{\"stepTimeoutMs\":8}"), 8},
        {TEXT("{\"stepTimeoutMs\":8}"), 8},
        {TEXT("{\"stepTimeoutMs\":7}"), 7},
        {TEXT("{}"), policy_default().general.step_timeout_ms},
    };
    const struct text wide = text_format(arena, "{\"stepTimeoutMs\":9%2000s}", "");
    struct policy policy;

    for (size_t i = 0; i < COUNT_OF(turns); i++) {
        cr_assert_eq(policy_read(arena, turns[i].text, &policy), STATUS_OK);
        cr_expect_eq(policy.of[ASK_SHIP].step_timeout_ms, turns[i].timeout_ms, "turn %zu", i);
        cr_assert_eq(policy_read(arena, wide, &policy), STATUS_OK);
        cr_expect_eq(policy.of[ASK_SHIP].step_timeout_ms, 9, "too long to be remembered");
        cr_expect_eq(policy_read(arena, TEXT("{"), &policy), STATUS_BROKEN);
    }
    for (size_t i = 0; i < COUNT_OF(turns); i++) {
        cr_assert_eq(policy_read(arena, turns[i].text, &policy), STATUS_OK);
        cr_expect_eq(policy.of[ASK_SHIP].step_timeout_ms, turns[i].timeout_ms, "turn %zu", i);
    }
}

Test(policy, waits_grow_up_to_a_limit_and_are_always_the_same)
{
    struct policy policy = policy_default();
    const struct patience *patience = &policy.of[ASK_AUTHORIZE];
    int64_t full_ms = patience->first_delay_ms;

    for (int64_t attempt = 2; attempt < 30; attempt++) {
        int64_t delay_ms = policy_delay_ms(patience, TEXT("ORD-1/payment.authorize"), attempt);
        cr_expect_leq(delay_ms, full_ms);
        cr_expect_geq(delay_ms, full_ms / 2);
        cr_expect_eq(delay_ms, policy_delay_ms(patience, TEXT("ORD-1/payment.authorize"), attempt));
        full_ms = full_ms * patience->factor < patience->max_delay_ms ? full_ms * patience->factor : patience->max_delay_ms;
    }
}

Test(policy, jitter_spreads_orders_that_failed_together)
{
    struct policy policy = policy_default();
    int64_t low_ms = INT64_MAX, high_ms = 0;

    for (int i = 0; i < 200; i++) {
        struct text id = text_format(arena, "ORD-%d/payment.authorize", i);
        int64_t delay_ms = policy_delay_ms(&policy.of[ASK_AUTHORIZE], id, 2);
        low_ms = delay_ms < low_ms ? delay_ms : low_ms;
        high_ms = delay_ms > high_ms ? delay_ms : high_ms;
    }
    cr_expect_leq(low_ms, 120);
    cr_expect_geq(high_ms, 180);
}

Test(policy, jitter_comes_from_the_command_and_the_attempt)
{
    struct policy policy = policy_default();
    const struct patience *patience = &policy.general;
    int64_t first = policy_delay_ms(patience, TEXT("ORD-1/payment.authorize"), 2);
    size_t other_orders = 0, other_attempts = 0;

    cr_expect_eq(first, policy_delay_ms(patience, TEXT("ORD-1/payment.authorize"), 2), "the same whenever it is worked out");
    for (int i = 0; i < 100; i++) {
        struct text id = text_format(arena, "ORD-%d/payment.authorize", i);
        int64_t delay_ms = policy_delay_ms(patience, id, 2);
        cr_expect(delay_ms >= patience->first_delay_ms / 2 && delay_ms <= patience->first_delay_ms, "%lld", (long long)delay_ms);
        other_orders += delay_ms != first;
        /* the same wait before the third attempt would be exactly twice as long */
        other_attempts += policy_delay_ms(patience, id, 3) != 2 * delay_ms;
    }
    cr_expect_gt(other_orders, 80, "%zu of 100 orders wait for another time", other_orders);
    cr_expect_gt(other_attempts, 80, "%zu of 100", other_attempts);
}

Test(policy, no_value_is_so_large_that_a_sum_overflows)
{
    struct policy policy;

    cr_assert_eq(policy_read(arena,
                             TEXT("{\"stepTimeoutMs\":9223372036854775807,\"sagaDeadlineSeconds\":9223372036854775807,"
                                  "\"commands\":{\"payment.void\":{\"retryFactor\":4611686018427387904}}}"),
                             &policy),
                 STATUS_OK);
    cr_expect_eq(policy.general.step_timeout_ms, policy_default().general.step_timeout_ms);
    cr_expect_eq(policy.saga_deadline_seconds, policy_default().saga_deadline_seconds);
    cr_expect_eq(policy.of[ASK_VOID].factor, policy_default().general.factor);
}
