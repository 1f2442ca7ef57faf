/* Two systems, each with a namespace of its own, share one Kafka and one Redis: they have orders of the same ids, and neither
 * sees the other's. */
#include "stage.h"

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

TestSuite(namespace, .init = stage_set_up, .fini = stage_tear_down);

static struct tenant tenant_start(const char *name)
{
    struct tenant tenant;

    snprintf(tenant.namespace, sizeof(tenant.namespace), "%s-%d", name, (int)getpid());
    setenv("NAMESPACE", tenant.namespace, 1); /* for its programs and its command line */
    tenant.system = system_start(&(struct system_options){.redis_url = redis_process_url(stage.redis), .static_members = true},
                                 "tests/support/catalog.json");
    return tenant;
}

/* Orders with these ids, for so many of each. */
static void send_same_orders(const struct tenant *tenant, int quantity)
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
    return hash_field(stage.store, full, field);
}

static void wait_for_orders(const struct tenant *tenant)
{
    for (int i = 0; i < ORDERS; i++) {
        char key[32];
        snprintf(key, sizeof(key), "saga:SAME-%d", i);
        WAIT_UNTIL(strcmp(field_of(tenant, key, "status"), "completed") == 0);
    }
}

/* Everything that its own command line sees is in order, and it took from its own stock alone. */
static void expect_in_order(const struct tenant *tenant, int quantity)
{
    char taken[64], number[16];

    setenv("NAMESPACE", tenant->namespace, 1);
    cr_expect_eq(RUN("audit"), 0, "%s", stage.printed);
    cr_expect_eq(RUN("dlq", "list"), 0, "%s", stage.printed);
    cr_expect_null(strstr(stage.printed, "SAME-"), "%s", stage.printed);
    cr_expect_eq(RUN("get", "SAME-3"), 0, "%s", stage.printed);
    snprintf(taken, sizeof(taken), "{%s:stock:main}:taken", tenant->namespace);
    snprintf(number, sizeof(number), "%d", ORDERS * quantity);
    cr_expect_str_eq(hash_field(stage.store, taken, "HOT"), number);
}

Test(namespace, two_systems_share_one_kafka_and_one_redis)
{
    struct tenant shop = tenant_start("shop"), mart = tenant_start("mart");

    send_same_orders(&shop, 1);
    send_same_orders(&mart, 2);
    wait_for_orders(&shop);
    wait_for_orders(&mart);
    expect_in_order(&shop, 1);
    expect_in_order(&mart, 2);
    cr_expect_str_eq(hash_field(stage.store, "saga:SAME-0", "status"), "", "a key without namespace");
    system_stop(shop.system);
    system_stop(mart.system);
}

Test(namespace, one_that_would_be_taken_for_a_key_is_refused)
{
    setenv("NAMESPACE", "saga", 1);
    cr_expect_eq(RUN("list"), 2);
    PRINTED("NAMESPACE=saga");
}
