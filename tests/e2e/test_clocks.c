/* A replica whose clock is wrong decides nothing by it: nothing goes, and nothing is buried, before its time. */
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDERS 20
#define PATH_SIZE 512
#define TEN_DAYS_SECONDS "864000"

TestSuite(clocks, .init = stage_set_up, .fini = stage_tear_down);

/* The orchestrator goes on with a wall clock that is ten days ahead. */
static void move_clock_ahead(void)
{
    char library[PATH_SIZE];

    system_kill(stage.services, "orchestrator", 0, SIGKILL);
    snprintf(library, sizeof(library), "%s/clock_ahead.so", getenv("ORDERLY_TEST_BIN"));
    setenv("CLOCK_AHEAD_SECONDS", TEN_DAYS_SECONDS, 1);
    setenv("LD_PRELOAD", library, 1);
    system_revive(stage.services, "orchestrator", 0);
    unsetenv("LD_PRELOAD");
    system_wait_ready(stage.services);
}

/* A saga that ended long before any retention; its place in the index tells when the sweep has passed. */
static void put_old_saga(const char *id)
{
    struct text key = text_format(stage.arena, "saga:%s", id);

    REDIS(TEXT("HSET"), key, TEXT("status"), TEXT("rejected"), TEXT("since"), TEXT("2001-01-01T00:00:00.000Z"), TEXT("order"), TEXT("{}"));
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
