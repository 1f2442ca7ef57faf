/* The saga, told as stories. A story is what the orchestrator hears after the order: "authorize+" is a success of that command,
 * "ship-" a refusal, "ship!" a failure for the moment, "cancel", "retry", "nudge@T" a nudge T ms after the last record,
 * "later@T" T ms in which nothing is heard. */
#include "fold.h"

#include "policy.h"
#include "set_back.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_MS 10
#define STORY_MAX 64

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(fold, .init = set_up, .fini = tear_down);

struct teller {
    struct saga saga;
    struct effects effects; /* of the last record */
    enum hearing hearing;   /* of the last record */
    int64_t offset, time_ms;
    int64_t latest_ms;   /* Redis' time */
    char events[1024];   /* all events so far, with a space behind each */
    char commands[1024]; /* all commands sent so far */
};

static const struct {
    const char *word;
    enum ask ask;
} words[] = {
    {"validate", ASK_VALIDATE}, {"authorize", ASK_AUTHORIZE}, {"allocate", ASK_ALLOCATE}, {"ship", ASK_SHIP},
    {"capture", ASK_CAPTURE},   {"void", ASK_VOID},           {"release", ASK_RELEASE},   {"unship", ASK_CANCEL_SHIPMENT},
};

static enum hearing tell_at(struct teller *teller, const struct inbox_record *message, int64_t offset, int64_t time_ms)
{
    struct inbox_record *kept = arena_take(arena, sizeof(*kept));
    struct heard heard = {.message = kept, .input = {3, offset, time_ms}, .latest_ms = teller->latest_ms};

    *kept = *message;
    kept->order_id = TEXT("ORD-1");
    teller->effects = (struct effects){0};
    teller->hearing = saga_hear(arena, &teller->saga, &heard, &teller->effects);
    for (size_t i = 0; i < teller->effects.event_count; i++) {
        strncat(teller->events, teller->effects.events[i].type.at, teller->effects.events[i].type.length);
        strcat(teller->events, " ");
    }
    if (teller->effects.send_command && saga_has_something_to_send(&teller->saga)) {
        strcat(teller->commands, ask_type(teller->saga.pending));
        strcat(teller->commands, " ");
    }
    return teller->hearing;
}

static enum hearing tell(struct teller *teller, const struct inbox_record *message)
{
    teller->offset++;
    teller->time_ms += STEP_MS;
    return tell_at(teller, message, teller->offset, teller->time_ms);
}

static struct inbox_record order_of(const char *json)
{
    struct policy policy = policy_default();

    return (struct inbox_record){.kind = TEXT("order"),
                                 .order = text_of(json),
                                 .source = TEXT("{\"topic\":\"orders\",\"partition\":0,\"offset\":7}"),
                                 .policy = policy_text(arena, &policy)};
}

static struct inbox_record reply_of(const struct teller *teller, enum ask ask, char outcome)
{
    struct reply reply = {
        .command_id = saga_command_id(arena, &(struct saga){.order_id = TEXT("ORD-1")}, ask),
        .type = text_of(ask_type(ask)),
        .attempt = teller->saga.attempt,
        .outcome = outcome == '+'   ? TEXT("succeeded")
                   : outcome == '-' ? TEXT("refused")
                                    : TEXT("failed"),
    };

    if (outcome == '+')
        reply.result = ask == ASK_AUTHORIZE ? TEXT("{\"amount\":3998,\"currency\":\"USD\"}") : TEXT("{\"ok\":1}");
    if (outcome == '-')
        reply.reason = TEXT("no_such_luck");
    if (outcome == '!')
        reply.reason = TEXT("out_to_lunch");
    if (outcome == '^') { /* the shipment had left */
        reply.outcome = TEXT("refused");
        reply.reason = TEXT("already_shipped");
        reply.result = TEXT("{\"trackingNumber\":\"T1\"}");
    }
    return (struct inbox_record){.kind = TEXT("reply"), .reply = reply};
}

static void tell_word(struct teller *teller, const char *word)
{
    size_t length = strlen(word);

    if (strcmp(word, "cancel") == 0 || strcmp(word, "retry") == 0) {
        tell(teller, &(struct inbox_record){.kind = text_of(word)});
        return;
    }
    if (strncmp(word, "nudge@", 6) == 0) {
        teller->time_ms += atoll(word + 6);
        tell(teller, &(struct inbox_record){.kind = TEXT("nudge")});
        return;
    }
    if (strncmp(word, "later@", 6) == 0) {
        teller->time_ms += atoll(word + 6);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strlen(words[i].word) == length - 1 && strncmp(words[i].word, word, length - 1) == 0) {
            struct inbox_record message = reply_of(teller, words[i].ask, word[length - 1]);
            tell(teller, &message);
            return;
        }
    cr_assert(false, "no such word: %s", word);
}

static struct teller begin(void)
{
    struct teller teller = {.offset = 100, .time_ms = INT64_C(1700000000000)};
    struct inbox_record order = order_of("{\"orderId\":\"ORD-1\"}");

    tell(&teller, &order);
    return teller;
}

static struct teller walk(const char *story)
{
    struct teller teller = begin();
    char copy[512];

    snprintf(copy, sizeof(copy), "%s", story);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        tell_word(&teller, word);
    return teller;
}

#define ALL "validate+ authorize+ allocate+ ship+ capture+"

