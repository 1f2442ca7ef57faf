/* The person at two in the morning: with nothing but the command line an order is cancelled, understood and sent on. */
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct redis_process *redis;
static struct store *store;
static struct system *services;
static char printed[65536];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    services = system_start(&(struct system_options){.redis_url = redis_process_url(redis)}, "tests/support/catalog.json");
}

static void tear_down(void)
{
    system_kill(services, "inventory", 0, SIGCONT); /* a test that failed may have left it stopped */
    system_kill(services, "fulfillment", 0, SIGCONT);
    system_stop(services);
    store_close(store);
    redis_process_stop(redis);
}

TestSuite(operator, .init = set_up, .fini = tear_down);

#define RUN(...) system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, NULL, printed, sizeof(printed))
#define PRINTED(text) cr_expect_not_null(strstr(printed, text), "'%s' is not in: %s", text, printed)

static const char *unique(const char *name)
{
    static char ids[4][96];
    static size_t next;
    char *id = ids[next++ % COUNT_OF(ids)];

    snprintf(id, sizeof(ids[0]), "%s-%lld.%d", name, (long long)time(NULL), (int)getpid());
    return id;
}

static void place(const char *order_id)
{
    char line[256];
    int length = snprintf(line, sizeof(line),
                          "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[{\"productId\":\"HOT\",\"quantity\":2}],\"paymentMethod\":\"tok_visa\"}",
                          order_id);

    system_send("orders", NULL, line, (size_t)length);
}

static const char *key_of(const char *before, const char *order_id)
{
    static char key[128];

    snprintf(key, sizeof(key), "%s%s", before, order_id);
    return key;
}

static void set_payment_status(const char *order_id, const char *status)
{
    struct text key = text_of(key_of("payment:", order_id));

    store_begin(store);
    store_queue(store, key, (struct text[]){TEXT("HSET"), key, TEXT("status"), text_of(status)}, 4);
    cr_assert_eq(store_flush(store), STATUS_OK);
}

/* Runs `orderly` beside the test; gives its process, whose exit code is that of the command, and which leaves what it printed in path. */
static pid_t run_beside(const char *path, const char *const arguments[])
{
    pid_t pid = fork();
    FILE *file;
    int code;

    if (pid != 0)
        return pid;
    code = system_run_orderly(redis_process_url(redis), arguments, NULL, printed, sizeof(printed));
    file = fopen(path, "w");
    if (file != NULL) {
        fputs(printed, file);
        fclose(file);
    }
    _exit(code);
}

static int join(pid_t pid, const char *path)
{
    FILE *file;
    int how = 0;

    waitpid(pid, &how, 0);
    file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    printed[fread(printed, 1, sizeof(printed) - 1, file)] = '\0';
    fclose(file);
    unlink(path);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static const char *temporary_path(void)
{
    static char path[64];

    snprintf(path, sizeof(path), "/tmp/orderly-operator.XXXXXX");
    close(mkstemp(path));
    return path;
}

Test(operator, an_order_is_cancelled_before_its_shipment_and_all_is_put_back)
{
    const char *id = unique("OPR-C"), *path = temporary_path();
    pid_t cancel;

    system_kill(services, "inventory", 0, SIGSTOP);
    place(id);
    wait_for_status(store, id, "allocating_inventory");
    cancel = run_beside(path, (const char *const[]){"cancel", id, "--reason", "ordered twice", "--by", "ada", NULL});
    wait_for_status(store, id, "compensating");
    system_kill(services, "inventory", 0, SIGCONT);
    cr_expect_eq(join(cancel, path), 0, "%s", printed);
    PRINTED("cancelled");
    cr_expect_eq(RUN("get", id), 0);
    PRINTED("cancelled_by_request");
    PRINTED("cancelled by ada");
    PRINTED("ordered twice");
    PRINTED("payment.voided");
    cr_expect_eq(RUN("cancel", id), 0, "it is: %s", printed);
    assert_balanced(store, (const char *const[]){id}, 1);
}

Test(operator, a_cancel_during_the_shipment_is_remembered_and_shipped_wins)
{
    const char *id = unique("OPR-S"), *path = temporary_path();
    pid_t watch = run_beside(path, (const char *const[]){"watch", id, NULL});

    system_kill(services, "fulfillment", 0, SIGSTOP);
    place(id);
    wait_for_status(store, id, "fulfilling");
    cr_expect_eq(RUN("cancel", id, "--no-wait"), 0, "%s", printed);
    while (strcmp(hash_field(store, key_of("saga:", id), "cancelRequested"), "1") != 0)
        test_pause();
    cr_expect_eq(RUN("cancel", id, "--timeout", "100ms"), 1);
    PRINTED("the cancel is remembered");
    system_kill(services, "fulfillment", 0, SIGCONT);
    wait_for_status(store, id, "completed");
    cr_expect_eq(RUN("cancel", id), 1);
    PRINTED("was not cancelled: it ended completed");
    cr_expect_eq(join(watch, path), 0, "%s", printed);
    PRINTED("order.accepted");
    PRINTED("order.shipped");
    PRINTED("order.completed");
    assert_balanced(store, (const char *const[]){id}, 1);
}

Test(operator, a_parked_order_is_understood_and_sent_on)
{
    const char *id = unique("OPR-P");

    system_kill(services, "inventory", 0, SIGSTOP);
    place(id);
    wait_for_status(store, id, "allocating_inventory");
    set_payment_status(id, "captured"); /* by hand, behind everybody's back: such a payment can't be voided */
    cr_expect_eq(RUN("cancel", id, "--no-wait"), 0, "%s", printed);
    system_kill(services, "inventory", 0, SIGCONT);
    cr_expect_eq(RUN("watch", id), 1);
    PRINTED("waits for somebody (compensation_failed)");
    cr_expect_eq(RUN("cancel", id), 1);
    PRINTED("what was done can't be undone");
    cr_expect_eq(RUN("list", "--stuck", "1ms"), 0);
    PRINTED(id);
    cr_expect_eq(RUN("get", id), 0);
    PRINTED("payment.void was refused, at attempt 1 of 20");
    PRINTED("it ends cancelled (cancelled_by_request)");
    PRINTED("send it on   orderly retry");
    cr_expect_eq(RUN("retry", "--wait", id), 1, "%s", printed);
    PRINTED("parked again");
    set_payment_status(id, "authorized");
    cr_expect_eq(RUN("retry", "--all", "--status", "compensation_failed", "--wait"), 0, "%s", printed);
    PRINTED("1 orders sent on");
    PRINTED("cancelled");
    cr_expect_str_eq(hash_field(store, key_of("saga:", id), "status"), "cancelled");
    cr_expect_eq(RUN("retry", id), 1);
    PRINTED("it is not parked but cancelled");
    assert_balanced(store, (const char *const[]){id}, 1);
}
