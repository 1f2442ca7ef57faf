/* orderly audit on the real thing: clean while a thousand orders are under way, and one of each kind of violation, made by hand,
 * is found. */
#include "audit.h"
#include "clock.h"
#include "crowd.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDERS 1000
#define FEW 40
#define LONG_AGO "2020-01-01T00:00:00.000Z"
#define FAR_AWAY "9999999999999"

static int64_t began_ms;

TestSuite(audit, .init = stage_set_up, .fini = stage_tear_down);

static void start(void)
{
    began_ms = clock_wall_ms();
    stage_start((struct system_options){0});
}

/* Runs the audit over what came since the start; gives its exit code. */
static int run_audit(void)
{
    return audit_in_test(redis_process_url(stage.redis), began_ms, "10ms", stage.printed, sizeof(stage.printed));
}

static bool have_all_ended(const struct crowd *crowd)
{
    const size_t last = crowd->count - 1;

    return strcmp(saga_field(crowd->ids[last], "status"), crowd_expected_status(last)) == 0;
}

Test(audit, is_clean_while_a_thousand_orders_are_under_way)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("audit", ORDERS);
    size_t audits = 0;

    start();
    system_send_orders(crowd->values, crowd->count);
    do {
        assert_audit_clean(redis_process_url(stage.redis), began_ms, crowd->prefix);
        audits++;
    } while (!have_all_ended(crowd));
    crowd_check(stage.store, crowd);
    cr_expect_geq(audits, 1);
    assert_audit_clean(redis_process_url(stage.redis), began_ms, crowd->prefix);
    run_audit();
    cr_expect_geq(audit_total(stage.printed, "orders"), ORDERS, "%s", stage.printed);
    cr_expect_geq(audit_total(stage.printed, "records"), ORDERS, "%s", stage.printed);
    cr_expect_eq(audit_total(stage.printed, "unsettled"), 0, "%s", stage.printed);
}

/* ---- one of each kind ---- */

#define WORDS_MAX 6

/* Runs one command; %s in the key is the order's id. */
static void edit(const char *order_id, const char *verb, const char *key_format, ...)
{
    struct text words[WORDS_MAX] = {text_of(verb)}, problem;
    char key[256];
    size_t count = 2;
    const char *at = strstr(key_format, "%s");
    va_list rest;

    if (at == NULL)
        snprintf(key, sizeof(key), "%s", key_format);
    else
        snprintf(key, sizeof(key), "%.*s%s%s", (int)(at - key_format), key_format, order_id, at + 2);
    words[1] = text_of(key);
    va_start(rest, key_format);
    for (const char *word = va_arg(rest, const char *); word != NULL; word = va_arg(rest, const char *))
        words[count++] = text_of(word);
    va_end(rest);
    problem = store_error(redis_do(words, count));
    cr_assert_not(text_is_there(problem), "%s %s: %.*s", verb, key, TEXT_ARG(problem));
}

#define EDIT(order_id, ...) edit(order_id, __VA_ARGS__, NULL)

static size_t expected;

static void expect_line(const char *member, const char *id, const char *word)
{
    char line[256];

    snprintf(line, sizeof(line), "{\"%s\":\"%s\"", member, id);
    for (const char *at = strstr(stage.printed, line); at != NULL; at = strstr(at + 1, line)) {
        char found[512], wanted[128];
        snprintf(found, sizeof(found), "%.*s", (int)strcspn(at, "\n"), at);
        snprintf(wanted, sizeof(wanted), "\"violation\":\"%s\"", word);
        if (strstr(found, wanted) != NULL) {
            expected++;
            return;
        }
    }
    cr_expect(false, "%s %s is not said to be %s", member, id, word);
}

/* Orders that can't go on, because nobody authorizes their payment. */
struct running {
    const char *ids[5];
};

static struct running leave_running(const char *prefix)
{
    struct running running;

    system_kill(stage.services, "payment", 0, SIGKILL);
    for (size_t i = 0; i < COUNT_OF(running.ids); i++) {
        running.ids[i] = text_format(stage.arena, "%sR-%zu", prefix, i).at;
        send_order(running.ids[i], "IT");
    }
    wait_for_all(running.ids, COUNT_OF(running.ids), "authorizing_payment");
    return running;
}

/* The order of this kind (crowd.c) with this number among them. */
static const char *of_kind(const struct crowd *crowd, size_t kind, size_t number) { return crowd->ids[number * 10 + kind]; }