static const struct {
    const char *story, *ends_as, *reason;
} stories[] = {
    {"", "validating", ""},
    {"validate+", "authorizing_payment", ""},
    {"validate+ authorize+", "allocating_inventory", ""},
    {"validate+ authorize+ allocate+", "fulfilling", ""},
    {"validate+ authorize+ allocate+ ship+", "capturing_payment", ""},
    {ALL, "completed", ""},
    /* refused at each step; undo strictly in reverse order, one at a time */
    {"validate-", "rejected", "no_such_luck"},
    {"validate+ authorize-", "failed", "no_such_luck"},
    {"validate+ authorize+ allocate-", "compensating", "no_such_luck"},
    {"validate+ authorize+ allocate- void+", "failed", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship-", "compensating", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship- void+", "compensating", "no_such_luck"}, /* not its turn */
    {"validate+ authorize+ allocate+ ship- release+", "compensating", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship- release+ void+", "failed", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship+ capture-", "needs_attention", "no_such_luck"},
    /* late and repeated replies change nothing */
    {"validate+ validate+ authorize+", "allocating_inventory", ""},
    {"capture+ ship+ allocate+ void+", "validating", ""},
    {ALL " ship- authorize! cancel retry", "completed", ""},
    /* failures for the moment: the step stays, attempts are counted */
    {"validate+ authorize!", "authorizing_payment", ""},
    {"validate+ authorize! nudge@200 authorize+", "allocating_inventory", ""},
    {"validate+ authorize! authorize+", "allocating_inventory", ""}, /* a late success of the first attempt */
    /* an undo that is refused parks, and a late success moves it on */
    {"validate+ authorize+ allocate- void-", "compensation_failed", "no_such_luck"},
    {"validate+ authorize+ allocate- void- void-", "compensation_failed", "no_such_luck"},
    {"validate+ authorize+ allocate- void- void+", "failed", "no_such_luck"},
    {"validate+ authorize+ allocate- void- retry", "compensating", "no_such_luck"},
    {"validate+ authorize+ allocate- void- retry void+", "failed", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship+ capture- capture+", "completed", ""},
    {"validate+ authorize+ allocate+ ship+ capture- retry", "capturing_payment", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship+ capture- retry capture+", "completed", ""},
    /* cancelled before the pivot: the pending step is undone too, its outcome is unknown */
    {"cancel", "cancelled", "cancelled_by_request"},
    {"validate+ cancel", "compensating", "cancelled_by_request"},
    {"validate+ cancel void+", "cancelled", "cancelled_by_request"},
    {"validate+ authorize+ cancel", "compensating", "cancelled_by_request"},
    {"validate+ authorize+ cancel release+ void+", "cancelled", "cancelled_by_request"},
    /* during the shipment it is remembered, after it refused */
    {"validate+ authorize+ allocate+ cancel", "fulfilling", ""},
    {"validate+ authorize+ allocate+ cancel ship+ capture+", "completed", ""},
    {"validate+ authorize+ allocate+ cancel ship- release+ void+", "cancelled", "cancelled_by_request"},
    {"validate+ authorize+ allocate+ ship+ cancel capture+", "completed", ""},
    /* given up: the outcome is unknown, so the step itself is undone too */
    {"validate+ authorize+ nudge@600000", "compensating", "step_timed_out"},
    {"validate+ authorize+ nudge@600000 release+ void+", "failed", "step_timed_out"},
    {"validate+ authorize+ allocate+ nudge@600000", "compensating", "step_timed_out"},
    {"validate+ authorize+ allocate+ nudge@600000 unship+ release+ void+", "failed", "step_timed_out"},
    {"validate+ authorize+ allocate+ nudge@600000 unship^", "capturing_payment", ""},
    {"validate+ authorize+ allocate+ nudge@600000 unship^ capture+", "completed", ""},
    {"validate+ authorize+ allocate+ cancel nudge@600000 unship+ release+ void+", "cancelled", "cancelled_by_request"},
    {"validate+ authorize+ allocate+ ship+ nudge@600000", "needs_attention", "step_timed_out"},
    {"nudge@600000", "failed", "step_timed_out"},
    {"validate+ authorize+ allocate+ nudge@600000 cancel unship+ release+ void+", "failed",
     "step_timed_out"},                                                                      /* too late to ask */
    {"validate+ authorize+ allocate+ nudge@600000 ship+", "compensating", "step_timed_out"}, /* a late answer changes nothing */
    {"validate+ nudge@600000 authorize+ void+", "failed", "step_timed_out"},
    {"validate+ nudge@600000 nudge@600000", "compensation_failed", "step_timed_out"},
    {"validate+ nudge@600000 nudge@600000 void+", "failed", "step_timed_out"},
    {"nudge@3600000", "failed", "deadline_exceeded"},
    {"validate+ authorize+ nudge@3600000", "compensating", "deadline_exceeded"},
    {"validate+ authorize+ allocate+ later@3600000 ship+", "capturing_payment",
     ""}, /* while the shipment is pending it waits for that */
    {"validate+ authorize+ allocate+ later@3600000 ship- release+ void+", "failed", "no_such_luck"},
    {"validate+ authorize+ allocate+ ship+ later@3600000 capture+", "completed", ""},
    /* an answer that comes after the deadline, and before the nudge: the shipment is not asked for any more */
    {"validate+ authorize+ later@3600000 allocate+", "compensating", "deadline_exceeded"},
    {"validate+ authorize+ later@3600000 allocate+ release+ void+", "failed", "deadline_exceeded"},
    {"validate+ later@3600000 authorize+ void+", "failed", "deadline_exceeded"},
    {"later@3600000 validate+", "failed", "deadline_exceeded"},
    /* silence: the same command again, and nothing is used up */
    {"validate+ nudge@10000 nudge@10000 nudge@10000", "authorizing_payment", ""},
    {"validate+ nudge@100", "authorizing_payment", ""},
};

Test(fold, every_story_ends_where_it_should)
{
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        struct teller teller = walk(stories[i].story);
        cr_expect_str_eq(saga_status_text(teller.saga.status), stories[i].ends_as, "%s", stories[i].story);
        cr_expect(text_equals(teller.saga.reason, text_of(stories[i].reason)), "%s: reason %.*s", stories[i].story,
                  TEXT_ARG(teller.saga.reason));
        cr_expect_eq(saga_status_is_terminal(teller.saga.status), teller.saga.completed_ms != 0, "%s", stories[i].story);
        cr_expect_eq(saga_status_is_terminal(teller.saga.status), teller.saga.pending == ASK_NOTHING, "%s", stories[i].story);
    }
}

Test(fold, undo_runs_in_reverse_order_one_at_a_time)
{
    struct teller teller = walk("validate+ authorize+ allocate+ ship- release+ void+");

    cr_expect_str_eq(teller.commands, "order.validate payment.authorize inventory.allocate fulfillment.ship inventory.release "
                                      "payment.void ");
    cr_expect_str_eq(teller.events, "order.accepted order.validated payment.authorized inventory.allocated "
                                    "compensation.started inventory.released payment.voided order.failed ");
}

Test(fold, a_healthy_order_raises_its_events_in_order)
{
    struct teller teller = walk(ALL);

    cr_expect_str_eq(teller.events, "order.accepted order.validated payment.authorized inventory.allocated order.shipped "
                                    "payment.captured order.completed ");
    cr_expect_eq(teller.saga.total, 3998);
    cr_expect(text_equals(teller.saga.currency, TEXT("USD")));
    cr_expect_eq(teller.saga.version, 6);
}

/* Every status with everything that can be heard: the pair is in the table of moves, or it changes nothing. */
Test(fold, every_status_hears_everything)
{
    static const char *const ways[] = {
        "",
        "validate+",
        "validate+ authorize+",
        "validate+ authorize+ allocate+",
        "validate+ authorize+ allocate+ ship+",
        "validate+ authorize+ allocate-",
        "validate+ authorize+ allocate+ ship-",
        "validate+ authorize+ allocate- void-",
        "validate+ authorize+ allocate+ ship+ capture-",
        ALL,
        "validate-",
        "validate+ authorize-",
        "cancel",
        "validate+ authorize+ allocate+ nudge@600000",
    };
    static const char outcomes[] = "+-!^";

    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        for (size_t i = 0; i < COUNT_OF(words); i++) {
            for (size_t j = 0; outcomes[j] != '\0'; j++) {
                struct teller teller = walk(ways[way]);
                struct saga before = teller.saga;
                char word[32];
                snprintf(word, sizeof(word), "%s%c", words[i].word, outcomes[j]);
                tell_word(&teller, word);
                bool expected = before.pending == words[i].ask;
                if (saga_status_is_parked(before.status) && outcomes[j] != '+')
                    expected = false;
                cr_expect_eq(teller.hearing == HEARING_CHANGED, expected, "%s | %s", ways[way], word);
                cr_expect_eq(teller.saga.version, before.version + (expected ? 1 : 0), "%s | %s", ways[way], word);
                if (!expected)
                    cr_expect_arr_eq(&before, &teller.saga, sizeof(before), "%s | %s changes nothing", ways[way], word);
            }
        }
    }
}

