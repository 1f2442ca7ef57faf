/* The scripts of the inventory against a real Redis: all lines or none, once, never negative, supplied = stock + taken. */
#include "inventory.h"
#include "redis_process.h"
#include "stock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 8
#define ORDERS_EACH 200
#define SUPPLY 1000

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;

static const struct store_script *const scripts[] = {&allocate_script, &release_script, &supply_script};

static void open_store(void)
{
    cr_assert_eq(store_open(redis_process_url(redis), 2, scripts, COUNT_OF(scripts), &store), STATUS_OK);
}

static void set_up(void)
{
    redis = redis_process_start(NULL);
    arena = arena_create();
    open_store();
}

static void tear_down(void)
{
    store_close(store);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(stock, .init = set_up, .fini = tear_down);

static struct order order_of(const char *id, const char *product_a, int64_t a, const char *product_b, int64_t b)
{
    return (struct order){.order_id = text_of(id),
                          .warehouse = TEXT("main"),
                          .line_count = product_b == NULL ? 1 : 2,
                          .lines = {{text_of(product_a), a}, {text_of(product_b), b}}};
}

static const char *reply_text(size_t number)
{
    const struct store_value *value = store_value(store, number);

    if (text_begins(store_error(value), TEXT("WRONGTYPE")))
        return "wrong type";
    cr_assert_eq(store_error(value).length, 0, "%.*s", TEXT_ARG(store_error(value)));
    return store_count(value) > 0 ? "broken" : text_copy(arena, store_text(value)).at;
}

static size_t queue_allocate(const struct order *order)
{
    const struct allocation_outcomes outcomes = {TEXT("allocated"), TEXT("released before"), TEXT("short of <"), TEXT(">")};

    return stock_queue_allocate(store, arena, order, items_text(arena, order), &outcomes);
}

static const char *allocate(const struct order *order)
{
    size_t number;

    store_begin(store);
    number = queue_allocate(order);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return reply_text(number);
}

static const char *release(const struct order *order)
{
    size_t number;

    store_begin(store);
    number = stock_queue_release(store, arena, order, TEXT("released"));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return reply_text(number);
}

static void supply(const char *product, int64_t units)
{
    struct text id = text_of(product);

    store_begin(store);
    stock_queue_supply(store, arena, TEXT("main"), &id, &units, 1);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

static struct text ask(struct text a, struct text b, struct text c, struct text d)
{
    struct text words[] = {a, b, c, d};

    store_begin(store);
    store_queue(store, b, words, text_is_there(d) ? 4 : 3);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return text_copy(arena, store_text(store_value(store, 0)));
}

static int64_t units(const char *key, const char *product)
{
    struct text text = ask(TEXT("HGET"), text_of(key), text_of(product), TEXT_NONE);
    int64_t number = 0;

    return text_to_number(text, &number) ? number : 0;
}

static void expect_units(const char *product, int64_t left, int64_t taken)
{
    cr_expect_eq(units("stock:main", product), left, "%s", product);
    cr_expect_eq(units("{stock:main}:taken", product), taken, "%s", product);
    cr_expect_eq(units("{stock:main}:supplied", product), left + taken, "%s", product);
}

Test(stock, is_supplied_only_where_it_was_never_heard_of)
{
    supply("A", 10);
    supply("A", 99);
    expect_units("A", 10, 0);
    supply("NONE", 0);
    expect_units("NONE", 0, 0);
}

Test(stock, all_lines_or_none)
{
    struct order good = order_of("O-1", "A", 3, "B", 2), short_of_b = order_of("O-2", "A", 3, "B", 9);

    supply("A", 10);
    supply("B", 5);
    cr_expect_str_eq(allocate(&good), "allocated");
    expect_units("A", 7, 3);
    expect_units("B", 3, 2);
    cr_expect_str_eq(allocate(&short_of_b), "short of <B>");
    expect_units("A", 7, 3);
    expect_units("B", 3, 2);
}

Test(stock, a_repeated_command_gives_the_outcome_of_the_first_time)
{
    struct order last = order_of("O-1", "A", 1, NULL, 0), late = order_of("O-2", "A", 1, NULL, 0);

    supply("A", 1);
    cr_expect_str_eq(allocate(&last), "allocated");
    cr_expect_not(store_is_status(store_value(store, 0)), "the first time");
    cr_expect_str_eq(allocate(&last), "allocated", "the mark is looked at before the stock, which is empty now");
    cr_expect(store_is_status(store_value(store, 0)), "a stored outcome comes as a status");
    cr_expect_str_eq(allocate(&late), "short of <A>");
    cr_expect_str_eq(release(&last), "released");
    cr_expect_not(store_is_status(store_value(store, 0)));
    cr_expect_str_eq(release(&last), "released");
    cr_expect(store_is_status(store_value(store, 0)));
    expect_units("A", 1, 0);
    cr_expect_str_eq(allocate(&late), "short of <A>", "a refusal is remembered too");
    cr_expect_str_eq(allocate(&last), "allocated", "the outcome of the first time; nothing is taken again");
    expect_units("A", 1, 0);
}

Test(stock, releasing_what_never_was_refuses_the_late_original)
{
    struct order order = order_of("O-1", "A", 1, NULL, 0);

    supply("A", 5);
    cr_expect_str_eq(release(&order), "released");
    cr_expect_str_eq(allocate(&order), "released before");
    expect_units("A", 5, 0);
}

Test(stock, releasing_a_refused_one_does_nothing)
{
    struct order order = order_of("O-1", "A", 9, NULL, 0);

    supply("A", 5);
    cr_expect_str_eq(allocate(&order), "short of <A>");
    cr_expect_str_eq(release(&order), "released");
    expect_units("A", 5, 0);
    cr_expect(text_equals(ask(TEXT("HGET"), TEXT("{stock:main}:reservation:O-1"), TEXT("status"), TEXT_NONE), TEXT("refused")));
}

Test(stock, a_number_that_makes_no_sense_is_told_and_nothing_is_taken)
{
    static const char *const senseless[] = {"abc", "-1", "1.5", "1e3", "", "99999999999999999999", "007", "00", " 7", "+7"};
    struct order order = order_of("O-1", "A", 1, "B", 1);

    supply("A", 5);
    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), text_of(senseless[i]));
        cr_expect_str_eq(allocate(&order), "broken", "%s", senseless[i]);
    }
    expect_units("A", 5, 0);
    ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), TEXT("1"));
    cr_expect_str_eq(allocate(&order), "allocated", "it was not remembered");
}

