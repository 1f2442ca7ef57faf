/* The saga's sense of time with the real programs: services that are away, deadlines, cancels, parked sagas, what was lost in
 * Redis, and the life of keys from the first to the last. Seconds stand for minutes. */
#include "audit.h"
#include "clock.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#define ORDERS 40
#define RACERS 100

static int64_t began_ms;

static void set_up(void)
{
    stage_set_up();
    began_ms = clock_wall_ms();
}

/* Whatever was late, given up, cancelled or sent on: in the end everything is in step. */
static void tear_down(void)
{
    assert_audit_clean(redis_process_url(stage.redis), began_ms, "time-");
    stage_tear_down();
}

TestSuite(time, .init = set_up, .fini = tear_down);

static const char *command_id(const char *type, const char *id) { return text_format(stage.arena, "%s/%s", id, type).at; }

#define HEALTHY                                                                                                                  \
    "order.accepted order.validated payment.authorized inventory.allocated order.shipped payment.captured order.completed "

/* ---- services that are away ---- */

Test(time, a_service_that_is_away_for_a_while_delays_orders_and_fails_none)
{
    const char *ids[ORDERS];

    START("STEP_TIMEOUT_MS=300");
    system_kill(stage.services, "payment", 0, SIGKILL);
    send_orders("time-delayed", ids, ORDERS);
    wait_for_all(ids, ORDERS, "authorizing_payment");
    for (size_t i = 0; i < ORDERS; i++) /* sent again, and again, which uses up no attempt */
        WAIT_UNTIL(atoi(saga_field(ids[i], "version")) >= 4);
    cr_expect_str_eq(saga_field(ids[0], "attempt"), "1");
    system_revive(stage.services, "payment", 0);
    cr_expect_eq(wait_for_end(stage.store, ids, ORDERS), ORDERS);
    for (size_t i = 0; i < ORDERS; i++)
        cr_expect_str_eq(history(ids[i]), HEALTHY, "%s", ids[i]);
    assert_balanced(stage.store, ids, ORDERS);
}

Test(time, away_past_the_step_deadline_its_orders_are_undone_and_late_answers_change_nothing)
{
    const char *ids[ORDERS];

    START("STEP_TIMEOUT_MS=300", "STEP_DEADLINE_SECONDS_PAYMENT_AUTHORIZE=1");
    system_kill(stage.services, "payment", 0, SIGKILL);
    send_orders("time-late", ids, ORDERS);
    wait_for_all(ids, ORDERS, "compensating");
    cr_expect_str_eq(saga_field(ids[0], "pendingCommandId"), command_id("payment.void", ids[0]));
    system_revive(stage.services, "payment", 0); /* it finds the authorize first, carries it out, and then the void */
    wait_for_all(ids, ORDERS, "failed");
    for (size_t i = 0; i < ORDERS; i++) {
        cr_expect_str_eq(saga_field(ids[i], "reason"), "step_timed_out");
        cr_expect_str_eq(history(ids[i]), "order.accepted order.validated compensation.started payment.voided order.failed ",
                         "%s", ids[i]);
        cr_expect_str_eq(payment_field(ids[i], "status"), "voided");
    }
    assert_balanced(stage.store, ids, ORDERS);
}

Test(time, at_the_deadline_what_was_not_shipped_is_undone)
{
    const char *ids[ORDERS];

    START("STEP_TIMEOUT_MS=300", "SAGA_DEADLINE_SECONDS=2");
    system_kill(stage.services, "inventory", 0, SIGKILL);
    send_orders("time-deadline", ids, ORDERS);
    wait_for_all(ids, ORDERS, "compensating");
    system_revive(stage.services, "inventory", 0);
    wait_for_all(ids, ORDERS, "failed");
    for (size_t i = 0; i < ORDERS; i++)
        cr_expect_str_eq(saga_field(ids[i], "reason"), "deadline_exceeded", "%s", ids[i]);
    assert_balanced(stage.store, ids, ORDERS);
}

/* ---- cancel ---- */