Test(fold, attempts_run_out_and_the_unknown_step_is_undone)
{
    struct teller teller = walk("validate+ authorize+");

    for (int attempt = 1; attempt < 5; attempt++) {
        tell_word(&teller, "allocate!");
        cr_expect_eq(teller.saga.attempt, attempt + 1);
        cr_expect(!saga_has_something_to_send(&teller.saga), "it backs off first");
        tell_word(&teller, "nudge@30000");
        cr_expect(saga_has_something_to_send(&teller.saga));
    }
    tell_word(&teller, "allocate!");
    cr_expect_eq(teller.saga.status, SAGA_COMPENSATING);
    cr_expect_eq(teller.saga.pending, ASK_RELEASE);
    cr_expect(text_equals(teller.saga.reason, TEXT("out_to_lunch")));
}

Test(fold, a_failure_counts_only_for_the_attempt_that_is_pending)
{
    struct teller teller = walk("validate+ authorize! nudge@30000");
    struct inbox_record late = reply_of(&teller, ASK_AUTHORIZE, '!');

    late.reply.attempt = 1;
    cr_expect_eq(tell(&teller, &late), HEARING_IGNORED);
    cr_expect_eq(teller.saga.attempt, 2);
}

Test(fold, a_redelivery_changes_nothing_and_sends_again_what_it_caused)
{
    struct teller teller = walk("validate+ authorize+");
    struct saga before = teller.saga;
    struct inbox_record last = reply_of(&teller, ASK_AUTHORIZE, '+');

    cr_expect_eq(tell_at(&teller, &last, teller.offset, teller.time_ms), HEARING_REDELIVERED);
    cr_expect_arr_eq(&before, &teller.saga, sizeof(before));
    cr_expect_eq(teller.effects.redelivered_count, 1);
    cr_expect_eq(teller.effects.redelivered[0].offset, teller.offset);
    cr_expect(teller.effects.send_command);
    cr_expect(teller.effects.write_index && teller.effects.write_timer);
    /* an older one: its command has been answered, only its events go out again */
    cr_expect_eq(tell_at(&teller, &last, teller.offset - 1, teller.time_ms - STEP_MS), HEARING_REDELIVERED);
    cr_expect(!teller.effects.send_command);
}

