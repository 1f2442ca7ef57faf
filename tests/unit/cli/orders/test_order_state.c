/* What the fields of a saga tell a person: whether it gets on, whether it can be cancelled, why it is parked. */
#include "order_view.h"
#include "message.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MINUTE 60000
#define NOW "2026-01-31T10:00:00.000Z"

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(order_state, .init = set_up, .fini = tear_down);

static int64_t time_of(const char *text)
{
    int64_t time_ms = 0;

    cr_assert(time_read(text_of(text), &time_ms), "%s", text);
    return time_ms;
}

/* The state of ORD-1 with these fields: name, value, ..., NULL. */
static struct order_state state_of(const char *const pairs[])
{
    size_t count;
    const struct text *names = order_state_fields(&count);
    struct text *values = arena_take_zeroed(arena, count, sizeof(*values));
    struct order_state state;

    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        size_t field = 0;
        while (field < count && !text_equals(names[field], text_of(pairs[i])))
            field++;
        cr_assert_lt(field, count, "%s", pairs[i]);
        values[field] = text_of(pairs[i + 1]);
    }
    order_state_read(arena, TEXT("ORD-1"), values, &state);
    return state;
}
#define STATE(...) state_of((const char *const[]){__VA_ARGS__, NULL})

#define RUNNING(asked_deadline, updated)                                                                                         \
    "status", "authorizing_payment", "since", "2026-01-31T08:00:00.000Z", "pendingCommandId", "ORD-1/payment.authorize",         \
        "attempt", "3", "stepDeadlineAt", asked_deadline, "updatedAt", updated

/* Sent again and again to a worker that is away, its updatedAt is new all the time. */
Test(order_state, sending_again_is_no_progress)
{
    struct order_state state = STATE(RUNNING("2026-01-31T09:50:00.000Z", "2026-01-31T09:59:59.000Z"));

    cr_expect_eq(state.moved_ms, time_of("2026-01-31T09:40:00.000Z"), "the deadline is ten minutes behind the first sending");
    cr_expect(order_is_stuck(&state, time_of(NOW), 20 * MINUTE));
    cr_expect_not(order_is_stuck(&state, time_of(NOW), 20 * MINUTE + 1));
    cr_expect_eq(state.attempts_max, 5);
}

Test(order_state, its_own_policy_says_when_it_was_asked_for)
{
    struct order_state state = STATE(
        RUNNING("2026-01-31T09:59:00.000Z", "2026-01-31T09:59:00.000Z"), "policy",
        "{\"stepDeadlineSeconds\":60,\"stepAttempts\":5,\"commands\":{\"payment.authorize\":{\"stepDeadlineSeconds\":3600}}}");

    cr_expect_eq(state.moved_ms, time_of("2026-01-31T08:59:00.000Z"));
}

Test(order_state, what_is_parked_is_stuck_since_then_and_what_ended_is_not)
{
    static const char *const parked[] = {"compensation_failed", "needs_attention"};
    static const char *const ended[] = {"completed", "rejected", "failed", "cancelled"};

    for (size_t i = 0; i < COUNT_OF(parked); i++) {
        struct order_state state = STATE("status", parked[i], "since", "2026-01-31T09:00:00.000Z", "updatedAt", NOW);
        cr_expect(order_is_stuck(&state, time_of(NOW), 60 * MINUTE), "%s", parked[i]);
        cr_expect_not(order_is_stuck(&state, time_of(NOW), 61 * MINUTE), "%s", parked[i]);
        cr_expect(order_is_at_rest(&state));
    }
    for (size_t i = 0; i < COUNT_OF(ended); i++) {
        struct order_state state =
            STATE("status", ended[i], "since", "2026-01-31T09:00:00.000Z", "updatedAt", "2026-01-31T09:00:00.000Z");
        cr_expect_not(order_is_stuck(&state, time_of(NOW), MINUTE), "%s", ended[i]);
        cr_expect(order_is_at_rest(&state));
    }
}