Test(time, a_cancel_before_the_shipment_undoes_everything)
{
    const char *id = unique("time-early");

    START("STEP_TIMEOUT_MS=2000");
    system_kill(stage.services, "inventory", 0, SIGSTOP);
    send_order(id, "IT");
    wait_for_status(stage.store, id, "allocating_inventory");
    send_signal("cancel", id);
    wait_for_status(stage.store, id, "compensating");
    system_kill(stage.services, "inventory", 0, SIGCONT);
    wait_for_status(stage.store, id, "cancelled");
    cr_expect_str_eq(saga_field(id, "reason"), "cancelled_by_request");
    cr_expect_str_eq(saga_field(id, "cancelledBy"), "tester");
    cr_expect_str_eq(history(id),
                     "order.accepted order.validated payment.authorized compensation.started inventory.released payment.voided "
                     "order.cancelled ");
    assert_balanced(stage.store, &id, 1);
}

Test(time, a_cancel_during_the_shipment_is_remembered_and_shipped_wins)
{
    const char *shipped = unique("time-shipped"), *refused = unique("time-refused");

    START("STEP_TIMEOUT_MS=2000");
    system_kill(stage.services, "fulfillment", 0, SIGSTOP);
    send_order(shipped, "IT");
    send_order(refused, "AQ");
    wait_for_status(stage.store, shipped, "fulfilling");
    wait_for_status(stage.store, refused, "fulfilling");
    send_signal("cancel", shipped);
    send_signal("cancel", refused);
    WAIT_UNTIL(strcmp(saga_field(shipped, "cancelRequested"), "1") == 0 &&
               strcmp(saga_field(refused, "cancelRequested"), "1") == 0);
    cr_expect_str_eq(saga_field(shipped, "status"), "fulfilling");
    system_kill(stage.services, "fulfillment", 0, SIGCONT);
    wait_for_status(stage.store, shipped, "completed");
    wait_for_status(stage.store, refused, "cancelled");
    assert_balanced(stage.store, (const char *[]){shipped, refused}, 2);
}

/* The order is fulfilled while the payment service stands still: it is capturing, and stays so. */
static void bring_to_capture(const char *id)
{
    system_kill(stage.services, "fulfillment", 0, SIGSTOP);
    send_order(id, "IT");
    wait_for_status(stage.store, id, "fulfilling");
    system_kill(stage.services, "payment", 0, SIGSTOP);
    system_kill(stage.services, "fulfillment", 0, SIGCONT);
    wait_for_status(stage.store, id, "capturing_payment");
}

Test(time, a_cancel_after_the_shipment_changes_nothing)
{
    const char *id = unique("time-after");

    START("STEP_TIMEOUT_MS=2000");
    bring_to_capture(id);
    send_signal("cancel", id);
    system_kill(stage.services, "payment", 0, SIGCONT);
    wait_for_status(stage.store, id, "completed");
    send_signal("cancel", id);
    send_signal("retry", id);
    cr_expect_str_eq(history(id), HEALTHY);
    cr_expect_str_eq(saga_field(id, "cancelledBy"), "");
    assert_balanced(stage.store, &id, 1);
}

Test(time, a_cancel_that_races_completion_ends_in_exactly_one_of_the_two)
{
    const char *ids[RACERS];
    size_t completed, cancelled = 0;

    START("STEP_TIMEOUT_MS=2000");
    send_orders("time-race", ids, RACERS);
    for (size_t i = 0; i < RACERS; i++)
        send_signal("cancel", ids[i]);
    completed = wait_for_end(stage.store, ids, RACERS);
    for (size_t i = 0; i < RACERS; i++) {
        const char *told = history(ids[i]);
        bool is_cancelled = strcmp(saga_field(ids[i], "status"), "cancelled") == 0;
        cancelled += is_cancelled;
        cr_expect_eq(strstr(told, "order.cancelled") != NULL, is_cancelled, "%s: %s", ids[i], told);
        cr_expect_eq(strstr(told, "order.completed") != NULL, !is_cancelled, "%s: %s", ids[i], told);
    }
    cr_expect_eq(completed + cancelled, RACERS);
    assert_balanced(stage.store, ids, RACERS);
}