#define GHOST "GHOST" /* what belongs to no order */
#define DECLINED 0
#define REJECTED 1
#define UNSHIPPED 2
#define RESERVATION "{stock:main}:reservation:%s"

static void break_ended_orders(const struct crowd *crowd)
{
    char shuffled[64];
    const char *id = of_kind(crowd, 9, 1);

    EDIT(of_kind(crowd, 4, 0), "HSET", "saga:%s", "version", "many");
    EDIT(NULL, "SADD", "sagas:broken", of_kind(crowd, 5, 0));
    snprintf(shuffled, sizeof(shuffled), "%s/payment.capture", of_kind(crowd, 6, 0));
    EDIT(of_kind(crowd, 6, 0), "HSET", "saga:%s", "pendingCommandId", shuffled);
    EDIT(of_kind(crowd, DECLINED, 0), "HSET", "payment:%s", "status", "captured");
    EDIT(of_kind(crowd, 7, 0), "HSET", "payment:%s", "status", "authorized");
    EDIT(of_kind(crowd, UNSHIPPED, 0), "HSET", RESERVATION, "status", "nonsense");
    EDIT(of_kind(crowd, 8, 0), "DEL", "shipment:%s");
    EDIT(of_kind(crowd, DECLINED, 1), "HSET", RESERVATION, "status", "refused");
    EDIT(of_kind(crowd, 9, 0), "HSET", "payment:%s", "amount", "1");
    snprintf(shuffled, sizeof(shuffled), "P4=%d HOT=1", 1 + 19 % 3); /* what order 19 asks for, the other way round */
    EDIT(id, "HSET", RESERVATION, "items", shuffled);
    EDIT(of_kind(crowd, 4, 1), "HSET", "{stock:west}:reservation:%s", "status", "released");
    EDIT(NULL, "ZADD", "sagas:failed", "1", of_kind(crowd, 5, 1));
    EDIT(NULL, "ZADD", timer_key(of_kind(crowd, 6, 1)), "1", of_kind(crowd, 6, 1));
    EDIT(of_kind(crowd, 7, 1), "LTRIM", "{saga:%s}:history", "0", "0");
    EDIT(NULL, "ZREM", "sagas:completed", of_kind(crowd, 8, 1));
    EDIT(of_kind(crowd, REJECTED, 0), "DEL", "saga:%s");
    EDIT(of_kind(crowd, REJECTED, 0), "DEL", "{saga:%s}:history");
    EDIT(NULL, "ZREM", "sagas:rejected", of_kind(crowd, REJECTED, 0));
}

static void expect_ended_orders(const struct crowd *crowd)
{
    expect_line("order", of_kind(crowd, 4, 0), "saga_broken");
    expect_line("order", of_kind(crowd, 5, 0), "saga_set_aside");
    expect_line("order", of_kind(crowd, 6, 0), "saga_broken"); /* status and pending command don't belong together */
    expect_line("order", of_kind(crowd, DECLINED, 0), "captured_wrongly");
    expect_line("order", of_kind(crowd, 7, 0), "payment_out_of_step");
    expect_line("order", of_kind(crowd, UNSHIPPED, 0), "reservation_out_of_step");
    expect_line("order", of_kind(crowd, 8, 0), "shipment_out_of_step");
    expect_line("order", of_kind(crowd, DECLINED, 1), "step_skipped");
    expect_line("order", of_kind(crowd, 9, 0), "total_differs");
    expect_line("order", of_kind(crowd, 9, 1), "items_differ");
    expect_line("order", of_kind(crowd, 4, 1), "reservation_elsewhere");
    expect_line("order", of_kind(crowd, 5, 1), "index_stray");
    expect_line("order", of_kind(crowd, 6, 1), "timer_stray");
    expect_line("order", of_kind(crowd, 7, 1), "history_out_of_step");
    expect_line("order", of_kind(crowd, 8, 1), "index_missing");
    expect_line("order", of_kind(crowd, REJECTED, 0), "order_unanswered");
}

static void break_running_orders(const struct running *running)
{
    EDIT(running->ids[0], "HSET", "saga:%s", "deadlineAt", LONG_AGO);
    EDIT(running->ids[1], "HSET", "saga:%s", "stepDeadlineAt", LONG_AGO);
    EDIT(NULL, "ZREM", timer_key(running->ids[2]), running->ids[2]);
    EDIT(NULL, "ZADD", timer_key(running->ids[3]), FAR_AWAY, running->ids[3]);
    EDIT(NULL, "ZREM", "sagas:running", running->ids[4]);
}