Test(stock, two_lines_of_one_product_are_taken_together_or_not)
{
    struct order many = order_of("O-1", "A", 3, "A", 3), few = order_of("O-2", "A", 3, "A", 2);

    supply("A", 5);
    cr_expect_str_eq(allocate(&many), "short of <A>");
    expect_units("A", 5, 0);
    cr_expect_str_eq(allocate(&few), "allocated");
    expect_units("A", 0, 5);
    cr_expect_str_eq(release(&few), "released");
    expect_units("A", 5, 0);
}

/* ---- many in one call ---- */

/* One of a batch, and what it is answered: the first time, and when the whole batch comes again. */
struct expected {
    struct order order;
    const char *answer;
    bool is_stored[2];
};

static void expect_batch(const struct expected batch[], size_t count, bool is_release)
{
    for (int again = 0; again < 2; again++) {
        store_begin(store);
        for (size_t i = 0; i < count; i++)
            if (is_release)
                stock_queue_release(store, arena, &batch[i].order, TEXT("released"));
            else
                queue_allocate(&batch[i].order);
        cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
        for (size_t i = 0; i < count; i++) {
            cr_expect_str_eq(reply_text(i), batch[i].answer, "%d: %zu", again, i);
            cr_expect_eq(store_is_status(store_value(store, i)), batch[i].is_stored[again], "%d: %zu", again, i);
        }
    }
}

Test(stock, orders_of_one_call_see_what_those_before_them_took)
{
    const struct expected allocations[] = {
        {order_of("O-1", "A", 2, "B", 1), "allocated", {false, true}},
        {order_of("O-2", "A", 2, NULL, 0), "short of <A>", {false, true}},
        {order_of("O-1", "A", 2, "B", 1), "allocated", {true, true}}, /* the same again in one call */
        {order_of("O-3", "A", 1, "B", 1), "allocated", {false, true}},
        {order_of("O-4", "B", 1, NULL, 0), "short of <B>", {false, true}},
    };
    const struct expected releases[] = {
        {order_of("O-1", "A", 2, "B", 1), "released", {false, true}},
        {order_of("O-2", "A", 2, NULL, 0), "released", {false, true}},
        {order_of("O-1", "A", 2, "B", 1), "released", {true, true}},
        {order_of("O-5", "A", 1, NULL, 0), "released", {false, true}}, /* it never was */
    };

    supply("A", 3);
    supply("B", 2);
    expect_batch(allocations, COUNT_OF(allocations), false);
    expect_units("A", 0, 3);
    expect_units("B", 0, 2);
    expect_batch(releases, COUNT_OF(releases), true);
    expect_units("A", 2, 1);
    expect_units("B", 1, 1);
}

Test(stock, an_order_whose_data_is_broken_leaves_the_others_of_the_call_alone)
{
    struct expected batch[] = {
        {order_of("O-1", "A", 1, NULL, 0), "allocated", {false, true}},
        {order_of("O-2", "A", 1, NULL, 0), "wrong type", {false, false}},
        {order_of("O-3", "A", 1, "B", 1), "broken", {false, false}},
        {order_of("O-4", "A", 1, NULL, 0), "allocated", {false, true}},
    };

    supply("A", 5);
    supply("B", 5);
    ask(TEXT("SET"), TEXT("{stock:main}:reservation:O-2"), TEXT("x"), TEXT_NONE);
    ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), TEXT("many"));
    expect_batch(batch, COUNT_OF(batch), false);
    expect_units("A", 3, 2);
    ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), TEXT("5"));
    cr_expect_str_eq(allocate(&batch[2].order), "allocated", "it was not remembered");
    ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), TEXT("many"));
    batch[0].answer = batch[3].answer = "released";
    expect_batch(batch, COUNT_OF(batch), true);
    expect_units("A", 4, 1);
}

