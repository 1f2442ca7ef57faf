/* What a saga keeps for the person who has to understand it: the last failure, and who cancelled it and why. */
#include "fold.h"

#include "policy.h"

#include <criterion/criterion.h>

static struct arena *arena;
static struct saga saga;
static struct effects effects;
static int64_t offset, time_ms;

static void hear(struct inbox_record message)
{
    struct inbox_record *kept = arena_take(arena, sizeof(*kept));
    struct heard heard = {.message = kept, .input = {3, ++offset, time_ms += 10}};

    *kept = message;
    kept->order_id = TEXT("ORD-1");
    effects = (struct effects){0};
    saga_hear(arena, &saga, &heard, &effects);
}

static void set_up(void)
{
    struct policy policy = policy_default();

    arena = arena_create();
    saga = (struct saga){0};
    offset = 100, time_ms = 1769851800000;
    hear((struct inbox_record){.kind = TEXT("order"),
                               .order = TEXT("{\"orderId\":\"ORD-1\"}"),
                               .source = TEXT("{}"),
                               .policy = policy_text(arena, &policy)});
}

static void tear_down(void) { arena_destroy(arena); }
TestSuite(fold_explains, .init = set_up, .fini = tear_down);

static void answer(const char *outcome, const char *reason)
{
    hear((struct inbox_record){.kind = TEXT("reply"),
                               .reply = {.command_id = saga_command_id(arena, &saga, saga.pending),
                                         .type = text_of(ask_type(saga.pending)),
                                         .attempt = saga.attempt,
                                         .outcome = text_of(outcome),
                                         .reason = text_of(reason)}});
}

static void nudge_after(int64_t after_ms)
{
    time_ms += after_ms;
    hear((struct inbox_record){.kind = TEXT("nudge")});
}

static void cancel(void)
{
    hear((struct inbox_record){.kind = TEXT("cancel"), .requested_by = TEXT("ada"), .reason = TEXT("changed my mind")});
}

/* A member of the detail of the last event; TEXT_NONE when there is no event, or no such member. */
static struct text last_detail(const char *name)
{
    const struct json *root;

    if (effects.event_count == 0)
        return TEXT_NONE;
    cr_assert_eq(json_read(arena, effects.events[effects.event_count - 1].detail, &root), STATUS_OK);
    return json_string(arena, json_member(root, text_of(name)));
}

#define expect_text(text, wanted) cr_expect(text_equals(text, text_of(wanted)), "%.*s is not %s", TEXT_ARG(text), wanted)

Test(fold_explains, the_last_failure_is_kept_until_the_next_command)
{
    answer("succeeded", NULL);
    cr_expect(!text_is_there(saga.last_failure));
    answer("failed", "gateway_away");
    expect_text(saga.last_failure, "gateway_away");
    nudge_after(30000);
    expect_text(saga.last_failure, "gateway_away");
    answer("succeeded", NULL);
    cr_expect(!text_is_there(saga.last_failure), "that was another command");
}

Test(fold_explains, a_parked_capture_tells_why)
{
    for (int i = 0; i < STEP_COUNT - 1; i++)
        answer("succeeded", NULL);
    cr_assert_eq(saga.pending, ASK_CAPTURE);
    answer("failed", "gateway_away");
    nudge_after(600000);
    cr_assert_eq(saga.status, SAGA_NEEDS_ATTENTION);
    expect_text(last_detail("failure"), "step_timed_out");
    expect_text(last_detail("lastFailure"), "gateway_away");
    expect_text(last_detail("pendingCommandId"), "ORD-1/payment.capture");
    hear((struct inbox_record){.kind = TEXT("retry")});
    cr_expect(!text_is_there(saga.last_failure), "it starts afresh");
    answer("refused", "no_authorization");
    cr_assert_eq(saga.status, SAGA_NEEDS_ATTENTION);
    expect_text(last_detail("failure"), "no_authorization");
    cr_expect(!text_is_there(last_detail("lastFailure")));
}

Test(fold_explains, a_failure_that_used_up_the_attempts_is_told_once)
{
    for (int i = 0; i < STEP_COUNT - 1; i++)
        answer("succeeded", NULL);
    for (int attempt = 1; attempt <= 20; attempt++) {
        answer("failed", "gateway_away");
        nudge_after(30000);
    }
    cr_assert_eq(saga.status, SAGA_NEEDS_ATTENTION);
    cr_expect_eq(saga.attempt, 20);
    expect_text(saga.last_failure, "gateway_away");
}

Test(fold_explains, a_cancelled_saga_knows_who_asked_for_it_and_why)
{
    answer("succeeded", NULL);
    cancel();
    expect_text(last_detail("cancelledBy"), "ada");
    expect_text(last_detail("cancelReason"), "changed my mind");
    answer("succeeded", NULL);
    cr_assert_eq(saga.status, SAGA_CANCELLED);
    expect_text(saga.cancelled_by, "ada");
    expect_text(last_detail("cancelReason"), "changed my mind");
}

Test(fold_explains, a_cancel_that_came_too_late_leaves_nothing)
{
    for (int i = 0; i < STEP_PIVOT; i++)
        answer("succeeded", NULL);
    cancel();
    expect_text(saga.cancelled_by, "ada");
    answer("succeeded", NULL);
    cr_assert_eq(saga.status, SAGA_CAPTURING_PAYMENT);
    cr_expect(!text_is_there(saga.cancelled_by));
    cr_expect(!text_is_there(saga.cancel_reason));
    cr_expect_eq(saga.cancel_requested, 0);
}
