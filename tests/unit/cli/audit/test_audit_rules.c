/* What the audit allows is exactly what can happen: a model of the system - the real fold, workers as their scripts are,
 * commands and replies that come late, twice or never - is driven through everything it can do, and every state it reaches
 * must be allowed, and no other. */
#include "audit_rules.h"
#include "fold.h"
#include "policy.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define STATES_MAX 200000
#define ORDER                                                                                                                    \
    "{\"orderId\":\"O\",\"customerId\":\"C\",\"items\":[{\"productId\":\"P\",\"quantity\":1}],\"paymentMethod\":\"tok_x\"}"

enum answer { ANSWER_SUCCEEDED, ANSWER_REFUSED, ANSWER_SHIPPED, ANSWER_COUNT };

/* The whole system, one order. */
struct world {
    struct saga saga;
    unsigned asked;               /* bit a: the command a was sent once, so it may be carried out at any time */
    unsigned answered[ASK_COUNT]; /* bit r: this answer was given once, so it may arrive at any time */
    enum payment_status payment;
    enum reservation_status reservation;
    enum shipment_status shipment;
    bool voided, released, unbooked; /* the undo's own mark */
};

static struct arena *arena;
static struct world *worlds;
static size_t world_count;
static bool reached[SAGA_STATUS_COUNT][ASK_COUNT][PAYMENT_UNKNOWN][RESERVATION_UNKNOWN][SHIPMENT_UNKNOWN];

static bool is_same(const struct world *a, const struct world *b)
{
    return a->saga.status == b->saga.status && a->saga.pending == b->saga.pending && a->saga.step == b->saga.step &&
           a->saga.ends_as == b->saga.ends_as && a->saga.cancel_requested == b->saga.cancel_requested && a->asked == b->asked &&
           memcmp(a->answered, b->answered, sizeof(a->answered)) == 0 && a->payment == b->payment &&
           a->reservation == b->reservation && a->shipment == b->shipment && a->voided == b->voided &&
           a->released == b->released && a->unbooked == b->unbooked;
}

#define TABLE ((size_t)1 << 20)
static size_t table[TABLE];

static uint64_t hash_of(const struct world *world)
{
    uint64_t parts[] = {world->saga.status,
                        world->saga.pending,
                        (uint64_t)world->saga.step,
                        world->saga.ends_as,
                        (uint64_t)world->saga.cancel_requested,
                        world->asked,
                        world->payment,
                        world->reservation,
                        world->shipment,
                        world->voided,
                        world->released,
                        world->unbooked};

    return text_hash((struct text){(const char *)parts, sizeof(parts)}) ^
           text_hash((struct text){(const char *)world->answered, sizeof(world->answered)}) * 31;
}

static void reach(struct world world)
{
    size_t slot = (size_t)hash_of(&world) & (TABLE - 1);

    if (world.saga.pending != ASK_NOTHING && !saga_status_is_parked(world.saga.status))
        world.asked |= 1U << world.saga.pending;
    slot = (size_t)hash_of(&world) & (TABLE - 1);
    for (; table[slot] != 0; slot = (slot + 1) & (TABLE - 1))
        if (is_same(&worlds[table[slot] - 1], &world))
            return;
    cr_assert_lt(world_count, STATES_MAX);
    worlds[world_count++] = world;
    table[slot] = world_count;
    reached[world.saga.status][world.saga.pending][world.payment][world.reservation][world.shipment] = true;
}

/* ---- the saga hears ---- */

static void hear(struct world world, struct inbox_record message, int64_t later_ms)
{
    struct effects effects = {0};
    struct heard heard = {.message = &message, .input = {0, world.saga.last_input.offset + 1, world.saga.updated_ms + later_ms}};

    message.order_id = TEXT("O");
    cr_assert_neq(saga_hear(arena, &world.saga, &heard, &effects), HEARING_BROKEN);
    world.saga.results = TEXT("{}"); /* they would only grow */
    reach(world);
}

