/* Two systems, each with a namespace of its own, share one Kafka and one Redis: they have orders of the same ids, and neither sees the other's. */
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ORDERS 20

/* One of the two. */
struct tenant {
    char namespace[32];
    struct system *system;
};

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

TestSuite(namespace, .init = set_up, .fini = tear_down);

static struct tenant tenant_start(const char *name)
{
    struct tenant tenant;

    snprintf(tenant.namespace, sizeof(tenant.namespace), "%s-%d", name, (int)getpid());
    setenv("NAMESPACE", tenant.namespace, 1); /* for its programs and its command line */
    tenant.system = system_start(&(struct system_options){.redis_url = redis_process_url(redis), .static_members = true},
                                 "tests/support/catalog.json");
    return tenant;
}

/* Orders with these ids, for so many of each. */
static void send_orders(const struct tenant *tenant, int quantity)
{
    char topic[64], order[256], id[32];

    snprintf(topic, sizeof(topic), "%s.orders", tenant->namespace);
    for (int i = 0; i < ORDERS; i++) {
        snprintf(id, sizeof(id), "SAME-%d", i);
        snprintf(order, sizeof(order),
                 "{\"orderId\":\"%s\",\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":%d}],"
                 "\"paymentMethod\":\"tok_visa\"}",
                 id, quantity);
        system_send(topic, NULL, order, strlen(order));
    }
}

static const char *field_of(const struct tenant *tenant, const char *key, const char *field)
{
    char full[96];

    snprintf(full, sizeof(full), "%s:%s", tenant->namespace, key);
    return hash_field(store, full, field);
}

static void wait_for_orders(const struct tenant *tenant)
{
    for (int i = 0; i < ORDERS; i++) {
        char key[32];
        int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;
        snprintf(key, sizeof(key), "saga:SAME-%d", i);
        while (strcmp(field_of(tenant, key, "status"), "completed") != 0) {
            cr_assert_lt(test_now_ms(), end_ms, "%s:%s is %s", tenant->namespace, key, field_of(tenant, key, "status"));
            test_pause();
        }
    }
}

static int run_orderly(const struct tenant *tenant, const char *const arguments[], char *out, size_t size)
{
    setenv("NAMESPACE", tenant->namespace, 1);
    return system_run_orderly(redis_process_url(redis), arguments, NULL, out, size);
}

/* Everything that its own command line sees is in order, and it took from its own stock alone. */
static void expect_in_order(const struct tenant *tenant, int quantity)
{
    char printed[8192], taken[64], number[16];

    cr_expect_eq(run_orderly(tenant, (const char *[]){"audit", NULL}, printed, sizeof(printed)), 0, "%s", printed);
    cr_expect_eq(run_orderly(tenant, (const char *[]){"dlq", "list", NULL}, printed, sizeof(printed)), 0, "%s", printed);
    cr_expect_null(strstr(printed, "SAME-"), "%s", printed);
    cr_expect_eq(run_orderly(tenant, (const char *[]){"get", "SAME-3", NULL}, printed, sizeof(printed)), 0, "%s", printed);
    snprintf(taken, sizeof(taken), "{%s:stock:main}:taken", tenant->namespace);
    snprintf(number, sizeof(number), "%d", ORDERS * quantity);
    cr_expect_str_eq(hash_field(store, taken, "HOT"), number);
}

Test(namespace, two_systems_share_one_kafka_and_one_redis)
{
    struct tenant shop = tenant_start("shop"), mart = tenant_start("mart");

    send_orders(&shop, 1);
    send_orders(&mart, 2);
    wait_for_orders(&shop);
    wait_for_orders(&mart);
    expect_in_order(&shop, 1);
    expect_in_order(&mart, 2);
    cr_expect_str_eq(hash_field(store, "saga:SAME-0", "status"), "", "a key without namespace");
    system_stop(shop.system);
    system_stop(mart.system);
}

Test(namespace, one_that_would_be_taken_for_a_key_is_refused)
{
    char printed[1024];

    setenv("NAMESPACE", "saga", 1);
    cr_expect_eq(system_run_orderly(redis_process_url(redis), (const char *[]){"list", NULL}, NULL, printed, sizeof(printed)), 2);
    cr_expect_not_null(strstr(printed, "NAMESPACE=saga"), "%s", printed);
}