Test(fold, a_log_that_lost_its_tail_gives_the_same_offsets_at_later_times)
{
    struct teller teller = walk("validate+");
    struct inbox_record next = reply_of(&teller, ASK_AUTHORIZE, '+');

    cr_expect_eq(tell_at(&teller, &next, teller.offset, teller.time_ms + 5000), HEARING_CHANGED);
    cr_expect_eq(teller.saga.status, SAGA_ALLOCATING_INVENTORY);
}

Test(fold, the_same_order_twice_is_a_duplicate_and_another_one_a_conflict)
{
    struct teller teller = walk("validate+");
    struct saga before = teller.saga;
    struct inbox_record same = order_of("{ \"orderId\" : \"ORD-1\" }");
    struct inbox_record other = order_of("{\"orderId\":\"ORD-1\",\"customerId\":\"C-2\"}");

    cr_expect_eq(tell(&teller, &same), HEARING_DUPLICATE);
    cr_expect_arr_eq(&before, &teller.saga, sizeof(before));
    for (int times = 0; times < 2; times++) { /* again after a crash */
        cr_expect_eq(tell_at(&teller, &other, 120, teller.time_ms), HEARING_CONFLICT);
        cr_expect_arr_eq(&before, &teller.saga, sizeof(before), "it says nothing about the order that is under way");
        cr_expect_arr_eq(&teller.effects, &(struct effects){0}, sizeof(struct effects));
    }
    teller.offset = 130; /* the saga went on before the crash: still a conflict, to be buried again */
    tell_word(&teller, "authorize+");
    before = teller.saga;
    cr_expect_eq(tell_at(&teller, &other, 120, teller.time_ms - 5), HEARING_CONFLICT);
    cr_expect_arr_eq(&before, &teller.saga, sizeof(before));
    cr_expect_arr_eq(&teller.effects, &(struct effects){0}, sizeof(struct effects));
}

Test(fold, a_conflict_is_named_by_the_record_of_the_order)
{
    static const struct {
        struct text source;
        const char *id, *at;
    } cases[] = {
        {TEXT("{\"topic\":\"orders\",\"partition\":2,\"offset\":7,\"timestamp\":1700000000123}"), "ORD-1/conflict/orders/2/7",
         "2023-11-14T22:13:20.123Z"},
        {TEXT("{}"), "ORD-1/conflict/saga.inbox/3/9", "2023-11-14T22:13:21.000Z"}, /* somebody else wrote it to saga.inbox */
        {TEXT("{\"topic\":\"or/ders\",\"partition\":2,\"offset\":7,\"timestamp\":1}"), "ORD-1/conflict/saga.inbox/3/9",
         "2023-11-14T22:13:21.000Z"},
    };
    struct teller teller = walk("validate+");
    struct input input = {3, 9, INT64_C(1700000001000)};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct saga_event event = event_of_conflict(arena, &teller.saga, cases[i].source, &input);
        const struct json *root;
        cr_assert_eq(json_read(arena, event_record(arena, TEXT("ORD-1"), &event), &root), STATUS_OK);
        cr_expect(text_equals(event_id(arena, TEXT("ORD-1"), &event), text_of(cases[i].id)), "%.*s", TEXT_ARG(event.id));
        cr_expect(text_equals(json_string(arena, json_member(root, TEXT("eventId"))), text_of(cases[i].id)));
        cr_expect(text_equals(json_string(arena, json_member(root, TEXT("type"))), TEXT("order.conflict")));
        cr_expect(text_equals(json_string(arena, json_member(root, TEXT("at"))), text_of(cases[i].at)));
        cr_expect(text_equals(json_string(arena, json_member(root, TEXT("status"))), TEXT("authorizing_payment")));
        cr_expect(text_equals(json_raw(json_member(root, TEXT("source"))), cases[i].source));
    }
}

/* As Redis has it. */
Test(fold, one_that_ended_hears_with_an_empty_policy)
{
    struct inbox_record other = order_of("{\"orderId\":\"ORD-1\",\"customerId\":\"C-2\"}");
    struct teller teller = walk(ALL);

    teller.saga.policy = TEXT("{}");
    tell_word(&teller, "capture+");
    cr_expect_eq(teller.hearing, HEARING_IGNORED);
    tell_word(&teller, "cancel");
    cr_expect_eq(teller.hearing, HEARING_IGNORED);
    tell_word(&teller, "nudge@3600000");
    cr_expect_eq(teller.hearing, HEARING_IGNORED);
    cr_expect_eq(tell(&teller, &other), HEARING_CONFLICT);
    cr_expect_eq(teller.saga.status, SAGA_COMPLETED);
}

Test(fold, one_that_waits_without_a_policy_is_broken)
{
    struct teller teller = walk("validate+ authorize+ allocate+ ship+ capture-");

    teller.saga.policy = TEXT_NONE;
    tell_word(&teller, "retry");
    cr_expect_eq(teller.hearing, HEARING_BROKEN);
}

