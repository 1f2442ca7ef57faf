/* A saga as it stands in Redis: what is written reads back the same, and what makes no sense is told apart. */
#include "saga.h"

#include <criterion/criterion.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(saga, .init = set_up, .fini = tear_down);

static struct saga example(void)
{
    return (struct saga){
        .order_id = TEXT("ORD-1"),
        .version = 4,
        .status = SAGA_FULFILLING,
        .since_ms = INT64_C(1700000000001),
        .step = 3,
        .order = TEXT("{\"orderId\":\"ORD-1\"}"),
        .results = TEXT("{}"),
        .policy = TEXT("{}"),
        .source = TEXT("{}"),
        .pending = ASK_SHIP,
        .attempt = 2,
        .next_due_ms = INT64_C(1700000010000),
        .last_input = {5, 99, INT64_C(1700000000123)},
        .created_ms = INT64_C(1700000000001),
        .updated_ms = INT64_C(1700000000123),
        .deadline_ms = INT64_C(1700003600001),
        .total = 0,
        .currency = TEXT("USD"),
    };
}

static struct text *field(struct text values[], const char *name)
{
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        if (text_equals(saga_field_names()[i], text_of(name)))
            return &values[i];
    cr_assert(false, "no field %s", name);
    return NULL;
}

Test(saga, is_readable_in_redis)
{
    struct saga saga = example();
    struct text values[SAGA_FIELD_COUNT];
    static const char *const expected[][2] = {
        {"status", "fulfilling"},
        {"step", "fulfillment.ship"},
        {"version", "4"},
        {"pendingCommandId", "ORD-1/fulfillment.ship"},
        {"attempt", "2"},
        {"lastInput", "5/99/2023-11-14T22:13:20.123Z"},
        {"createdAt", "2023-11-14T22:13:20.001Z"},
        {"total", "0"},
        {"currency", "USD"},
    };

    saga_write(arena, &saga, values);
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        cr_expect(text_equals(*field(values, expected[i][0]), text_of(expected[i][1])), "%s is %.*s", expected[i][0],
                  TEXT_ARG(*field(values, expected[i][0])));
    cr_expect_null(field(values, "completedAt")->at, "what does not apply is not there");
    cr_expect_null(field(values, "reason")->at);
}

Test(saga, reads_back_what_was_written)
{
    struct saga saga = example(), again;
    struct text values[SAGA_FIELD_COUNT], values_again[SAGA_FIELD_COUNT];

    saga_write(arena, &saga, values);
    cr_assert_eq(saga_read(arena, saga.order_id, values, &again), STATUS_OK);
    saga_write(arena, &again, values_again);
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        cr_expect(text_equals(values[i], values_again[i]), "%s", saga_field_names()[i].at);
}

Test(saga, nothing_there_is_no_saga)
{
    struct text values[SAGA_FIELD_COUNT] = {{NULL, 0}};
    struct saga saga;

    cr_assert_eq(saga_read(arena, TEXT("ORD-1"), values, &saga), STATUS_OK);
    cr_expect_eq(saga.version, 0);
}

Test(saga, what_makes_no_sense_is_broken)
{
    static const char *const changes[][2] = {
        {"status", "dreaming"},
        {"status", NULL},
        {"step", "payment.void"},
        {"version", "four"},
        {"version", NULL},
        {"version", ""},
        {"pendingCommandId", NULL},
        {"pendingCommandId", "ORD-2/payment.void"},
        {"pendingCommandId", "ORD-1/payment.steal"},
        {"attempt", NULL},
        {"lastInput", "5/99"},
        {"lastInput", "x/99/2023-11-14T22:13:20.123Z"},
        {"createdAt", "yesterday"},
        {"order", NULL},
        {"policy", NULL},
        {"results", NULL},
        {"total", "1.5"},
        {"lastInput", "99999999999/9/2023-11-14T22:13:20.123Z"},
        {"results", ""},
        {"results", "x"},
        {"results", "[]"},
        {"results", " {}"},
        {"results", "{} "},
        {"order", "nonsense\""},
        {"order", "{\"a\":1,\"a\":2}"},
        {"errors", "{}"},
        {"attempt", "-1"},
        {"attempt", "9223372036854775807"},
        {"version", "9223372036854775807"},
        {"status", "validating"},
        {"status", "completed"},
        {"status", "compensating"},
        {"status", "needs_attention"},
        {"step", "payment.capture"},
        {"pendingCommandId", "ORD-1/payment.void"},
        {"traceparent", "00-1"},
    };

    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct saga saga = example(), again = {.version = -7};
        struct text values[SAGA_FIELD_COUNT];
        saga_write(arena, &saga, values);
        *field(values, changes[i][0]) = text_of(changes[i][1]);
        cr_expect_eq(saga_read(arena, saga.order_id, values, &again), STATUS_BROKEN, "%s = %s", changes[i][0], changes[i][1]);
        cr_expect_eq(again.version, -7, "outputs change only on success");
    }
}

