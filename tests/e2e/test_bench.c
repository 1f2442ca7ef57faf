/* orderly bench on the real system: it says what happened, and nothing else on standard output; it notices what went wrong. */
#include "json.h"
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct redis_process *redis;
static struct system *services;
static struct arena *arena;
static char printed[65536];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    services = system_start(&(struct system_options){.redis_url = redis_process_url(redis)}, "tests/support/catalog.json");
    arena = arena_create();
}

static void tear_down(void)
{
    arena_destroy(arena);
    if (services != NULL)
        system_stop(services);
    redis_process_stop(redis);
}

TestSuite(bench, .init = set_up, .fini = tear_down);

#define RUN(...) \
    system_run_orderly(redis_process_url(redis), (const char *[]){"bench", "--no-audit", __VA_ARGS__, NULL}, NULL, printed, sizeof(printed))

static const struct json *member(const struct json *object, const char *name)
{
    const struct json *found = json_member(object, text_of(name));

    cr_assert_not_null(found, "no %s in %s", name, printed);
    return found;
}

static int64_t number(const struct json *object, const char *name)
{
    int64_t found = -1;

    cr_assert(json_integer(member(object, name), &found), "%s is no integer in %s", name, printed);
    return found;
}

static double decimal(const struct json *object, const char *name)
{
    return atof(text_copy(arena, json_raw(member(object, name))).at);
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
        cr_expect(has_process(member(result, "processes"), names[i]), "no process %s in %s", names[i], printed);
}

Test(bench, tells_in_json_how_every_order_ended)
{
    const struct json *result, *outcomes;

    cr_assert_eq(RUN("--json", "--orders", "200", "--rate", "400", "--items", "1..5", "--products", "20", "--mix",
                     "completed=80,refused=15,rejected=5"),
                 0, "%s", printed);
    cr_assert_eq(json_read(arena, text_of(printed), &result), STATUS_OK, "%s", printed);
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
        cr_expect_eq(RUN("--orders", "50", "--products", "1"), 0, "%s", printed);
    cr_expect_not_null(strstr(printed, "ended  completed 50\n"), "%s", printed);
}

/* Somebody takes all the stock away between two runs: orders that were to complete do not. */
Test(bench, an_order_that_ends_otherwise_than_planned_is_a_failure)
{
    CLEANUP(store_close) struct store *store = NULL;

    cr_expect_eq(RUN("--orders", "10", "--products", "1"), 0, "%s", printed);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    store_begin(store);
    store_queue(store, TEXT("stock:main"), (struct text[]){TEXT("HSET"), TEXT("stock:main"), TEXT("BENCH-00001"), TEXT("0")}, 4);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(RUN("--orders", "10", "--products", "1"), 1);
    cr_expect_not_null(strstr(printed, "10 orders ended otherwise than planned"), "%s", printed);
    cr_expect_not_null(strstr(printed, "ended failed (insufficient_inventory), not completed ()"), "%s", printed);
}

/* What the audit finds is not this test's affair: the Kafka of the suites holds the orders of others too. */
Test(bench, the_books_are_checked_in_the_end)
{
    const struct json *result;
    char *end;

    system_run_orderly(redis_process_url(redis), (const char *[]){"bench", "--json", "--orders", "10", NULL}, NULL, printed,
                       sizeof(printed));
    cr_expect(strstr(printed, " violation=") != NULL || strstr(printed, "totals orders=") != NULL, "%.1000s", printed);
    end = strchr(printed, '\n');
    cr_assert_not_null(end);
    cr_expect_eq(json_read(arena, (struct text){printed, (size_t)(end - printed)}, &result), STATUS_OK, "%s", printed);
}

Test(bench, orders_that_do_not_end_are_a_failure)
{
    system_stop(services);
    services = NULL;
    cr_expect_eq(RUN("--orders", "10", "--timeout", "1"), 1);
    cr_expect_not_null(strstr(printed, "10 orders have not ended"), "%s", printed);
    cr_expect_not_null(strstr(printed, "NOT ENDED 10"), "%s", printed);
}

Test(bench, a_backlog_counts_from_its_command_on)
{
    char path[64], command[128];

    snprintf(path, sizeof(path), "/tmp/orderly-test-bench-%d", (int)getpid());
    snprintf(command, sizeof(command), "touch %s", path);
    cr_expect_eq(RUN("--orders", "20", "--once-placed", command), 0, "%s", printed);
    cr_expect_eq(unlink(path), 0, "the command did not run");
    cr_expect_eq(RUN("--orders", "20", "--once-placed", "exit 3"), 1);
    cr_expect_not_null(strstr(printed, "--once-placed ended with 3"), "%s", printed);
}

Test(bench, mistakes_in_the_arguments_exit_with_2)
{
    cr_expect_eq(RUN("--orders", "0"), 2);
    cr_expect_eq(RUN("--rate", "fast"), 2);
    cr_expect_eq(RUN("--mix", "happy=1"), 2);
    cr_expect_eq(RUN("--items", "5..1"), 2);
    cr_expect_eq(RUN("--items", "3", "--products", "2"), 2);
    cr_expect_eq(RUN("--pid", "redis"), 2);
    cr_expect_eq(RUN("--pid", "redis=999999999"), 2);
    cr_expect_eq(RUN("more"), 2);
}
