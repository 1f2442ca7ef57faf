/* A thousand orders that end in every way, through several replicas, killed services, and a Redis that goes away: each ends as it has to,
 * and stock and money balance to the unit. */
#include "audit.h"
#include "crowd.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

#define ORDERS 1000

static struct redis_process *redis;
static struct store *store;

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

TestSuite(crowd, .init = set_up, .fini = tear_down);

static int64_t began_ms;

/* Every order ended as it had to, and the audit finds nothing of theirs out of step. */
static void check(const struct crowd *crowd)
{
    char prefix[128];

    crowd_check(store, crowd);
    snprintf(prefix, sizeof(prefix), "%.*s", (int)strlen(crowd->ids[0]) - 1, crowd->ids[0]);
    assert_audit_clean(redis_process_url(redis), began_ms, prefix);
}

static struct system *start(size_t replicas, bool static_members)
{
    if (began_ms == 0)
        began_ms = audit_now_ms();
    return system_start(&(struct system_options){.redis_url = redis_process_url(redis),
                                                 .replicas = replicas,
                                                 .static_members = static_members},
                        "tests/support/catalog.json");
}

Test(crowd, two_replicas_of_each_service)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("two", ORDERS);
    struct system *system = start(2, false);

    system_send_orders(crowd->values, crowd->count);
    check(crowd);
    system_stop(system);
}

Test(crowd, every_order_sent_twice)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("double", ORDERS);
    struct system *system = start(1, false);

    system_send_orders(crowd->values, crowd->count);
    system_send_orders(crowd->values, crowd->count);
    check(crowd);
    system_stop(system);
}

/* Kills it when part of the orders has ended, so that it is in the middle of its work. */
static void kill_in_the_middle(const char *service)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create(service, ORDERS);
    struct system *system = start(1, true);

    system_send_orders(crowd->values, crowd->count);
    for (size_t round = 1; round <= 3; round++) {
        wait_for_end(store, crowd->ids, round * 100);
        system_kill(system, service, 0, SIGKILL);
        system_revive(system, service, 0);
    }
    check(crowd);
    system_stop(system);
}

Test(crowd, the_validator_is_killed) { kill_in_the_middle("validator"); }
Test(crowd, the_payment_service_is_killed) { kill_in_the_middle("payment"); }
Test(crowd, the_inventory_service_is_killed) { kill_in_the_middle("inventory"); }
Test(crowd, the_fulfillment_service_is_killed) { kill_in_the_middle("fulfillment"); }
Test(crowd, the_orchestrator_is_killed) { kill_in_the_middle("orchestrator"); }

Test(crowd, redis_is_killed_and_comes_back)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("redis", ORDERS);
    struct system *system = start(1, true);

    system_send_orders(crowd->values, crowd->count);
    wait_for_end(store, crowd->ids, 100);
    redis_process_restart(redis);
    wait_for_end(store, crowd->ids, 300);
    redis_process_restart(redis);
    check(crowd);
    system_stop(system);
}

Test(crowd, redis_is_away_at_the_start)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("late", 100);
    struct system *system = start(1, false);

    system_stop(system);
    system_send_orders(crowd->values, crowd->count);
    redis_process_kill(redis);
    system = NULL;
    redis_process_launch(redis, NULL);
    redis_process_wait(redis);
    system = start(1, false);
    check(crowd);
    system_stop(system);
}