/* ---- many clients ---- */

/* Takes one of HOT for each order, and gives every third back. */
static void be_a_client(int number)
{
    char id[64];

    store_close(store);
    open_store();
    for (int i = 0; i < ORDERS_EACH; i++) {
        snprintf(id, sizeof(id), "O-%d-%d", number, i);
        struct order order = order_of(id, "HOT", 1, "OTHER", 2);
        const char *outcome = allocate(&order);
        if (i % 3 == 0 && strcmp(outcome, "allocated") == 0)
            release(&order);
        arena_reset(arena);
    }
}

Test(stock, eight_clients_at_once_take_each_unit_once)
{
    pid_t clients[CLIENTS];

    supply("HOT", SUPPLY);
    supply("OTHER", 100000);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = fork();
        if (clients[i] == 0) {
            be_a_client(i);
            _exit(0);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        int how = -1;
        waitpid(clients[i], &how, 0);
        cr_expect_eq(how, 0);
    }
    cr_expect_geq(units("stock:main", "HOT"), 0);
    cr_expect_eq(units("stock:main", "HOT") + units("{stock:main}:taken", "HOT"), SUPPLY);
    cr_expect_eq(units("{stock:main}:taken", "OTHER"), 2 * units("{stock:main}:taken", "HOT"));
    cr_expect_gt(units("{stock:main}:taken", "HOT"), SUPPLY / 2);
}

Test(stock, a_number_that_makes_no_sense_is_told_and_nothing_is_put_back)
{
    static const char *const senseless[] = {"abc", "-1", "1.5", "", "99999999999999999999", "007", "00"};
    struct order order = order_of("O-1", "A", 1, "B", 1);

    supply("A", 5);
    supply("B", 5);
    cr_expect_str_eq(allocate(&order), "allocated");
    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), text_of(senseless[i]));
        cr_expect_str_eq(release(&order), "broken", "%s", senseless[i]);
    }
    expect_units("A", 4, 1);
    ask(TEXT("HSET"), TEXT("stock:main"), TEXT("B"), TEXT("4"));
    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        ask(TEXT("HSET"), TEXT("{stock:main}:taken"), TEXT("B"), text_of(senseless[i]));
        cr_expect_str_eq(release(&order), "broken", "taken: %s", senseless[i]);
    }
    expect_units("A", 4, 1);
    ask(TEXT("HSET"), TEXT("{stock:main}:taken"), TEXT("B"), TEXT("1"));
    cr_expect_str_eq(release(&order), "released", "it was not remembered");
    expect_units("A", 5, 0);
    expect_units("B", 5, 0);
}

Test(stock, what_can_not_be_counted_is_not_supplied)
{
    static const char *const senseless[] = {"many", "007", "9007199254740992"};
    struct text id = TEXT("A");
    int64_t five = 5;
    size_t number;

    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        ask(TEXT("HSET"), TEXT("{stock:main}:supplied"), TEXT("A"), text_of(senseless[i]));
        store_begin(store);
        number = stock_queue_supply(store, arena, TEXT("main"), &id, &five, 1);
        cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
        cr_expect_gt(store_error(store_value(store, number)).length, 0, "%s", senseless[i]);
        cr_expect_null(ask(TEXT("HGET"), TEXT("stock:main"), TEXT("A"), TEXT_NONE).at, "or it would never be supplied again");
    }
}

/* Nothing may be put back of a reservation of which one line can't be: the next attempt would put the others back again. */
Test(stock, a_reservation_that_was_edited_to_nonsense_is_told_and_nothing_is_put_back)
{
    static const char *const senseless[] = {"A=1 B=01", "A=1 B=99999999999999999999", "A=1 B=2", "A=1 B=1 B=1"};
    struct order order = order_of("O-1", "A", 1, "B", 1);

    supply("A", 5);
    supply("B", 5);
    cr_expect_str_eq(allocate(&order), "allocated");
    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        ask(TEXT("HSET"), TEXT("{stock:main}:reservation:O-1"), TEXT("items"), text_of(senseless[i]));
        cr_expect_str_eq(release(&order), "broken", "%s", senseless[i]);
    }
    expect_units("A", 4, 1);
    ask(TEXT("HSET"), TEXT("{stock:main}:reservation:O-1"), TEXT("items"), TEXT("A=1 B=1"));
    cr_expect_str_eq(release(&order), "released", "it was not remembered");
    expect_units("A", 5, 0);
}
