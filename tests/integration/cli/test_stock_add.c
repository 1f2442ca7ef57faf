/* orderly stock add: units are supplied once for each operation id, whoever repeats it and when. */
#include "redis_process.h"
#include "stock.h"
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE, REFUSED, USAGE, UNREACHABLE };

#define CLIENTS 6
#define EACH 5
#define CATALOG                                                                                                                  \
    "{\"products\":[{\"productId\":\"P\",\"name\":\"N\",\"unitPrice\":1,\"currency\":\"USD\",\"stock\":{\"main\":10}}]}"

static struct redis_process *redis;
static struct store *store;
static char printed[4096];

#define ORDERLY(input, ...)                                                                                                      \
    system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, (input), printed, sizeof(printed))
#define ADD(...) ORDERLY(NULL, "stock", "add", __VA_ARGS__)

static void set_up(void)
{
    redis = redis_process_start(NULL);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    cr_assert_eq(ORDERLY(CATALOG, "catalog", "load", "-"), DONE, "%s", printed);
}

static void tear_down(void)
{
    store_close(store);
    redis_process_stop(redis);
}

TestSuite(stock_add, .init = set_up, .fini = tear_down);

static void redis_do(const char *verb, const char *key, const char *a, const char *b)
{
    store_begin(store);
    store_queue(store, text_of(key), (struct text[]){text_of(verb), text_of(key), text_of(a), text_of(b)},
                a == NULL   ? 2
                : b == NULL ? 3
                            : 4);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

static void expect_units(const char *warehouse, const char *left, const char *supplied)
{
    char key[64];

    snprintf(key, sizeof(key), "stock:%s", warehouse);
    cr_expect_str_eq(hash_field(store, key, "P"), left);
    snprintf(key, sizeof(key), "{stock:%s}:supplied", warehouse);
    cr_expect_str_eq(hash_field(store, key, "P"), supplied);
}

Test(stock_add, repeated_with_its_operation_id_adds_once)
{
    cr_expect_eq(ADD("P", "5", "--operation", "D-1"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "15 left, 15 supplied"), "%s", printed);
    cr_expect_eq(ADD("P", "1", "--operation", "D-2"), DONE, "%s", printed);
    cr_expect_eq(ADD("P", "5", "--operation", "D-1"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "15 left, 15 supplied then"), "%s", printed);
    expect_units("main", "16", "16");
    redis_do("TTL", "{stock:main}:operation:D-1", NULL, NULL);
    cr_expect_gt(store_number(store_value(store, 0)), 29 * 86400);
    cr_expect_leq(store_number(store_value(store, 0)), STOCK_OPERATION_SECONDS);
}

Test(stock_add, an_operation_id_is_for_one_delivery)
{
    cr_expect_eq(ADD("P", "5", "--operation", "D-1"), DONE, "%s", printed);
    cr_expect_eq(ADD("P", "6", "--operation", "D-1"), REFUSED, "%s", printed);
    cr_expect_not_null(strstr(printed, "P=5"), "%s", printed);
    expect_units("main", "15", "15");
}

Test(stock_add, without_an_id_one_is_made_and_shown_for_repeating)
{
    char id[64] = "";

    cr_expect_eq(ADD("P", "5"), DONE, "%s", printed);
    cr_assert_eq(sscanf(printed, "operation %63s", id), 1, "%s", printed);
    cr_expect_eq(ADD("P", "5", "--operation", id), DONE, "%s", printed);
    expect_units("main", "15", "15");
    cr_expect_eq(ADD("P", "5"), DONE, "%s", printed);
    expect_units("main", "20", "20");
}

Test(stock_add, another_warehouse)
{
    cr_expect_eq(ADD("P", "7", "--warehouse", "east"), DONE, "%s", printed);
    expect_units("east", "7", "7");
    expect_units("main", "10", "10");
}

Test(stock_add, what_is_refused_changes_nothing)
{
    cr_expect_eq(ADD("NONE", "5"), REFUSED, "%s", printed);
    cr_expect_not_null(strstr(printed, "catalog"), "%s", printed);
    cr_expect_eq(ADD("P", "9007199254740992"), REFUSED, "%s", printed);
    cr_expect_eq(ADD("P", "9007199254740983"), REFUSED, "%s", printed);
    expect_units("main", "10", "10");
    cr_expect_eq(ADD("P", "9007199254740982"), DONE, "%s", printed);
    expect_units("main", "9007199254740992", "9007199254740992");
    redis_do("HSET", "{stock:main}:taken", "P", "-1");
    cr_expect_eq(ADD("P", "1"), REFUSED, "%s", printed);
    cr_expect_not_null(strstr(printed, "makes no sense"), "%s", printed);
}

Test(stock_add, mistakes_in_the_arguments)
{
    static const char *const wrong[][4] = {{"P"},
                                           {"P", "0"},
                                           {"P", "x"},
                                           {"P", "1.5"},
                                           {"a b", "1"},
                                           {"P", "1", "2"},
                                           {"P", "9007199254740993"},
                                           {"P", "1", "--operation", "a b"}};

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        cr_expect_eq(ADD(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]), USAGE, "%zu: %s", i, printed);
    expect_units("main", "10", "10");
    cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", (const char *[]){"stock", "add", "P", "1", NULL}, NULL, printed,
                                    sizeof(printed)),
                 UNREACHABLE);
    cr_expect_eq(ORDERLY(NULL, "stock", "--help"), DONE);
    cr_expect_not_null(strstr(printed, "Show for each product"), "%s", printed);
    cr_expect_eq(ADD("--help"), DONE);
    cr_expect_not_null(strstr(printed, "Supply more units"), "%s", printed);
}

/* Every client adds the same EACH deliveries. */
static void add_all(void)
{
    char id[32];
    int good = 1;

    for (int i = 0; i < EACH; i++) {
        snprintf(id, sizeof(id), "SHARED-%d", i);
        good = good && ADD("P", "1", "--operation", id) == DONE;
    }
    _exit(good ? 0 : 1);
}

Test(stock_add, at_the_same_time_from_many_clients)
{
    pid_t clients[CLIENTS];
    int how;

    for (size_t i = 0; i < CLIENTS; i++)
        if ((clients[i] = fork()) == 0)
            add_all();
    for (size_t i = 0; i < CLIENTS; i++) {
        waitpid(clients[i], &how, 0);
        cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    }
    expect_units("main", "15", "15");
}