static void hear_answers(const struct world *world)
{
    static const char *const outcomes[ANSWER_COUNT] = {"succeeded", "refused", "refused"};
    enum ask ask = world->saga.pending;

    for (enum answer answer = 0; answer < ANSWER_COUNT; answer++)
        if ((world->answered[ask] & 1U << answer) != 0)
            hear(*world,
                 (struct inbox_record){.kind = TEXT("reply"),
                                       .reply = {.command_id = saga_command_id(arena, &world->saga, ask),
                                                 .attempt = world->saga.attempt,
                                                 .outcome = text_of(outcomes[answer]),
                                                 .reason = answer == ANSWER_SHIPPED ? TEXT("already_shipped") : TEXT("no")}},
                 1);
}

static void hear_all(const struct world *world)
{
    const int64_t past_step_deadline_ms = 10 * 60000, past_deadline_ms = 2 * 3600000;

    if (world->saga.pending != ASK_NOTHING)
        hear_answers(world);
    hear(*world, (struct inbox_record){.kind = TEXT("cancel")}, 1);
    hear(*world, (struct inbox_record){.kind = TEXT("retry")}, 1);
    hear(*world, (struct inbox_record){.kind = TEXT("nudge")}, past_step_deadline_ms);
    hear(*world, (struct inbox_record){.kind = TEXT("nudge")}, past_deadline_ms);
}

/* ---- the workers, as their scripts are ---- */

static void answer(struct world world, enum ask ask, enum answer answer)
{
    world.answered[ask] |= 1U << answer;
    reach(world);
}

static void authorize(struct world world)
{
    if (world.payment == PAYMENT_NONE) {
        world.payment = PAYMENT_AUTHORIZING; /* a gateway: the intent first */
        reach(world);
    } else if (world.payment == PAYMENT_AUTHORIZING) {
        world.payment = PAYMENT_AUTHORIZED;
        answer(world, ASK_AUTHORIZE, ANSWER_SUCCEEDED);
        world.payment = PAYMENT_DECLINED;
        answer(world, ASK_AUTHORIZE, ANSWER_REFUSED);
    } else {
        answer(world, ASK_AUTHORIZE, world.payment == PAYMENT_DECLINED || world.voided ? ANSWER_REFUSED : ANSWER_SUCCEEDED);
    }
}

static void capture(struct world world)
{
    if (world.payment == PAYMENT_AUTHORIZED) {
        answer(world, ASK_CAPTURE, ANSWER_REFUSED); /* the gateway may say no: nothing is remembered */
        world.payment = PAYMENT_CAPTURED;
    }
    answer(world, ASK_CAPTURE, world.payment == PAYMENT_CAPTURED ? ANSWER_SUCCEEDED : ANSWER_REFUSED);
}

static void void_payment(struct world world)
{
    if (!world.voided && world.payment == PAYMENT_CAPTURED) {
        answer(world, ASK_VOID, ANSWER_REFUSED);
        return;
    }
    if (!world.voided)
        answer(world, ASK_VOID, ANSWER_REFUSED); /* the gateway says no: it parks */
    world.voided = true;
    if (world.payment != PAYMENT_DECLINED)
        world.payment = PAYMENT_VOIDED;
    answer(world, ASK_VOID, ANSWER_SUCCEEDED);
}

static void allocate(struct world world)
{
    if (world.reservation != RESERVATION_NONE) {
        answer(world, ASK_ALLOCATE, world.reservation == RESERVATION_ALLOCATED ? ANSWER_SUCCEEDED : ANSWER_REFUSED);
        return;
    }
    world.reservation = RESERVATION_ALLOCATED;
    answer(world, ASK_ALLOCATE, ANSWER_SUCCEEDED);
    world.reservation = RESERVATION_REFUSED;
    answer(world, ASK_ALLOCATE, ANSWER_REFUSED);
}

