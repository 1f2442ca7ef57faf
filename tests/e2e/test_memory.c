/* A backlog of large orders, placed before the orchestrator runs: what is fetched, held and sent is bounded by bytes. */
#include "crowd.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDERS 1500
#define PADDING 60000
#define PEAK_KILOBYTES (64 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED 1 /* its shadow and its quarantine count too */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED 1
#endif
#endif

/* The same order with a member that nobody knows, which is kept: letters at random, or all the same ones, which unpack to two
 * hundred times what is fetched. */
static const char *padded(const char *order, bool at_random)
{
    char *text = malloc(strlen(order) + PADDING + 16);
    int length = sprintf(text, "%.*s,\"note\":\"", (int)strlen(order) - 1, order);

    for (int i = 0; i < PADDING; i++)
        text[length++] = at_random ? (char)('a' + rand() % 26) : 'a';
    strcpy(text + length, "\"}");
    free((char *)(uintptr_t)order);
    return text;
}

Test(memory, a_backlog_of_large_orders_stays_small)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("large", ORDERS);
    struct redis_process *redis = redis_process_start(NULL);
    struct store *store;
    struct system *system;

    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    for (size_t i = 0; i < crowd->count; i++)
        crowd->values[i] = padded(crowd->values[i], i % 2 == 0);
    system = system_start(&(struct system_options){.redis_url = redis_process_url(redis), .without = "orchestrator"},
                          "tests/support/catalog.json");
    system_send_orders(crowd->values, crowd->count);
    system_revive(system, "orchestrator", 0);
    wait_for_end(store, crowd->ids, crowd->count);
    for (size_t i = 0; i < SYSTEM_SERVICES; i++) {
        static const char *const services[SYSTEM_SERVICES] = {"validator", "payment", "inventory", "fulfillment", "orchestrator"};
        size_t peak = system_peak_kilobytes(system, services[i], 0);
        fprintf(stderr, "%s: at most %zu kB\n", services[i], peak); /* for docs/performance.md */
#ifndef IS_WATCHED
        cr_expect_lt(peak, PEAK_KILOBYTES, "%s: %zu kB", services[i], peak);
#endif
    }
    crowd_check(store, crowd);
    system_stop(system);
    store_close(store);
    redis_process_stop(redis);
}