/* ---- parked ---- */

Test(time, a_parked_capture_tells_why_and_is_moved_on_by_a_retry)
{
    const char *id = unique("time-parked"), *payment = text_format(stage.arena, "payment:%s", id).at;

    START("STEP_TIMEOUT_MS=2000", "CAPTURE_ATTEMPTS=1");
    bring_to_capture(id);
    REDIS(TEXT("HSET"), text_of(payment), TEXT("status"), TEXT("mislaid"));
    system_kill(stage.services, "payment", 0, SIGCONT);
    wait_for_status(stage.store, id, "needs_attention");
    cr_expect_str_eq(saga_field(id, "reason"), "not_authorized");
    cr_expect_str_eq(saga_field(id, "lastFailure"), "not_authorized");
    cr_expect_str_eq(saga_field(id, "pendingCommandId"), command_id("payment.capture", id));
    cr_expect_not_null(strstr(history(id), "order.needs_attention"));
    WAIT_UNTIL(is_listed("sagas:needs_attention", id) && !is_listed("sagas:running", id) && !is_listed(timer_key(id), id));
    send_signal("retry", id); /* nothing was mended: it is parked again */
    WAIT_UNTIL(strstr(history(id), "order.needs_attention order.needs_attention") != NULL);
    REDIS(TEXT("HSET"), text_of(payment), TEXT("status"), TEXT("authorized"));
    send_signal("retry", id);
    wait_for_status(stage.store, id, "completed");
    cr_expect_str_eq(saga_field(id, "reason"), "");
    WAIT_UNTIL(!is_listed("sagas:needs_attention", id) && is_listed("sagas:completed", id));
    assert_balanced(stage.store, &id, 1);
}

/* ---- what was lost ---- */

Test(time, a_timer_and_an_index_entry_that_were_lost_come_back)
{
    const char *timer = unique("time-timer"), *index = unique("time-index");

    START("RECONCILE_SECONDS=1", "STEP_TIMEOUT_MS=60000");
    system_kill(stage.services, "payment", 0, SIGKILL);
    send_order(timer, "IT");
    send_order(index, "IT");
    wait_for_status(stage.store, timer, "authorizing_payment");
    wait_for_status(stage.store, index, "authorizing_payment");
    REDIS(TEXT("ZREM"), text_of(timer_key(timer)), text_of(timer));
    REDIS(TEXT("ZREM"), TEXT("sagas:running"), text_of(index));
    REDIS(TEXT("ZREM"), text_of(timer_key(index)), text_of(index));
    REDIS(TEXT("ZADD"), text_of(timer_key("nobody")), TEXT("5"), TEXT("nobody")); /* of a saga that has expired */
    WAIT_UNTIL(is_listed(timer_key(timer), timer));
    WAIT_UNTIL(is_listed("sagas:running", index) && is_listed(timer_key(index), index));
    WAIT_UNTIL(!is_listed(timer_key("nobody"), "nobody"));
    system_revive(stage.services, "payment", 0);
    cr_expect_eq(wait_for_end(stage.store, (const char *[]){timer, index}, 2), 2);
    assert_balanced(stage.store, (const char *[]){timer, index}, 2);
}

/* The command and its answer were lost with the tail of a log: sent again at the next timer. */
Test(time, an_orchestrator_that_was_killed_goes_on_with_what_it_had_asked)
{
    const char *ids[ORDERS];

    START("STEP_TIMEOUT_MS=300");
    system_kill(stage.services, "payment", 0, SIGKILL);
    send_orders("time-killed", ids, ORDERS);
    wait_for_all(ids, ORDERS, "authorizing_payment");
    system_kill(stage.services, "orchestrator", 0, SIGKILL);
    system_revive(stage.services, "payment", 0);
    system_revive(stage.services, "orchestrator", 0);
    cr_expect_eq(wait_for_end(stage.store, ids, ORDERS), ORDERS);
    assert_balanced(stage.store, ids, ORDERS);
}
