/* The command line as a person or a script meets it: what it prints, and how it exits. */
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct redis_process *redis;
static char printed[65536];

static void set_up(void) { redis = redis_process_start(NULL); }
static void tear_down(void) { redis_process_stop(redis); }
TestSuite(cli, .init = set_up, .fini = tear_down);

#define RUN(input, ...) \
    system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, input, printed, sizeof(printed))
#define PRINTED(text) cr_expect_not_null(strstr(printed, text), "'%s' is not in: %s", text, printed)

Test(cli, every_command_has_help)
{
    static const char *const commands[][3] = {{"topics", "create", "--help"}, {"catalog", "load", "--help"}, {"submit", "--help"},
                                              {"get", "--help"}, {"list", "--help"}, {"stock", "--help"}, {"--help"}};

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        cr_expect_eq(RUN(NULL, commands[i][0], commands[i][1], commands[i][2]), 0, "%s", commands[i][0]);
        PRINTED("Exit codes:");
    }
    cr_expect_eq(RUN(NULL, "--version"), 0);
}

Test(cli, usage_mistakes_exit_with_2)
{
    cr_expect_eq(RUN(NULL, "frobnicate"), 2);
    cr_expect_eq(RUN(NULL, "get"), 2);
    cr_expect_eq(RUN(NULL, "get", "a b"), 2);
    cr_expect_eq(RUN(NULL, "get", "A", "B"), 2);
    cr_expect_eq(RUN(NULL, "list", "--status", "happy"), 2);
    cr_expect_eq(RUN(NULL, "list", "--limit", "none"), 2);
    cr_expect_eq(RUN(NULL, "submit"), 2);
    cr_expect_eq(RUN(NULL, "stock", "--warehouse", "a:b"), 2);
    setenv("TOPIC_PARTITIONS", "many", 1);
    setenv("RDKAFKA_ACKS", "1", 1);
    cr_expect_eq(RUN(NULL, "list"), 2);
    PRINTED("TOPIC_PARTITIONS");
    PRINTED("RDKAFKA_ACKS");
}

Test(cli, what_is_not_there_exits_with_1)
{
    cr_expect_eq(RUN(NULL, "get", "NO-SUCH-ORDER"), 1);
    PRINTED("there is no order NO-SUCH-ORDER");
    cr_expect_eq(RUN(NULL, "stock"), 1);
    cr_expect_eq(RUN(NULL, "catalog", "load", "no-such-file.json"), 1);
    cr_expect_eq(RUN("{\"products\":[{}]}", "catalog", "load", "-"), 1);
    PRINTED("products[0].productId");
    PRINTED("nothing was loaded");
}

Test(cli, what_is_unreachable_exits_with_3)
{
    int64_t began_ms = test_now_ms();

    cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", (const char *[]){"list", NULL}, NULL, printed, sizeof(printed)), 3);
    PRINTED("REDIS_URL");
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    cr_expect_eq(RUN(NULL, "topics", "create"), 3);
    PRINTED("KAFKA_BOOTSTRAP_SERVERS");
    cr_expect_lt(test_now_ms() - began_ms, SYSTEM_WAIT_MS);
}

Test(cli, loading_a_catalog_twice_keeps_the_stock)
{
    cr_expect_eq(RUN("{\"products\":[{\"productId\":\"A\",\"name\":\"First\",\"unitPrice\":100,\"currency\":\"USD\",\"stock\":{\"main\":5}}]}",
                     "catalog", "load", "-"), 0);
    cr_expect_eq(RUN("{\"products\":[{\"productId\":\"A\",\"name\":\"Second\",\"unitPrice\":250,\"currency\":\"USD\",\"stock\":{\"main\":9}}]}",
                     "catalog", "load", "-"), 0);
    cr_expect_eq(RUN(NULL, "stock"), 0);
    PRINTED("2.50 USD");
    PRINTED("Second");
    cr_expect_null(strstr(printed, "DOES NOT ADD UP"), "%s", printed);
    cr_expect_eq(RUN(NULL, "stock", "--json"), 0);
    PRINTED("\"left\":5,\"taken\":0,\"supplied\":5");
}

Test(cli, submits_waits_and_shows)
{
    struct system *services = system_start(&(struct system_options){.redis_url = redis_process_url(redis)}, "tests/support/catalog.json");
    char lines[2048], good[96], bad[96];
    long long now = (long long)time(NULL);

    snprintf(good, sizeof(good), "CLI-%lld-%d-good", now, (int)getpid());
    snprintf(bad, sizeof(bad), "CLI-%lld-%d-bad", now, (int)getpid());
    snprintf(lines, sizeof(lines),
             "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[{\"productId\":\"HOT\",\"quantity\":2}],\"paymentMethod\":\"tok_visa\"}\n\n"
             "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[],\"paymentMethod\":\"tok_visa\"}", good, bad);
    cr_expect_eq(RUN(lines, "submit", "--wait", "-"), 0, "%s", printed);
    PRINTED("2 orders placed");
    PRINTED("completed");
    PRINTED("validation_failed");
    cr_expect_eq(RUN(NULL, "get", good), 0);
    PRINTED("39.98 USD");
    PRINTED("payment.captured");
    cr_expect_eq(RUN(NULL, "get", "--json", bad), 0);
    PRINTED("\"status\"");
    PRINTED("out_of_range");
    cr_expect_eq(RUN(NULL, "list", "--status", "rejected", "--json"), 0);
    PRINTED(bad);
    cr_expect_null(strstr(printed, good));
    cr_expect_eq(RUN("no json\n", "submit", "-"), 1);
    PRINTED("line 1");
    system_stop(services);
}