static void expect_running_orders(const struct running *running)
{
    expect_line("order", running->ids[0], "past_deadline");
    expect_line("order", running->ids[1], "past_step_deadline");
    expect_line("order", running->ids[2], "timer_missing");
    expect_line("order", running->ids[3], "timer_late");
    expect_line("order", running->ids[4], "index_missing");
}

static void add_orphans(void)
{
    EDIT(GHOST "-1", "HSET", "payment:%s", "status", "authorized");
    EDIT(GHOST "-2", "HSET", "shipment:%s", "status", "shipped");
    EDIT(GHOST "-3", "HSET", RESERVATION, "status", "released");
    EDIT(GHOST "-4", "RPUSH", "{saga:%s}:history", "{}");
    EDIT(NULL, "ZADD", "sagas:failed", "1", GHOST "-5");
    EDIT(NULL, "ZADD", timer_key(GHOST "-6"), "1", GHOST "-6");
}

static void expect_orphans(void)
{
    expect_line("order", GHOST "-1", "payment_without_saga");
    expect_line("order", GHOST "-2", "shipment_without_saga");
    expect_line("order", GHOST "-3", "reservation_without_saga");
    expect_line("order", GHOST "-4", "history_without_saga");
    expect_line("order", GHOST "-5", "index_stray");
    expect_line("order", GHOST "-6", "timer_stray");
}

#define PRODUCTS_BROKEN 4

static void break_stock(void)
{
    EDIT(NULL, "HSET", "stock:main", "WEIRD", "abc");
    EDIT(NULL, "HSET", "stock:main", "P4", "007"); /* the scripts refuse to count with it */
    EDIT(NULL, "HINCRBY", "stock:main", "EURO", "1");
    EDIT(NULL, "HINCRBY", "stock:main", "DEAR", "-2");
    EDIT(NULL, "HINCRBY", "{stock:main}:taken", "DEAR", "2");
    EDIT(NULL, "HINCRBY", "stock:main", "P3", "-5"); /* and this is what the sweep leaves: no violation */
    EDIT(NULL, "HINCRBY", "{stock:main}:taken", "P3", "5");
    EDIT(NULL, "HINCRBY", "{stock:main}:swept", "P3", "5");
}

static void expect_stock(void)
{
    expect_line("product", "WEIRD", "stock_nonsense");
    expect_line("product", "P4", "stock_nonsense");
    expect_line("product", "EURO", "stock_sum");
    expect_line("product", "DEAR", "stock_held");
}

Test(audit, finds_one_of_each_kind)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("kinds", FEW);
    struct running running;

    start();
    system_send("orders", NULL, "this is no order", 16); /* becomes a dead letter */
    system_send_orders(crowd->values, crowd->count);
    crowd_check(stage.store, crowd);
    running = leave_running(crowd->prefix);
    stage_stop(); /* nothing mends what is broken from here on */
    assert_audit_clean(redis_process_url(stage.redis), began_ms, crowd->prefix);
    break_ended_orders(crowd);
    break_running_orders(&running);
    add_orphans();
    break_stock();
    cr_expect_eq(run_audit(), 1);
    expect_ended_orders(crowd);
    expect_running_orders(&running);
    expect_orphans();
    expect_stock();
    /* Products are counted both times. */
    cr_expect_eq(audit_count(stage.printed, crowd->prefix) + audit_count(stage.printed, GHOST) - PRODUCTS_BROKEN, expected, "%s",
                 stage.printed);
}

Test(audit, exits_as_it_says)
{
    cr_expect_eq(RUN("audit", "--settle", "soon"), 2, "%s", stage.printed);
    cr_expect_eq(RUN("audit", "--since", "0"), 2, "%s", stage.printed);
    cr_expect_eq(RUN("audit", "extra"), 2, "%s", stage.printed);
    cr_expect_eq(RUN("audit", "--help"), 0);
    PRINTED("Exit codes");
    redis_process_kill(stage.redis);
    cr_expect_eq(RUN("audit"), 3, "%s", stage.printed);
    redis_process_launch(stage.redis, NULL);
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    cr_expect_eq(RUN("audit"), 3, "%s", stage.printed);
}
