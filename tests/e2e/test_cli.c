/* The command line as a person or a script meets it: what it prints, and how it exits. */
#include "stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(cli, .init = stage_set_up, .fini = stage_tear_down);

#define RUN_ON(input, ...) run_orderly(input, (const char *const[]){__VA_ARGS__, NULL})

Test(cli, every_command_has_help)
{
    static const char *const commands[][3] = {{"topics", "create", "--help"},
                                              {"catalog", "load", "--help"},
                                              {"submit", "--help"},
                                              {"get", "--help"},
                                              {"list", "--help"},
                                              {"stock", "--help"},
                                              {"--help"}};

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        cr_expect_eq(RUN(commands[i][0], commands[i][1], commands[i][2]), 0, "%s", commands[i][0]);
        PRINTED("Exit codes:");
    }
    cr_expect_eq(RUN("--version"), 0);
}

Test(cli, usage_mistakes_exit_with_2)
{
    cr_expect_eq(RUN("frobnicate"), 2);
    cr_expect_eq(RUN("get"), 2);
    cr_expect_eq(RUN("get", "a b"), 2);
    cr_expect_eq(RUN("get", "A", "B"), 2);
    cr_expect_eq(RUN("list", "--status", "happy"), 2);
    cr_expect_eq(RUN("list", "--limit", "none"), 2);
    cr_expect_eq(RUN("submit"), 2);
    cr_expect_eq(RUN("stock", "--warehouse", "a:b"), 2);
    setenv("TOPIC_PARTITIONS", "many", 1);
    setenv("RDKAFKA_ACKS", "1", 1);
    cr_expect_eq(RUN("list"), 2);
    PRINTED("TOPIC_PARTITIONS");
    PRINTED("RDKAFKA_ACKS");
}

Test(cli, what_is_not_there_exits_with_1)
{
    cr_expect_eq(RUN("get", "NO-SUCH-ORDER"), 1);
    PRINTED("there is no order NO-SUCH-ORDER");
    cr_expect_eq(RUN("stock"), 1);
    cr_expect_eq(RUN("catalog", "load", "no-such-file.json"), 1);
    cr_expect_eq(RUN_ON("{\"products\":[{}]}", "catalog", "load", "-"), 1);
    PRINTED("products[0].productId");
    PRINTED("nothing was loaded");
}

Test(cli, what_is_unreachable_exits_with_3)
{
    int64_t began_ms = test_now_ms();

    redis_process_kill(stage.redis);
    cr_expect_eq(RUN("list"), 3);
    PRINTED("REDIS_URL");
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    cr_expect_eq(RUN("topics", "create"), 3);
    PRINTED("KAFKA_BOOTSTRAP_SERVERS");
    cr_expect_lt(test_now_ms() - began_ms, SYSTEM_WAIT_MS);
}

Test(cli, loading_a_catalog_twice_keeps_the_stock)
{
    cr_expect_eq(RUN_ON("{\"products\":[{\"productId\":\"A\",\"name\":\"First\",\"unitPrice\":100,\"currency\":\"USD\",\"stock\":"
                        "{\"main\":5}}]}",
                        "catalog", "load", "-"),
                 0);
    cr_expect_eq(RUN_ON("{\"products\":[{\"productId\":\"A\",\"name\":\"Second\",\"unitPrice\":250,\"currency\":\"USD\","
                        "\"stock\":{\"main\":9}}]}",
                        "catalog", "load", "-"),
                 0);
    cr_expect_eq(RUN("stock"), 0);
    PRINTED("2.50 USD");
    PRINTED("Second");
    cr_expect_null(strstr(stage.printed, "DOES NOT ADD UP"), "%s", stage.printed);
    cr_expect_eq(RUN("stock", "--json"), 0);
    PRINTED("\"left\":5,\"taken\":0,\"supplied\":5");
}

Test(cli, submits_waits_and_shows)
{
    const char *good = unique("CLI-good"), *bad = unique("CLI-bad"), *lines;

    stage_start((struct system_options){0});
    lines =
        text_format(stage.arena, "%.*s\n\n{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[],\"paymentMethod\":\"tok_visa\"}",
                    TEXT_ARG(order_to(good, "IT")), bad)
            .at;
    cr_expect_eq(RUN_ON(lines, "submit", "--wait", "-"), 0, "%s", stage.printed);
    PRINTED("2 orders placed");
    PRINTED("completed");
    PRINTED("validation_failed");
    cr_expect_eq(RUN("get", good), 0);
    PRINTED("39.98 USD");
    PRINTED("payment.captured");
    cr_expect_eq(RUN("get", "--json", bad), 0);
    PRINTED("\"status\"");
    PRINTED("out_of_range");
    cr_expect_eq(RUN("list", "--status", "rejected", "--json"), 0);
    PRINTED(bad);
    cr_expect_null(strstr(stage.printed, good));
    cr_expect_eq(RUN_ON("no json\n", "submit", "-"), 1);
    PRINTED("line 1");
}