Test(fold, what_nobody_admitted_is_ignored)
{
    struct teller teller = {.offset = 1, .time_ms = 1};
    static const char *const kinds[] = {"reply", "nudge", "cancel", "retry"};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct inbox_record message = {.kind = text_of(kinds[i]), .reply = {.command_id = TEXT("ORD-1/payment.void")}};
        cr_expect_eq(tell(&teller, &message), HEARING_IGNORED);
        cr_expect_eq(teller.saga.version, 0);
        bool is_nudge = strcmp(kinds[i], "nudge") == 0;
        cr_expect_eq(teller.effects.write_timer && teller.effects.write_index && teller.effects.mend_indexes, is_nudge,
                     "%s: the entry of a saga that is not there is removed", kinds[i]);
        cr_expect_eq(teller.saga.timer_ms, 0);
    }
}

Test(fold, a_nudge_writes_timer_and_index_anew_whatever_the_saga_does)
{
    static const char *const ways[] = {"", "validate+", "validate+ authorize+ allocate- void-", ALL, "validate-"};

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct teller teller = walk(ways[i]);
        bool waits = teller.saga.next_due_ms != 0;
        tell_word(&teller, "nudge@1");
        cr_expect(teller.effects.write_timer && teller.effects.write_index && teller.effects.mend_indexes, "%s", ways[i]);
        cr_expect_eq(teller.saga.timer_ms != 0, waits, "%s", ways[i]);
    }
}

/* The step timeout is longer than the order lives: one write at the admission, one at the end. */
Test(fold, a_healthy_order_writes_its_timer_twice)
{
    static const char *const steps[] = {"validate+", "authorize+", "allocate+", "ship+", "capture+"};
    struct teller teller = begin();
    size_t writes = teller.effects.write_timer;

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        tell_word(&teller, steps[i]);
        writes += teller.effects.write_timer;
    }
    cr_expect_eq(teller.saga.status, SAGA_COMPLETED);
    cr_expect_eq(writes, 2);
}

static void expect_failure(const char *story, const char *failure)
{
    struct teller teller = walk(story);

    cr_expect(text_equals(teller.saga.last_failure, text_of(failure)), "%s: %.*s", story, TEXT_ARG(teller.saga.last_failure));
}

Test(fold, why_it_is_parked_is_in_the_saga)
{
    expect_failure("validate+ authorize+ allocate- void-", "no_such_luck");
    expect_failure("validate+ authorize+ allocate+ ship+ capture-", "no_such_luck");
    expect_failure("validate+ nudge@600000 nudge@600000", "step_timed_out");
    expect_failure("validate+ authorize+ allocate+ ship+ capture! nudge@600000",
                   "out_to_lunch"); /* tells more than that the time is up */
    expect_failure("validate+ authorize!", "out_to_lunch");
    expect_failure("validate+ authorize! authorize+", "");
    expect_failure("validate+ authorize+ allocate- void- retry", "");
    expect_failure("validate+ authorize+ allocate- void- void+", "");
}

Test(fold, an_undo_that_is_refused_without_a_reason_says_so)
{
    struct teller teller = walk("validate+ authorize+ allocate-");
    struct inbox_record message = reply_of(&teller, ASK_VOID, '-');

    message.reply.reason = TEXT_NONE;
    tell(&teller, &message);
    cr_expect_eq(teller.saga.status, SAGA_COMPENSATION_FAILED);
    cr_expect(text_equals(teller.saga.last_failure, TEXT("undo_refused")));
}

Test(fold, a_retry_starts_the_attempts_afresh)
{
    struct teller parked = walk("validate+ authorize+ allocate- void-");

    tell(&parked, &(struct inbox_record){.kind = TEXT("retry"), .requested_by = TEXT("bob")});
    cr_expect_eq(parked.saga.status, SAGA_COMPENSATING);
    cr_expect_eq(parked.saga.attempt, 1);
}

Test(fold, a_cancel_that_the_shipment_overtook_is_forgotten)
{
    struct teller teller = walk("validate+ authorize+ allocate+ cancel ship+");

    cr_expect_eq(teller.saga.cancel_requested, 0);
    tell_word(&teller, "capture-");
    cr_expect_eq(teller.saga.status, SAGA_NEEDS_ATTENTION);
}

/* A cancel and the answer of a step, in either order: the saga goes one way and stays on it. */
Test(fold, a_cancel_racing_an_answer_ends_in_one_way)
{
    static const struct {
        const char *story, *ends_as;
    } races[] = {
        {"validate+ authorize+ cancel allocate+ release+ void+", "cancelled"},
        {"validate+ authorize+ allocate+ cancel ship+ capture+", "completed"},
        {"validate+ authorize+ allocate+ ship+ cancel capture+", "completed"},
        {"validate+ authorize+ allocate+ ship+ capture+ cancel", "completed"},
        {"cancel validate+", "cancelled"},
    };

    for (size_t i = 0; i < COUNT_OF(races); i++)
        cr_expect_str_eq(saga_status_text(walk(races[i].story).saga.status), races[i].ends_as, "%s", races[i].story);
}

Test(fold, time_never_runs_backwards)
{
    struct teller teller = walk("validate+");
    int64_t updated_ms = teller.saga.updated_ms;
    struct inbox_record next = reply_of(&teller, ASK_AUTHORIZE, '+');

    cr_expect_eq(tell_at(&teller, &next, teller.offset + 1, updated_ms - 100000), HEARING_CHANGED);
    cr_expect_eq(teller.saga.updated_ms, updated_ms);
}