static void release(struct world world)
{
    if (!world.released)
        answer(world, ASK_RELEASE, ANSWER_REFUSED);
    world.released = true;
    if (world.reservation != RESERVATION_REFUSED)
        world.reservation = RESERVATION_RELEASED;
    answer(world, ASK_RELEASE, ANSWER_SUCCEEDED);
}

static void ship(struct world world)
{
    if (world.shipment == SHIPMENT_NONE) {
        world.shipment = SHIPMENT_BOOKING;
        reach(world);
    } else if (world.shipment == SHIPMENT_BOOKING) {
        world.shipment = SHIPMENT_SHIPPED;
        answer(world, ASK_SHIP, ANSWER_SUCCEEDED);
        world.shipment = SHIPMENT_REFUSED;
        answer(world, ASK_SHIP, ANSWER_REFUSED);
    } else {
        answer(world, ASK_SHIP, world.shipment == SHIPMENT_SHIPPED ? ANSWER_SUCCEEDED : ANSWER_REFUSED);
    }
}

static void cancel_shipment(struct world world)
{
    if (!world.unbooked && world.shipment == SHIPMENT_SHIPPED) {
        answer(world, ASK_CANCEL_SHIPMENT, ANSWER_SHIPPED);
        return;
    }
    if (!world.unbooked)
        answer(world, ASK_CANCEL_SHIPMENT, ANSWER_REFUSED);
    world.unbooked = true;
    if (world.shipment != SHIPMENT_REFUSED)
        world.shipment = SHIPMENT_CANCELLED;
    answer(world, ASK_CANCEL_SHIPMENT, ANSWER_SUCCEEDED);
}

static void validate(struct world world)
{
    answer(world, ASK_VALIDATE, ANSWER_SUCCEEDED);
    answer(world, ASK_VALIDATE, ANSWER_REFUSED);
}

static void work(const struct world *world)
{
    static void (*const workers[ASK_COUNT])(struct world world) = {
        [ASK_VALIDATE] = validate, [ASK_AUTHORIZE] = authorize,
        [ASK_ALLOCATE] = allocate, [ASK_SHIP] = ship,
        [ASK_CAPTURE] = capture,   [ASK_VOID] = void_payment,
        [ASK_RELEASE] = release,   [ASK_CANCEL_SHIPMENT] = cancel_shipment,
    };

    for (enum ask ask = ASK_NOTHING + 1; ask < ASK_COUNT; ask++)
        if ((world->asked & 1U << ask) != 0)
            workers[ask](*world);
}

/* ---- everything that can happen ---- */

static void explore(void)
{
    struct policy policy = policy_default();
    struct world first = {.asked = 0};

    policy_spread(&policy);
    hear(first,
         (struct inbox_record){
             .kind = TEXT("order"), .order = TEXT(ORDER), .source = TEXT("{}"), .policy = policy_text(arena, &policy)},
         1);
    for (size_t i = 0; i < world_count; i++) {
        struct world world = worlds[i];
        hear_all(&world);
        work(&world);
    }
}

static struct audit_parts parts_of(int status, int pending, int payment, int reservation, int shipment)
{
    struct audit_parts parts = {
        .status = status, .pending = pending, .payment = payment, .reservation = reservation, .shipment = shipment};

    for (int step = 0; step < STEP_COUNT && pending != ASK_NOTHING; step++)
        if (step_at(step)->ask == (enum ask)pending || step_at(step)->undo == (enum ask)pending)
            parts.step = step;
    return parts;
}

static void expect_agreement(int status, int pending, int payment, int reservation, int shipment)
{
    struct audit_parts parts = parts_of(status, pending, payment, reservation, shipment);
    bool allowed = audit_judge_parts(&parts) == 0;

    cr_expect_eq(allowed, reached[status][pending][payment][reservation][shipment],
                 "%s pending %s payment %d reservation %d shipment %d is %s", saga_status_text(status), ask_type(pending),
                 payment, reservation, shipment, allowed ? "allowed but never happens" : "refused");
}

