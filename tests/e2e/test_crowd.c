/* A thousand orders that end in every way, through several replicas, killed services, and a Redis that goes away: each ends as it has to,
 * and stock and money balance to the unit. */
#include "audit.h"
#include "clock.h"
#include "crowd.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDERS 1000
#define FILLINGS 8             /* times that Redis is full */
#define FILLING_BYTES 200000   /* of memory from one to the next: all of them together are half of what the orders take */

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
        began_ms = clock_wall_ms();
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

/* A number in a section of INFO, behind its name; 0 when it is not there. */
static int64_t info_number(const char *section, const char *name)
{
    char wanted[64], info[16384];
    const char *at;

    store_begin(store);
    store_queue(store, TEXT_NONE, (struct text[]){TEXT("INFO"), text_of(section)}, 2);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    snprintf(info, sizeof(info), "%.*s", TEXT_ARG(store_text(store_value(store, 0))));
    snprintf(wanted, sizeof(wanted), "\n%s", name);
    at = strstr(info, wanted);
    return at == NULL ? 0 : strtoll(at + strlen(wanted), NULL, 10);
}

static void limit_memory(int64_t bytes)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%lld", (long long)bytes);
    store_begin(store);
    store_queue(store, TEXT_NONE, (struct text[]){TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), text_of(digits)}, 4);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

static int64_t refused_writes(void) { return info_number("errorstats", "errorstat_OOM:count="); }

/* Batches of hundreds of scripts are cut off somewhere in the middle, again and again: what was written stays, what was refused is
 * made up for. */
Test(crowd, redis_is_full_and_gets_more_memory)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("full", ORDERS);
    struct system *system = start(1, true);
    int64_t refused = 0, end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    limit_memory(info_number("memory", "used_memory:") + FILLING_BYTES);
    system_send_orders(crowd->values, crowd->count);
    for (int filling = 0; filling < FILLINGS; filling++) {
        while (refused_writes() == refused) {
            cr_assert_lt(test_now_ms(), end_ms, "it was full %d times", filling);
            test_pause();
        }
        refused = refused_writes();
        limit_memory(info_number("memory", "used_memory:") + FILLING_BYTES);
    }
    limit_memory(0);
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