#define TEN_DAYS_MS INT64_C(864000000)

/* Once only: the next record is dated right again. */
Test(fold, a_broker_whose_clock_jumps_ahead_fails_no_saga_and_lets_none_wait)
{
    struct teller teller = begin();
    struct inbox_record jumped = reply_of(&teller, ASK_VALIDATE, '+');
    int64_t now_ms = teller.time_ms + STEP_MS;

    teller.latest_ms = now_ms;
    cr_expect_eq(tell_at(&teller, &jumped, ++teller.offset, teller.time_ms + TEN_DAYS_MS), HEARING_CHANGED);
    cr_expect_eq(teller.saga.status, SAGA_AUTHORIZING_PAYMENT, "it is not too late");
    cr_expect_eq(teller.saga.updated_ms, now_ms);
    cr_expect_lt(teller.saga.timer_ms, teller.saga.deadline_ms);
    cr_expect_eq(teller.saga.last_input.time_ms, teller.time_ms + TEN_DAYS_MS, "a redelivery is told by the record's own time");
    cr_expect_eq(tell_at(&teller, &jumped, teller.offset, teller.time_ms + TEN_DAYS_MS), HEARING_REDELIVERED);
    teller.time_ms += STEP_MS;
    teller.latest_ms = 0; /* not known: the record's time counts */
    tell_word(&teller, "authorize+");
    cr_expect_eq(teller.saga.status, SAGA_ALLOCATING_INVENTORY);
    cr_expect_eq(teller.saga.updated_ms, teller.time_ms);
}

Test(fold, a_record_that_is_a_little_ahead_of_redis_is_not_heard_before_the_saga_has_changed)
{
    struct teller teller = walk("validate+");
    int64_t updated_ms = teller.saga.updated_ms;

    teller.latest_ms = updated_ms - SAGA_AHEAD_MAX_MS;
    tell_word(&teller, "authorize+");
    cr_expect_eq(teller.saga.updated_ms, updated_ms);
}

static void expect_no_time_ahead(const struct teller *teller, int64_t now_ms)
{
    const struct saga *saga = &teller->saga;
    struct policy policy = policy_default();

    cr_expect_leq(saga->created_ms, now_ms);
    cr_expect_leq(saga->since_ms, now_ms);
    cr_expect_leq(saga->updated_ms, now_ms);
    cr_expect_leq(saga->deadline_ms, now_ms + policy.saga_deadline_seconds * 1000);
    cr_expect_leq(saga->step_deadline_ms, now_ms + policy.of[saga->pending].step_deadline_seconds * 1000);
    /* A command that was sent again waits twice as long. */
    cr_expect_leq(saga->next_due_ms, now_ms + 2 * policy.of[saga->pending].step_timeout_ms);
    cr_expect_leq(saga->timer_ms, now_ms + 2 * policy.of[saga->pending].step_timeout_ms);
}

/* Written before Redis' time was known, or by a Redis whose clock was ahead too. */
Test(fold, a_saga_with_times_of_a_clock_that_was_ahead_goes_on)
{
    static const char *const starts[] = {"", "validate+", "validate+ authorize!", "validate+ authorize+ allocate-",
                                         "validate+ authorize+ allocate+ ship+ capture-"};

    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct teller teller = walk(starts[i]);
        enum saga_status before = teller.saga.status;
        teller.time_ms -= TEN_DAYS_MS;
        teller.latest_ms = teller.time_ms + 2 * STEP_MS;
        tell_word(&teller, saga_status_is_parked(before) ? "retry" : "nudge@0");
        cr_expect_eq(teller.hearing, HEARING_CHANGED, "%s", starts[i]);
        cr_expect(teller.effects.write_timer && teller.effects.write_index, "%s", starts[i]);
        cr_expect(saga_has_something_to_send(&teller.saga) && teller.effects.send_command, "%s", starts[i]);
        expect_no_time_ahead(&teller, teller.latest_ms);
        cr_expect(saga_status_is_parked(before) || teller.saga.status == before, "%s", starts[i]);
    }
}

Test(fold, one_that_ended_keeps_its_times)
{
    struct teller teller = walk(ALL);
    int64_t ended_ms = teller.saga.completed_ms;

    teller.time_ms -= TEN_DAYS_MS;
    teller.latest_ms = teller.time_ms;
    tell_word(&teller, "nudge@0");
    cr_expect_eq(teller.hearing, HEARING_IGNORED);
    cr_expect_eq(teller.saga.completed_ms, ended_ms);
    cr_expect_eq(teller.saga.updated_ms, ended_ms);
}

Test(fold, several_records_at_once_give_the_same_as_one_by_one)
{
    struct teller apart = walk(ALL), together = begin();
    struct effects all = {0};
    static const enum ask asked[] = {ASK_VALIDATE, ASK_AUTHORIZE, ASK_ALLOCATE, ASK_SHIP, ASK_CAPTURE};

    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct inbox_record *message = arena_take(arena, sizeof(*message));
        *message = reply_of(&together, asked[i], '+');
        struct heard heard = {.message = message, .input = {3, 102 + (int64_t)i, together.time_ms += STEP_MS}};
        saga_hear(arena, &together.saga, &heard, &all);
    }
    struct text values_apart[SAGA_FIELD_COUNT], values_together[SAGA_FIELD_COUNT];
    saga_write(arena, &apart.saga, values_apart);
    saga_write(arena, &together.saga, values_together);
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        cr_expect(text_equals(values_apart[i], values_together[i]), "%s", saga_field_names()[i].at);
    cr_expect_eq(all.event_count, 6);
    cr_expect(!saga_has_something_to_send(&together.saga), "nothing of what was overtaken is sent");
}