Test(audit_rules, allow_what_can_happen_and_nothing_else)
{
    arena = arena_create();
    worlds = calloc(STATES_MAX, sizeof(*worlds));
    explore();
    cr_expect_gt(world_count, 1000);
    for (int status = SAGA_VALIDATING; status < SAGA_STATUS_COUNT; status++)
        for (int pending = 0; pending < ASK_COUNT; pending++)
            for (int payment = 0; payment < PAYMENT_UNKNOWN; payment++)
                for (int reservation = 0; reservation < RESERVATION_UNKNOWN; reservation++)
                    for (int shipment = 0; shipment < SHIPMENT_UNKNOWN; shipment++)
                        if (status != SAGA_NEEDS_ATTENTION || payment == PAYMENT_AUTHORIZED || payment == PAYMENT_CAPTURED)
                            expect_agreement(status, pending, payment, reservation, shipment);
    free(worlds);
    arena_destroy(arena);
}

/* ---- the words that tell what is wrong ---- */

static const struct {
    const char *status;
    enum ask pending;
    int step;
    const char *payment, *reservation, *shipment, *violations;
} stories[] = {
    {"completed", ASK_NOTHING, 4, "captured", "allocated", "shipped", ""},
    {"completed", ASK_NOTHING, 4, "authorized", "allocated", "shipped", "payment_out_of_step"},
    {"completed", ASK_NOTHING, 4, "captured", "released", "shipped", "reservation_out_of_step"},
    {"completed", ASK_NOTHING, 4, "captured", "allocated", NULL, "shipment_out_of_step"},
    {"completed", ASK_NOTHING, 4, "captured", "nonsense", "nonsense", "reservation_out_of_step shipment_out_of_step"},
    {"completed", ASK_CAPTURE, 4, "captured", "allocated", "shipped", "pending_out_of_step"},
    {"failed", ASK_NOTHING, 1, "declined", NULL, NULL, ""},
    {"failed", ASK_NOTHING, 1, "authorized", NULL, NULL, "payment_out_of_step"},
    {"failed", ASK_NOTHING, 1, "captured", NULL, NULL, "captured_wrongly"},
    {"failed", ASK_NOTHING, 1, NULL, "released", NULL, "step_skipped"},
    {"failed", ASK_NOTHING, 3, "voided", "refused", "refused", "step_skipped"},
    {"cancelled", ASK_NOTHING, 3, "voided", "allocated", "cancelled", "reservation_out_of_step"},
    {"rejected", ASK_NOTHING, 0, "voided", NULL, NULL, "payment_out_of_step"},
    {"validating", ASK_VALIDATE, 0, "authorized", NULL, NULL, "payment_out_of_step"},
    {"authorizing_payment", ASK_AUTHORIZE, 1, "nonsense", NULL, NULL, "payment_out_of_step"},
    {"allocating_inventory", ASK_ALLOCATE, 1, "authorized", NULL, NULL, "pending_out_of_step"},
    {"allocating_inventory", ASK_RELEASE, 2, "authorized", NULL, NULL, "pending_out_of_step"},
    {"fulfilling", ASK_SHIP, 3, "captured", "allocated", "shipped", "captured_wrongly"},
    {"capturing_payment", ASK_CAPTURE, 4, "captured", "allocated", "shipped", ""},
    {"capturing_payment", ASK_CAPTURE, 4, "voided", "allocated", "shipped", "payment_out_of_step"},
    {"needs_attention", ASK_CAPTURE, 4, "voided", "allocated", "shipped", ""},
    {"needs_attention", ASK_CAPTURE, 4, "captured", "released", "shipped", "reservation_out_of_step"},
    {"compensating", ASK_VOID, 1, "captured", NULL, NULL, "captured_wrongly"},
    {"compensating", ASK_VOID, 2, "authorized", NULL, NULL, "pending_out_of_step"},
    {"compensation_failed", ASK_RELEASE, 2, "voided", "allocated", NULL, "payment_out_of_step"},
};

