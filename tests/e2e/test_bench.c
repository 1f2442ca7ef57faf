/* orderly bench on the real system: it says what happened, and nothing else on standard output; it notices what went wrong. */
#include "stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(bench, .init = stage_set_up_and_start, .fini = stage_tear_down);

#define BENCH(...) RUN("bench", "--no-audit", __VA_ARGS__)

static const struct json *member(const struct json *object, const char *name)
{
    const struct json *found = json_member(object, text_of(name));

    cr_assert_not_null(found, "no %s in %s", name, stage.printed);
    return found;
}

static int64_t number(const struct json *object, const char *name)
{
    int64_t found = -1;

    cr_assert(json_integer(member(object, name), &found), "%s is no integer in %s", name, stage.printed);
    return found;
}

static double decimal(const struct json *object, const char *name)
{
    return atof(text_copy(stage.arena, json_raw(member(object, name))).at);
}

static void expect_ordered(const struct json *latency)
{
    static const char *const points[] = {"p50", "p90", "p99", "p999", "max"};

    for (size_t i = 1; i < COUNT_OF(points); i++)
        cr_expect_leq(decimal(latency, points[i - 1]), decimal(latency, points[i]), "%s", points[i]);
    cr_expect_gt(decimal(latency, "max"), 0);
}

static bool has_process(const struct json *processes, const char *name)
{
    for (JSON_EACH(process, processes))
        if (json_string_is(member(process, "name"), text_of(name)))
            return number(process, "peakBytes") > 0;
    return false;
}

static void expect_all_processes(const struct json *result)
{
    static const char *const names[] = {"validator", "payment", "inventory", "fulfillment", "orchestrator", "redis", "kafka"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        cr_expect(has_process(member(result, "processes"), names[i]), "no process %s in %s", names[i], stage.printed);
}

Test(bench, tells_in_json_how_every_order_ended)
{
    const struct json *result, *outcomes;

    cr_assert_eq(BENCH("--json", "--orders", "200", "--rate", "400", "--items", "1..5", "--products", "20", "--mix",
                       "completed=80,refused=15,rejected=5"),
                 0, "%s", stage.printed);
    cr_assert_eq(json_read(stage.arena, text_of(stage.printed), &result), STATUS_OK, "%s", stage.printed);
    outcomes = member(result, "outcomes");
    cr_expect_eq(number(outcomes, "completed"), 160);
    cr_expect_eq(number(outcomes, "declined"), 10);
    cr_expect_eq(number(outcomes, "out_of_stock"), 10);
    cr_expect_eq(number(outcomes, "unshippable"), 10);
    cr_expect_eq(number(outcomes, "rejected"), 10);
    cr_expect_eq(number(outcomes, "unended"), 0);
    cr_expect_eq(number(result, "surprises"), 0);
    cr_expect_gt(decimal(result, "ordersPerSecond"), 0);
    cr_expect_gt(decimal(result, "cpuMicrosPerOrder"), 0);
    expect_ordered(member(result, "latencyMs"));
    expect_ordered(member(result, "brokerLatencyMs"));
    expect_all_processes(result);
}

Test(bench, runs_again_on_what_it_has_left_behind)
{
    for (int round = 0; round < 2; round++)
        cr_expect_eq(BENCH("--orders", "50", "--products", "1"), 0, "%s", stage.printed);
    cr_expect_not_null(strstr(stage.printed, "ended  completed 50\n"), "%s", stage.printed);
}

/* Somebody takes all the stock away between two runs: orders that were to complete do not. */
Test(bench, an_order_that_ends_otherwise_than_planned_is_a_failure)
{
    cr_expect_eq(BENCH("--orders", "10", "--products", "1"), 0, "%s", stage.printed);
    REDIS(TEXT("HSET"), TEXT("stock:main"), TEXT("BENCH-00001"), TEXT("0"));
    cr_expect_eq(BENCH("--orders", "10", "--products", "1"), 1);
    cr_expect_not_null(strstr(stage.printed, "10 orders ended otherwise than planned"), "%s", stage.printed);
    cr_expect_not_null(strstr(stage.printed, "ended failed (insufficient_inventory), not completed ()"), "%s", stage.printed);
}

/* What the audit finds is not this test's affair: the Kafka of the suites holds the orders of others too. */
Test(bench, the_books_are_checked_in_the_end)
{
    const struct json *result;
    char *end;

    RUN("bench", "--json", "--orders", "10");
    cr_expect(strstr(stage.printed, " violation=") != NULL || strstr(stage.printed, "totals orders=") != NULL, "%.1000s",
              stage.printed);
    end = strchr(stage.printed, '\n');
    cr_assert_not_null(end);
    cr_expect_eq(json_read(stage.arena, (struct text){stage.printed, (size_t)(end - stage.printed)}, &result), STATUS_OK, "%s",
                 stage.printed);
}

Test(bench, orders_that_do_not_end_are_a_failure)
{
    stage_stop();
    cr_expect_eq(BENCH("--orders", "10", "--timeout", "1"), 1);
    cr_expect_not_null(strstr(stage.printed, "10 orders have not ended"), "%s", stage.printed);
    cr_expect_not_null(strstr(stage.printed, "NOT ENDED 10"), "%s", stage.printed);
}

Test(bench, a_backlog_counts_from_its_command_on)
{
    char path[64], command[128];

    snprintf(path, sizeof(path), "/tmp/orderly-test-bench-%d", (int)getpid());
    snprintf(command, sizeof(command), "touch %s", path);
    cr_expect_eq(BENCH("--orders", "20", "--once-placed", command), 0, "%s", stage.printed);
    cr_expect_eq(unlink(path), 0, "the command did not run");
    cr_expect_eq(BENCH("--orders", "20", "--once-placed", "exit 3"), 1);
    cr_expect_not_null(strstr(stage.printed, "--once-placed ended with 3"), "%s", stage.printed);
}

Test(bench, mistakes_in_the_arguments_exit_with_2)
{
    cr_expect_eq(BENCH("--orders", "0"), 2);
    cr_expect_eq(BENCH("--rate", "fast"), 2);
    cr_expect_eq(BENCH("--mix", "happy=1"), 2);
    cr_expect_eq(BENCH("--items", "5..1"), 2);
    cr_expect_eq(BENCH("--items", "3", "--products", "2"), 2);
    cr_expect_eq(BENCH("--pid", "redis"), 2);
    cr_expect_eq(BENCH("--pid", "redis=999999999"), 2);
    cr_expect_eq(BENCH("more"), 2);
}