Test(saga, what_is_undone_has_an_end_to_come)
{
    static const char *const ends[] = {NULL, "validating", "compensating", "needs_attention"};

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct saga saga = example(), again;
        struct text values[SAGA_FIELD_COUNT];
        saga.status = SAGA_COMPENSATING;
        saga.pending = ASK_CANCEL_SHIPMENT;
        saga.ends_as = SAGA_FAILED;
        saga_write(arena, &saga, values);
        cr_assert_eq(saga_read(arena, saga.order_id, values, &again), STATUS_OK);
        *field(values, "endsAs") = text_of(ends[i]);
        cr_expect_eq(saga_read(arena, saga.order_id, values, &again), STATUS_BROKEN, "%s", ends[i]);
    }
}

/* ---- an end ---- */

static struct saga ended_example(void)
{
    struct saga saga = example();

    saga.status = SAGA_COMPLETED;
    saga.pending = ASK_NOTHING;
    saga.attempt = 0;
    saga.next_due_ms = 0;
    saga.completed_ms = saga.updated_ms;
    return saga;
}

Test(saga, one_that_ended_has_nothing_to_wait_with)
{
    static const char *const gone[] = {"deadlineAt", "stepDeadlineAt", "nextDueAt", "pendingCommandId", "attempt"};
    static const char *const kept[] = {"order", "results", "source", "lastInput", "since", "completedAt", "total"};
    struct saga saga = ended_example(), again;
    struct text values[SAGA_FIELD_COUNT];

    saga_write(arena, &saga, values);
    for (size_t i = 0; i < COUNT_OF(gone); i++)
        cr_expect_null(field(values, gone[i])->at, "%s does not apply", gone[i]);
    cr_expect(text_equals(*field(values, "policy"), TEXT("{}")));
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        cr_expect_not_null(field(values, kept[i])->at, "%s stays", kept[i]);
    cr_assert_eq(saga_read(arena, saga.order_id, values, &again), STATUS_OK);
    cr_expect_eq(again.status, SAGA_COMPLETED);
}

Test(saga, one_that_ended_with_a_policy_is_read_all_the_same)
{
    struct saga saga = ended_example(), again;
    struct text values[SAGA_FIELD_COUNT];

    saga_write(arena, &saga, values);
    *field(values, "policy") = TEXT("{\"stepAttempts\":5}");
    *field(values, "deadlineAt") = TEXT("2023-11-14T23:13:20.001Z");
    cr_assert_eq(saga_read(arena, saga.order_id, values, &again), STATUS_OK);
    cr_expect_eq(again.deadline_ms, saga.deadline_ms);
}

Test(saga, one_that_is_parked_waits_and_needs_its_policy)
{
    struct saga saga = example(), again;
    struct text values[SAGA_FIELD_COUNT];

    saga.status = SAGA_NEEDS_ATTENTION;
    saga.step = STEP_COUNT - 1;
    saga.pending = ASK_CAPTURE;
    saga_write(arena, &saga, values);
    cr_expect_not_null(field(values, "policy")->at);
    cr_expect_not_null(field(values, "deadlineAt")->at);
    cr_assert_eq(saga_read(arena, saga.order_id, values, &again), STATUS_OK);
    *field(values, "policy") = TEXT_NONE;
    cr_expect_eq(saga_read(arena, saga.order_id, values, &again), STATUS_BROKEN);
}