static const char *words_of(audit_set found)
{
    static char words[512];

    words[0] = '\0';
    for (enum audit_violation violation = 0; violation < AUDIT_VIOLATION_COUNT; violation++)
        if ((found & AUDIT_SET(violation)) != 0)
            snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", words[0] == '\0' ? "" : " ",
                     audit_word(violation));
    return words;
}

Test(audit_rules, say_what_is_wrong)
{
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        struct audit_parts parts = {
            .status = saga_status_of(text_of(stories[i].status)),
            .step = stories[i].step,
            .pending = stories[i].pending,
            .payment = payment_status_of(text_of(stories[i].payment)),
            .reservation = reservation_status_of(text_of(stories[i].reservation)),
            .shipment = shipment_status_of(text_of(stories[i].shipment)),
        };
        cr_expect_str_eq(words_of(audit_judge_parts(&parts)), stories[i].violations, "story %zu", i);
    }
}

Test(audit_rules, what_is_swept_may_be_gone_but_not_wrong)
{
    struct audit_parts parts = {.status = SAGA_COMPLETED, .step = 4, .payment = PAYMENT_NONE, .may_be_swept = true};

    cr_expect_eq(audit_judge_parts(&parts), 0);
    parts.payment = PAYMENT_AUTHORIZED;
    cr_expect_str_eq(words_of(audit_judge_parts(&parts)), "payment_out_of_step");
    parts = (struct audit_parts){.status = SAGA_COMPLETED, .step = 4, .payment = PAYMENT_NONE};
    cr_expect_str_eq(words_of(audit_judge_parts(&parts)), "payment_out_of_step reservation_out_of_step shipment_out_of_step");
    parts = (struct audit_parts){.status = SAGA_FULFILLING, .step = 3, .pending = ASK_SHIP, .may_be_swept = true};
    cr_expect_neq(audit_judge_parts(&parts), 0, "what runs is never swept");
}

/* ---- the whole order ---- */

#define NOW INT64_C(1767225600000)
#define RETENTION INT64_C(604800000)

static struct audit_order completed(void)
{
    return (struct audit_order){
        .order_id = TEXT("O"),
        .has_saga = true,
        .is_readable = true,
        .saga = {.status = SAGA_COMPLETED, .step = 4, .version = 7, .total = 10, .currency = TEXT("USD"), .completed_ms = NOW},
        .payment = TEXT("captured"),
        .amount = TEXT("10"),
        .currency = TEXT("USD"),
        .reservation = TEXT("allocated"),
        .items = TEXT("P=1"),
        .expected_items = TEXT("P=1"),
        .shipment = TEXT("shipped"),
        .has_history = true,
        .history_version = 7,
        .indexes = audit_index_bit(SAGA_COMPLETED)};
}

static struct audit_order running(void)
{
    return (struct audit_order){.order_id = TEXT("O"),
                                .has_saga = true,
                                .is_readable = true,
                                .saga = {.status = SAGA_VALIDATING,
                                         .pending = ASK_VALIDATE,
                                         .version = 3,
                                         .deadline_ms = NOW,
                                         .step_deadline_ms = NOW,
                                         .timer_ms = NOW},
                                .has_history = true,
                                .history_version = 1,
                                .indexes = audit_index_bit(SAGA_VALIDATING),
                                .has_timer = true,
                                .timer_ms = NOW};
}

static const char *judged(const struct audit_order *order) { return words_of(audit_judge(order, NOW, RETENTION)); }

#define EXPECT(start, change, words)                                                                                             \
    do {                                                                                                                         \
        struct audit_order order = start();                                                                                      \
        change;                                                                                                                  \
        cr_expect_str_eq(judged(&order), words);                                                                                 \
    } while (0)