Test(fold, a_timer_may_be_early_but_never_late)
{
    struct teller teller = begin();

    cr_expect(teller.effects.write_timer, "written at admission");
    cr_expect_leq(teller.saga.timer_ms, teller.saga.next_due_ms);
    tell_word(&teller, "validate+");
    cr_expect(!teller.effects.write_timer, "a step does not write it");
    tell_word(&teller, "authorize!");
    cr_expect(teller.effects.write_timer, "the backoff ends before it");
    cr_expect_leq(teller.saga.timer_ms, teller.saga.next_due_ms);
    tell_word(&teller, "nudge@1");
    cr_expect(teller.effects.write_timer, "it fired: written anew");
    tell_word(&teller, "authorize-");
    cr_expect(teller.effects.write_timer, "nothing is waited for");
    cr_expect_eq(teller.saga.timer_ms, 0);
}

/* A nudge when one is due; gives how long after the last record that is. The timer's entry is never behind what has to be
 * looked at. */
static int64_t nudge_when_due(struct teller *teller)
{
    int64_t waited_ms = teller->saga.next_due_ms - teller->time_ms;

    cr_expect_leq(teller->saga.timer_ms, teller->saga.next_due_ms);
    cr_expect_leq(teller->saga.timer_ms, teller->saga.step_deadline_ms);
    teller->time_ms = teller->saga.next_due_ms;
    tell_at(teller, &(struct inbox_record){.kind = TEXT("nudge")}, ++teller->offset, teller->time_ms);
    return waited_ms;
}

/* Whoever is away finds a command five times when it comes back after the step deadline, not sixty times. */
Test(fold, a_silent_worker_is_asked_less_and_less_often)
{
    struct teller teller = walk("validate+");

    for (int64_t wait_ms = 10000; wait_ms <= 160000; wait_ms *= 2) {
        cr_expect_eq(nudge_when_due(&teller), wait_ms);
        cr_expect(teller.effects.send_command, "%lld", (long long)wait_ms);
        cr_expect_eq(teller.saga.attempt, 1, "which uses up no attempt");
    }
    cr_expect_str_eq(teller.commands, "order.validate payment.authorize payment.authorize payment.authorize payment.authorize "
                                      "payment.authorize payment.authorize ");
    cr_expect_eq(teller.saga.timer_ms, teller.saga.step_deadline_ms, "it would be sent again later than that");
    teller.time_ms = teller.saga.timer_ms;
    tell_at(&teller, &(struct inbox_record){.kind = TEXT("nudge")}, ++teller.offset, teller.time_ms);
    cr_expect_eq(teller.saga.status, SAGA_COMPENSATING);
    cr_expect_eq(nudge_when_due(&teller), 10000, "another command begins anew");
    cr_expect_eq(nudge_when_due(&teller), 20000);
}

Test(fold, a_further_attempt_is_waited_for_anew)
{
    struct teller teller = walk("validate+");

    nudge_when_due(&teller);
    nudge_when_due(&teller);
    tell_word(&teller, "authorize!");
    cr_expect_leq(nudge_when_due(&teller), 200, "the delay of the attempt");
    cr_expect(teller.effects.send_command);
    cr_expect_eq(nudge_when_due(&teller), 10000);
    cr_expect_eq(nudge_when_due(&teller), 20000);
    cr_expect_eq(nudge_when_due(&teller), 40000);
}

/* A nudge that is late, one that is early, and a cancel that is only remembered. */
Test(fold, what_comes_in_between_makes_no_wait_longer_than_twice_the_one_before)
{
    struct teller teller = walk("validate+ authorize+ allocate+");

    tell_word(&teller, "nudge@25000");
    cr_expect_eq(teller.saga.next_due_ms - teller.time_ms, 20000, "late: twice what was to be waited for");
    tell_word(&teller, "nudge@1000");
    cr_expect(!teller.effects.send_command);
    tell_word(&teller, "nudge@20000");
    cr_expect_eq(teller.saga.next_due_ms - teller.time_ms, 40000);
    tell_word(&teller, "cancel");
    tell_word(&teller, "nudge@40000");
    cr_expect(teller.effects.send_command);
    cr_expect_leq(teller.saga.next_due_ms - teller.time_ms, 80000);
    cr_expect_gt(teller.saga.next_due_ms - teller.time_ms, 70000);
}

/* A JSON object of so many bytes, with the total of an authorization in it. */
static struct text object_of(size_t bytes)
{
    static const char before[] = "{\"label\":\"", after[] = "\",\"amount\":3998,\"currency\":\"USD\"}";
    char *object = arena_take(arena, bytes);

    memset(object, 'x', bytes);
    memcpy(object, before, sizeof(before) - 1);
    memcpy(object + bytes - (sizeof(after) - 1), after, sizeof(after) - 1);
    return (struct text){object, bytes};
}

/* Tells a success with a result of so many bytes, as the orchestrator reads it when an order may have bytes_max. */
static void succeed(struct teller *teller, enum ask ask, size_t bytes, size_t bytes_max)
{
    struct inbox_record message = reply_of(teller, ask, '+');

    message.reply.result = object_of(bytes);
    reply_bound_result(arena, &message.reply, bytes_max);
    cr_expect_eq(tell(teller, &message), HEARING_CHANGED);
}

