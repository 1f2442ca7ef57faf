/* A replica whose clock is wrong decides nothing by it: nothing goes, and nothing is buried, before its time. */
#include "clock.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS 20
#define PATH_SIZE 512
#define TEN_DAYS_SECONDS "864000"
#define FORTY_DAYS_SECONDS "3456000"

TestSuite(clocks, .init = stage_set_up, .fini = stage_tear_down);

/* What is started from now on has a wall clock that is so far ahead. */
static void put_clock_ahead(const char *seconds)
{
    char library[PATH_SIZE];

    snprintf(library, sizeof(library), "%s/clock_ahead.so", getenv("ORDERLY_TEST_BIN"));
    setenv("CLOCK_AHEAD_SECONDS", seconds, 1);
    setenv("LD_PRELOAD", library, 1);
}

static void put_clock_right(void) { unsetenv("LD_PRELOAD"); }

/* The orchestrator goes on with a wall clock that is ten days ahead. */
static void move_clock_ahead(void)
{
    system_kill(stage.services, "orchestrator", 0, SIGKILL);
    put_clock_ahead(TEN_DAYS_SECONDS);
    system_revive(stage.services, "orchestrator", 0);
    put_clock_right();
    system_wait_ready(stage.services);
}

/* A saga that ended long before any retention; its place in the index tells when the sweep has passed. */
static void put_old_saga(const char *id)
{
    struct text key = text_format(stage.arena, "saga:%s", id);

    REDIS(TEXT("HSET"), key, TEXT("status"), TEXT("rejected"), TEXT("since"), TEXT("2001-01-01T00:00:00.000Z"), TEXT("order"),
          TEXT("{}"));
    REDIS(TEXT("ZADD"), TEXT("sagas:rejected"), TEXT("978307200000"), text_of(id));
}

static void expect_marks(const char *id)
{
    cr_expect(key_exists(text_format(stage.arena, "payment:%s", id).at), "payment:%s", id);
    cr_expect(key_exists(text_format(stage.arena, "shipment:%s", id).at), "shipment:%s", id);
    cr_expect(key_exists(text_format(stage.arena, "{stock:main}:reservation:%s", id).at), "reservation:%s", id);
    cr_expect(is_listed("sagas:completed", id), "%s", id);
}

Test(clocks, an_orchestrator_ten_days_ahead_takes_no_mark_away_and_buries_no_fresh_order)
{
    const char *finished[ORDERS], *fresh[ORDERS], *old = unique("clocks-old");

    START("STEP_TIMEOUT_MS=60000");
    send_orders("clocks-finished", finished, ORDERS);
    cr_assert_eq(wait_for_end(stage.store, finished, ORDERS), ORDERS);
    put_old_saga(old);
    move_clock_ahead();
    send_orders("clocks-fresh", fresh, ORDERS);
    cr_expect_eq(wait_for_end(stage.store, fresh, ORDERS), ORDERS);
    WAIT_UNTIL(!is_listed("sagas:rejected", old)); /* the sweep works, by the clock that all share */
    for (size_t i = 0; i < ORDERS; i++) {
        expect_marks(finished[i]);
        expect_marks(fresh[i]);
    }
    assert_balanced(stage.store, finished, ORDERS);
}

/* No order comes, and nothing else: what the sweep needs to know it has to ask for. */
Test(clocks, an_idle_system_is_swept_too)
{
    const char *old = unique("clocks-idle");

    put_old_saga(old);
    START("STEP_TIMEOUT_MS=60000");
    WAIT_UNTIL(!is_listed("sagas:rejected", old));
}

/* ---- Redis' own clock ---- */

static void set_up_redis_ahead(void)
{
    put_clock_ahead(TEN_DAYS_SECONDS);
    stage_set_up();
    put_clock_right();
}

TestSuite(clocks_redis, .init = set_up_redis_ahead, .fini = stage_tear_down);

/* How often an orchestrator has said that the clocks are apart. */
static size_t complaints(void) { return system_log_lines(stage.services, "orchestrator", 0, "event=clocks_apart"); }

Test(clocks_redis, a_redis_ten_days_ahead_takes_no_mark_away_and_buries_no_fresh_order)
{
    const char *finished[ORDERS], *fresh[ORDERS], *old = unique("clocks-waits");

    put_old_saga(old);
    START("STEP_TIMEOUT_MS=60000");
    send_orders("clocks-finished", finished, ORDERS);
    cr_assert_eq(wait_for_end(stage.store, finished, ORDERS), ORDERS);
    WAIT_UNTIL(complaints() == 1);
    system_kill(stage.services, "orchestrator", 0, SIGKILL); /* the next one has everything to learn */
    system_revive(stage.services, "orchestrator", 0);
    send_orders("clocks-fresh", fresh, ORDERS);
    cr_expect_eq(wait_for_end(stage.store, fresh, ORDERS), ORDERS);
    WAIT_UNTIL(complaints() == 2);
    for (size_t i = 0; i < ORDERS; i++) {
        expect_marks(finished[i]);
        expect_marks(fresh[i]);
    }
    cr_expect(is_listed("sagas:rejected", old), "the sweep waits");
}

/* ---- the command line ---- */

struct seen_letter {
    const char *value;
    char place[PATH_SIZE]; /* "": not seen */
};

static void see_letter(const struct record *record, void *context)
{
    struct seen_letter *seen = context;

    if (text_equals(record->value, text_of(seen->value)))
        snprintf(seen->place, sizeof(seen->place), "orders.dlq/%d/%lld", (int)record->partition, (long long)record->offset);
}

static const char *place_of_letter(const char *value)
{
    static struct seen_letter seen;

    seen = (struct seen_letter){.value = value};
    read_topic("orders.dlq", see_letter, &seen);
    return seen.place;
}

Test(clocks, a_redrive_from_a_machine_forty_days_ahead_finds_nothing_too_old_and_forgets_no_mark)
{
    const char *value = unique("no json"), *place;

    START("STEP_TIMEOUT_MS=60000");
    system_send("orders", NULL, value, strlen(value));
    WAIT_UNTIL(place_of_letter(value)[0] != '\0');
    place = text_format(stage.arena, "%s", place_of_letter(value)).at;
    REDIS(TEXT("ZADD"), TEXT("dlq:redriven"), text_of_number(stage.arena, clock_wall_ms()), TEXT("orders.dlq/0/999999999"));
    put_clock_ahead(FORTY_DAYS_SECONDS);
    cr_expect_eq(RUN("dlq", "redrive", place), 0, "%s", stage.printed);
    put_clock_right();
    cr_expect(is_listed("dlq:redriven", place));
    cr_expect(is_listed("dlq:redriven", "orders.dlq/0/999999999"));
}