Test(audit_rules, an_ended_order)
{
    EXPECT(completed, , "");
    EXPECT(completed, order.amount = TEXT("11"), "total_differs");
    EXPECT(completed, order.amount = TEXT_NONE, "total_differs");
    EXPECT(completed, order.currency = TEXT("EUR"), "total_differs");
    EXPECT(completed, order.items = TEXT("P=2"), "items_differ");
    EXPECT(completed, order.reserved_elsewhere = true, "reservation_elsewhere");
    EXPECT(completed, order.indexes = 0, "index_missing");
    EXPECT(completed, order.indexes |= audit_index_bit(SAGA_FULFILLING), "index_stray");
    EXPECT(completed, order.has_timer = true, "timer_stray");
    EXPECT(completed, order.has_stray_timer = true, "timer_stray");
    EXPECT(completed, order.history_version = 6, "history_out_of_step");
    EXPECT(completed, order.history_version = 8, "history_out_of_step");
    EXPECT(completed, order.has_history = false, "history_out_of_step");
    EXPECT(completed, order.is_set_aside = true, "saga_set_aside");
    EXPECT(completed, order.is_readable = false, "saga_broken");
    EXPECT(completed, order.saga.completed_ms = NOW - RETENTION - 1; order.indexes = 0;
           order.payment = order.shipment = TEXT_NONE, "");
}

Test(audit_rules, a_running_order)
{
    EXPECT(running, , "");
    EXPECT(running, order.saga.deadline_ms = NOW - AUDIT_TIMER_ALLOWANCE_MS, "");
    EXPECT(running, order.saga.deadline_ms = NOW - AUDIT_TIMER_ALLOWANCE_MS - 1, "past_deadline");
    EXPECT(running, order.saga.step_deadline_ms = NOW - AUDIT_TIMER_ALLOWANCE_MS - 1, "past_step_deadline");
    EXPECT(running, order.has_timer = false, "timer_missing");
    EXPECT(running, order.saga.timer_ms = 0, "timer_missing");
    EXPECT(running, order.timer_ms = NOW + AUDIT_TIMER_ALLOWANCE_MS, "");
    EXPECT(running, order.timer_ms = NOW + AUDIT_TIMER_ALLOWANCE_MS + 1, "timer_late");
    EXPECT(running, order.timer_ms = 0, "");
    EXPECT(running, order.history_version = 4, "history_out_of_step");
    EXPECT(running, order.indexes = audit_index_bit(SAGA_COMPENSATING), "index_missing index_stray");
}

Test(audit_rules, what_is_past_the_pivot_may_be_past_the_deadline)
{
    struct audit_order order = running();

    order.saga.status = SAGA_CAPTURING_PAYMENT;
    order.saga.pending = ASK_CAPTURE;
    order.saga.step = 4;
    order.saga.deadline_ms = NOW - 10 * AUDIT_TIMER_ALLOWANCE_MS;
    order.payment = TEXT("authorized");
    order.reservation = TEXT("allocated");
    order.shipment = TEXT("shipped");
    cr_expect_str_eq(judged(&order), "");
    order.saga.status = SAGA_NEEDS_ATTENTION;
    order.saga.step_deadline_ms = 0;
    order.indexes = audit_index_bit(SAGA_NEEDS_ATTENTION);
    order.has_timer = false;
    order.history_version = order.saga.version;
    cr_expect_str_eq(judged(&order), "", "it is parked: no deadline holds");
}

Test(audit_rules, what_has_no_saga)
{
    struct audit_order order = {.order_id = TEXT("O")};

    cr_expect_eq(audit_judge(&order, NOW, RETENTION), 0);
    order.payment = order.reservation = order.shipment = TEXT("x");
    order.has_history = true;
    order.indexes = audit_index_bit(SAGA_FAILED);
    order.has_timer = true;
    cr_expect_str_eq(
        judged(&order),
        "index_stray timer_stray payment_without_saga reservation_without_saga shipment_without_saga history_without_saga");
}