Test(fold, a_success_is_a_success_however_large_its_result_is)
{
    struct teller teller = begin();

    for (enum ask ask = ASK_VALIDATE; ask <= ASK_CAPTURE; ask++)
        succeed(&teller, ask, 500000, 65536);
    cr_expect_eq(teller.saga.status, SAGA_COMPLETED);
    cr_expect_eq(teller.saga.total, 3998, "what the payment service said of the amount is known all the same");
    cr_expect(text_equals(teller.saga.currency, TEXT("USD")));
    cr_expect_not_null(
        strstr(text_copy(arena, teller.saga.results).at,
               "\"payment.authorize\":{\"resultTooLarge\":{\"bytes\":500000},\"amount\":3998,\"currency\":\"USD\"}"));
    teller = walk("validate+ authorize+ allocate-");
    succeed(&teller, ASK_VOID, 500000, 65536);
    cr_expect_eq(teller.saga.status, SAGA_FAILED, "an undo that was done is done");
}

/* The longest way: everything that can have a result has the largest, and so has the order. */
Test(fold, every_command_fits_into_what_workers_take)
{
    static const size_t limits[] = {RESULT_BYTES_MIN, 65536, 131072};

    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct teller teller = {.offset = 100, .time_ms = INT64_C(1700000000000)};
        struct inbox_record order = order_of(text_copy(arena, object_of(limits[i])).at);
        tell(&teller, &order);
        for (enum ask ask = ASK_VALIDATE; ask <= ASK_ALLOCATE; ask++)
            succeed(&teller, ask, limits[i], limits[i]);
        for (int failures = 0; failures < 10 && teller.saga.pending == ASK_SHIP; failures++) {
            tell_word(&teller, "ship!");
            tell_word(&teller, "nudge@60000");
        }
        succeed(&teller, ASK_CANCEL_SHIPMENT, limits[i], limits[i]);
        succeed(&teller, ASK_RELEASE, 8 * limits[i], limits[i]);
        cr_assert_eq(teller.saga.pending, ASK_VOID);
        struct buffer buffer = buffer_in(arena, 0);
        const struct command command = saga_command(arena, &teller.saga);
        command_write(&buffer, &command);
        cr_expect_gt(buffer.length, 5 * limits[i], "nothing was left out but the last");
        cr_expect_leq(buffer.length + 2 * ORDER_ID_MAX, COMMAND_BYTES_FACTOR * limits[i]);
    }
}

Test(fold, events_tell_the_whole_outcome)
{
    struct teller teller = walk("validate+ authorize+ allocate- void+");
    const struct saga_event *last = &teller.effects.events[teller.effects.event_count - 1];
    struct text record = event_record(arena, TEXT("ORD-1"), last);
    const struct json *root;

    cr_assert_eq(json_read(arena, record, &root), STATUS_OK, "%.*s", TEXT_ARG(record));
    cr_expect(text_equals(json_string(arena, json_member(root, TEXT("type"))), TEXT("order.failed")));
    cr_expect(text_equals(json_string(arena, json_member(root, TEXT("status"))), TEXT("failed")));
    cr_expect(text_equals(json_string(arena, json_member(root, TEXT("reason"))), TEXT("no_such_luck")));
    cr_expect(text_equals(json_string(arena, json_member(root, TEXT("eventId"))), TEXT("ORD-1/5/order.failed")));
    cr_expect_not_null(json_member(root, TEXT("createdAt")));
    cr_expect_not_null(json_member(root, TEXT("completedAt")));
    cr_expect_not_null(json_member(root, TEXT("total")));
    struct saga_event again;
    cr_assert_eq(event_of_history_line(arena, event_history_line(arena, last), &again), STATUS_OK);
    cr_expect(text_equals(record, event_record(arena, TEXT("ORD-1"), &again)), "the history gives the same event");
}

/* How long the last record's command had been waited for; -1 when it settled none. */
static int64_t waited(const struct teller *teller)
{
    return teller->effects.answered == ASK_NOTHING ? -1 : teller->effects.waited_ms;
}

Test(fold, a_settled_command_tells_how_long_it_was_waited_for)
{
    struct teller teller = walk("validate+");

    cr_expect_eq(teller.effects.answered, ASK_VALIDATE);
    cr_expect_eq(waited(&teller), STEP_MS);
    tell_word(&teller, "authorize!");
    cr_expect_eq(waited(&teller), -1, "a failure settles nothing");
    tell_word(&teller, "nudge@60000");
    cr_expect_eq(waited(&teller), -1);
    tell_word(&teller, "authorize-");
    cr_expect_eq(teller.effects.answered, ASK_AUTHORIZE);
    cr_expect_eq(waited(&teller), 60000 + 3 * STEP_MS, "from the first attempt on");
    tell_word(&teller, "authorize-");
    cr_expect_eq(waited(&teller), -1, "it was settled before");

    teller = walk("validate+ authorize+ allocate- void-");
    cr_expect_eq(teller.saga.status, SAGA_COMPENSATION_FAILED);
    cr_expect_eq(waited(&teller), STEP_MS);
    tell_word(&teller, "void+");
    cr_expect_eq(teller.saga.status, SAGA_FAILED);
    cr_expect_eq(waited(&teller), -1, "a parked saga waits for nobody");
}
