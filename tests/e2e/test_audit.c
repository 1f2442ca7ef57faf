/* orderly audit on the real thing: clean while a thousand orders are under way, and one of each kind of violation, made by hand,
 * is found. */
#include "audit.h"
#include "clock.h"
#include "crowd.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDERS 1000
#define FEW 40
#define TIMER_SHARDS 16
#define LONG_AGO "2020-01-01T00:00:00.000Z"
#define FAR_AWAY "9999999999999"

static struct redis_process *redis;
static struct store *store;
static int64_t began_ms;
static char printed[256 * 1024];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    redis_process_stop(redis);
}

TestSuite(audit, .init = set_up, .fini = tear_down);

static struct system *start(void)
{
    began_ms = clock_wall_ms();
    return system_start(&(struct system_options){.redis_url = redis_process_url(redis)}, "tests/support/catalog.json");
}

/* The part of a crowd's ids that no other test has. */
static const char *prefix_of(const struct crowd *crowd)
{
    static char prefix[96];

    snprintf(prefix, sizeof(prefix), "%s", crowd->ids[0]);
    prefix[strlen(prefix) - 1] = '\0';
    return prefix;
}

static bool have_all_ended(const struct crowd *crowd)
{
    char key[160];
    const char *status;

    snprintf(key, sizeof(key), "saga:%s", crowd->ids[crowd->count - 1]);
    status = hash_field(store, key, "status");
    return strcmp(status, crowd_expected_status(crowd->count - 1)) == 0;
}

Test(audit, is_clean_while_a_thousand_orders_are_under_way)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("audit", ORDERS);
    struct system *system = start();
    size_t audits = 0;

    system_send_orders(crowd->values, crowd->count);
    do {
        assert_audit_clean(redis_process_url(redis), began_ms, prefix_of(crowd));
        audits++;
    } while (!have_all_ended(crowd));
    crowd_check(store, crowd);
    cr_expect_geq(audits, 1);
    assert_audit_clean(redis_process_url(redis), began_ms, prefix_of(crowd));
    audit_in_test(redis_process_url(redis), began_ms, "10ms", printed, sizeof(printed));
    cr_expect_geq(audit_total(printed, "orders"), ORDERS, "%s", printed);
    cr_expect_geq(audit_total(printed, "records"), ORDERS, "%s", printed);
    cr_expect_eq(audit_total(printed, "unsettled"), 0, "%s", printed);
    system_stop(system);
}

/* ---- one of each kind ---- */

#define WORDS_MAX 6

/* Runs one command; %s in the key is the order's id. */
static void edit(const char *order_id, const char *verb, const char *key_format, ...)
{
    struct text words[WORDS_MAX] = {text_of(verb)};
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
    store_begin(store);
    store_queue(store, words[1], words, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_assert_not(text_is_there(store_error(store_value(store, 0))), "%s %s: %.*s", verb, key,
                  TEXT_ARG(store_error(store_value(store, 0))));
}

#define EDIT(order_id, ...) edit(order_id, __VA_ARGS__, NULL)

static const char *timers_of(const char *order_id)
{
    static char key[64];

    snprintf(key, sizeof(key), "sagas:timers:%u", (unsigned)(text_hash(text_of(order_id)) % TIMER_SHARDS));
    return key;
}

static size_t expected;

static void expect_line(const char *member, const char *id, const char *word)
{
    char line[256];

    snprintf(line, sizeof(line), "{\"%s\":\"%s\"", member, id);
    for (const char *at = strstr(printed, line); at != NULL; at = strstr(at + 1, line)) {
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
    char ids[5][96];
};

static struct running leave_running(struct system *system, const char *prefix)
{
    struct running running;
    char value[512];
    const char *values[5];

    system_kill(system, "payment", 0, SIGKILL);
    for (size_t i = 0; i < COUNT_OF(running.ids); i++) {
        snprintf(running.ids[i], sizeof(running.ids[i]), "%sR-%zu", prefix, i);
        snprintf(value, sizeof(value),
                 "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[{\"productId\":\"HOT\",\"quantity\":1}],\"paymentMethod\":"
                 "\"tok_visa\"}",
                 running.ids[i]);
        values[i] = strdup(value);
    }
    system_send_orders(values, COUNT_OF(values));
    for (size_t i = 0; i < COUNT_OF(running.ids); i++) {
        wait_for_status(store, running.ids[i], "authorizing_payment");
        free((char *)(uintptr_t)values[i]);
    }
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
    EDIT(NULL, "ZADD", timers_of(of_kind(crowd, 6, 1)), "1", of_kind(crowd, 6, 1));
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
    EDIT(NULL, "ZREM", timers_of(running->ids[2]), running->ids[2]);
    EDIT(NULL, "ZADD", timers_of(running->ids[3]), FAR_AWAY, running->ids[3]);
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
    EDIT(NULL, "ZADD", timers_of(GHOST "-6"), "1", GHOST "-6");
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
    struct system *system = start();
    struct running running;

    system_send("orders", NULL, "this is no order", 16); /* becomes a dead letter */
    system_send_orders(crowd->values, crowd->count);
    crowd_check(store, crowd);
    running = leave_running(system, prefix_of(crowd));
    system_stop(system); /* nothing mends what is broken from here on */
    assert_audit_clean(redis_process_url(redis), began_ms, prefix_of(crowd));
    break_ended_orders(crowd);
    break_running_orders(&running);
    add_orphans();
    break_stock();
    cr_expect_eq(audit_in_test(redis_process_url(redis), began_ms, "10ms", printed, sizeof(printed)), 1);
    expect_ended_orders(crowd);
    expect_running_orders(&running);
    expect_orphans();
    expect_stock();
    /* Products are counted both times. */
    cr_expect_eq(audit_count(printed, prefix_of(crowd)) + audit_count(printed, GHOST) - PRODUCTS_BROKEN, expected, "%s", printed);
}

Test(audit, exits_as_it_says)
{
    static const char *const wrong[][3] = {{"audit", "--settle", "soon"}, {"audit", "--since", "0"}, {"audit", "extra", NULL}};
    const char *url = redis_process_url(redis);

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        cr_expect_eq(system_run_orderly(url, (const char *[]){wrong[i][0], wrong[i][1], wrong[i][2], NULL}, NULL, printed,
                                        sizeof(printed)),
                     2, "%zu: %s", i, printed);
    cr_expect_eq(system_run_orderly(url, (const char *[]){"audit", "--help", NULL}, NULL, printed, sizeof(printed)), 0);
    cr_expect_not_null(strstr(printed, "Exit codes"));
    cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", (const char *[]){"audit", NULL}, NULL, printed, sizeof(printed)), 3,
                 "%s", printed);
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    cr_expect_eq(system_run_orderly(url, (const char *[]){"audit", NULL}, NULL, printed, sizeof(printed)), 3, "%s", printed);
}