Test(order_state, what_makes_no_sense_is_left_out)
{
    struct order_state none = STATE("reason", "x");
    struct order_state odd = STATE("status", "happy", "attempt", "many", "since", "yesterday", "stepDeadlineAt", "soon", "policy",
                                   "[", "pendingCommandId", "ORD-1", "updatedAt", "now");

    cr_expect_not(text_is_there(none.status_text));
    cr_expect_eq(odd.status, SAGA_NONE);
    cr_expect_eq(odd.moved_ms, 0);
    cr_expect_not(order_is_stuck(&odd, time_of(NOW), 1), "nothing is known of it");
}

static const struct {
    const char *status, *ends_as;
    enum cancel_verdict verdict;
} verdicts[] = {
    {"validating", "", CANCEL_PENDING},
    {"authorizing_payment", "", CANCEL_PENDING},
    {"allocating_inventory", "", CANCEL_PENDING},
    {"fulfilling", "", CANCEL_PENDING},
    {"compensating", "cancelled", CANCEL_PENDING},
    {"compensating", "failed", CANCEL_PENDING},
    {"capturing_payment", "", CANCEL_TOO_LATE},
    {"needs_attention", "", CANCEL_TOO_LATE},
    {"compensation_failed", "failed", CANCEL_TOO_LATE},
    {"compensation_failed", "cancelled", CANCEL_PARKED},
    {"completed", "", CANCEL_ENDED_OTHERWISE},
    {"rejected", "", CANCEL_ENDED_OTHERWISE},
    {"failed", "", CANCEL_ENDED_OTHERWISE},
    {"cancelled", "", CANCEL_DONE},
};

Test(order_state, what_a_cancel_has_come_to)
{
    struct order_state none = STATE("reason", "x");

    for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
        struct order_state state = STATE("status", verdicts[i].status, "endsAs", verdicts[i].ends_as);
        cr_expect_eq(cancel_judge(&state), verdicts[i].verdict, "%s %s", verdicts[i].status, verdicts[i].ends_as);
    }
    cr_expect_eq(cancel_judge(&none), CANCEL_NO_ORDER);
}

#define expect_text(text, wanted) cr_expect(text_equals(text, text_of(wanted)), "'%.*s' is not '%s'", TEXT_ARG(text), wanted)

Test(order_state, why_it_is_parked)
{
    struct order_state state = STATE("status", "compensation_failed", "endsAs", "failed", "reason", "payment_declined", "attempt",
                                     "20", "pendingCommandId", "ORD-1/inventory.release");
    struct order_state capture = STATE("status", "needs_attention", "attempt", "2", "pendingCommandId", "ORD-1/payment.capture");

    expect_text(explain_why(arena, &state, TEXT("out_to_lunch"), TEXT_NONE),
                "inventory.release was tried 20 times; the last answer was out_to_lunch");
    state.attempt = 1;
    expect_text(explain_why(arena, &state, TEXT("unknown_order"), TEXT_NONE),
                "inventory.release was refused, at attempt 1 of 20: unknown_order");
    expect_text(explain_why(arena, &state, TEXT_NONE, TEXT_NONE),
                "inventory.release was refused, at attempt 1 of 20: no reason given");
    expect_text(
        explain_why(arena, &capture, TEXT("step_timed_out"), TEXT("gateway_away")),
        "payment.capture was not answered until its deadline, at attempt 2 of 20; the last answer before was gateway_away");
}

Test(order_state, what_comes_after_it)
{
    struct order_state state = STATE("status", "compensation_failed", "endsAs", "failed", "reason", "fulfillment_refused",
                                     "attempt", "20", "pendingCommandId", "ORD-1/inventory.release");
    struct order_state capture = STATE("status", "needs_attention", "attempt", "2", "pendingCommandId", "ORD-1/payment.capture");

    expect_text(explain_then(arena, &state, TEXT("inventory.allocate")),
                "payment.void, then it ends failed (fulfillment_refused)");
    expect_text(explain_then(arena, &state, TEXT("payment.authorize")), "it ends failed (fulfillment_refused)");
    expect_text(explain_then(arena, &state, TEXT("fulfillment.ship")),
                "inventory.release, then payment.void, then it ends failed (fulfillment_refused)");
    expect_text(explain_then(arena, &capture, TEXT("payment.capture")), "it is completed");
}
