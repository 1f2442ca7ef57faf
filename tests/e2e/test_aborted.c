/* A producer of transactions that aborts: what it leaves in saga.inbox is never delivered, and stops nothing. */
#include "redis_process.h"
#include "system.h"
#include "transaction.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ABORTED 2001 /* more than the backlog that shuts the gate */
#define BOUGHT \
    "\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":1}],\"paymentMethod\":\"tok_visa\"," \
    "\"shipTo\":{\"name\":\"Ada\",\"line1\":\"1 Main St\",\"city\":\"Turin\",\"postalCode\":\"10121\",\"country\":\"IT\"}"

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

TestSuite(aborted, .init = set_up, .fini = tear_down);

static void order_ends(const char *name)
{
    char id[64], value[512];

    snprintf(id, sizeof(id), "ABORTED-%s-%lld", name, (long long)test_now_ms());
    snprintf(value, sizeof(value), "{\"orderId\":\"%s\"," BOUGHT "}", id);
    system_send("orders", id, value, strlen(value));
    wait_for_status(store, id, "completed");
}

/* Whether the doctor says that nothing waits for the orchestrator. */
static bool nothing_waits(void)
{
    static char printed[65536];
    const char *line;

    system_run_orderly(redis_process_url(redis), (const char *[]){"doctor", "--json", NULL}, NULL, printed, sizeof(printed));
    line = strstr(printed, "{\"check\":\"orderly-orchestrator\"");
    return line != NULL && strstr(line, "; 0 records wait") != NULL && strstr(line, "; 0 records wait") < strchr(line, '\n');
}

Test(aborted, orders_go_on)
{
    static const char *const settings[] = {"BATCH_MAX=100", NULL};
    struct system *system = system_start(&(struct system_options){.redis_url = redis_process_url(redis), .settings = settings},
                                         "tests/support/catalog.json");
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    order_ends("before");
    for (int partition = 0; partition < 6; partition++)
        transaction_send("saga.inbox", partition, ABORTED, false);
    order_ends("after");
    while (!nothing_waits())
        cr_assert_lt(test_now_ms(), end_ms, "the doctor still sees records wait");
    system_stop(system);
}
