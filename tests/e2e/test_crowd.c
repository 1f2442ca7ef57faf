/* A thousand orders that end in every way, through several replicas, killed services, and a Redis that goes away: each ends as
 * it has to, and stock and money balance to the unit. */
#include "audit.h"
#include "clock.h"
#include "crowd.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDERS 1000
#define FILLINGS 8           /* times that Redis is full */
#define FILLING_BYTES 200000 /* of memory from one to the next: all of them together are half of what the orders take */

static int64_t began_ms;

static void set_up(void)
{
    stage_set_up();
    began_ms = clock_wall_ms();
}

TestSuite(crowd, .init = set_up, .fini = stage_tear_down);

/* Every order ended as it had to, and the audit finds nothing of theirs out of step. */
static void check(const struct crowd *crowd)
{
    crowd_check(stage.store, crowd);
    assert_audit_clean(redis_process_url(stage.redis), began_ms, crowd->prefix);
}

Test(crowd, two_replicas_of_each_service)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("two", ORDERS);

    stage_start((struct system_options){.replicas = 2});
    system_send_orders(crowd->values, crowd->count);
    check(crowd);
}

Test(crowd, every_order_sent_twice)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("double", ORDERS);

    stage_start((struct system_options){0});
    system_send_orders(crowd->values, crowd->count);
    system_send_orders(crowd->values, crowd->count);
    check(crowd);
}

/* Kills it when part of the orders has ended, so that it is in the middle of its work. */
static void kill_in_the_middle(const char *service)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create(service, ORDERS);

    stage_start((struct system_options){.static_members = true});
    system_send_orders(crowd->values, crowd->count);
    for (size_t round = 1; round <= 3; round++) {
        wait_for_end(stage.store, crowd->ids, round * 100);
        system_kill(stage.services, service, 0, SIGKILL);
        system_revive(stage.services, service, 0);
    }
    check(crowd);
}

Test(crowd, the_validator_is_killed) { kill_in_the_middle("validator"); }
Test(crowd, the_payment_service_is_killed) { kill_in_the_middle("payment"); }
Test(crowd, the_inventory_service_is_killed) { kill_in_the_middle("inventory"); }
Test(crowd, the_fulfillment_service_is_killed) { kill_in_the_middle("fulfillment"); }
Test(crowd, the_orchestrator_is_killed) { kill_in_the_middle("orchestrator"); }

Test(crowd, redis_is_killed_and_comes_back)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("redis", ORDERS);

    stage_start((struct system_options){.static_members = true});
    system_send_orders(crowd->values, crowd->count);
    wait_for_end(stage.store, crowd->ids, 100);
    redis_process_restart(stage.redis);
    wait_for_end(stage.store, crowd->ids, 300);
    redis_process_restart(stage.redis);
    check(crowd);
}

/* A number in a section of INFO, behind its name; 0 when it is not there. */
static int64_t info_number(const char *section, const char *name)
{
    const char *info = text_copy(stage.arena, store_text(REDIS(TEXT("INFO"), text_of(section)))).at;
    const char *at = strstr(info, text_format(stage.arena, "\n%s", name).at);

    return at == NULL ? 0 : strtoll(at + 1 + strlen(name), NULL, 10);
}

static void limit_memory(int64_t bytes)
{
    REDIS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), text_of_number(stage.arena, bytes));
}

static int64_t refused_writes(void) { return info_number("errorstats", "errorstat_OOM:count="); }

/* Batches of hundreds of scripts are cut off somewhere in the middle, again and again: what was written stays, what was
 * refused is made up for. */
Test(crowd, redis_is_full_and_gets_more_memory)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("full", ORDERS);
    int64_t refused = 0;

    stage_start((struct system_options){.static_members = true});
    limit_memory(info_number("memory", "used_memory:") + FILLING_BYTES);
    system_send_orders(crowd->values, crowd->count);
    for (int filling = 0; filling < FILLINGS; filling++) {
        WAIT_UNTIL(refused_writes() > refused);
        refused = refused_writes();
        limit_memory(info_number("memory", "used_memory:") + FILLING_BYTES);
    }
    limit_memory(0);
    check(crowd);
}

Test(crowd, redis_is_away_at_the_start)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("late", 100);

    stage_start((struct system_options){0});
    stage_stop();
    system_send_orders(crowd->values, crowd->count);
    redis_process_kill(stage.redis);
    redis_process_launch(stage.redis, NULL);
    redis_process_wait(stage.redis);
    stage_start((struct system_options){0});
    check(crowd);
}
