/* The person at two in the morning: with nothing but the command line an order is cancelled, understood and sent on. */
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void tear_down(void)
{
    system_kill(stage.services, "inventory", 0, SIGCONT); /* a test that failed may have left it stopped */
    system_kill(stage.services, "fulfillment", 0, SIGCONT);
    stage_tear_down();
}

TestSuite(operator, .init = stage_set_up_and_start, .fini = tear_down);

/* By hand, behind everybody's back. */
static void set_payment_status(const char *order_id, const char *status)
{
    REDIS(TEXT("HSET"), text_format(stage.arena, "payment:%s", order_id), TEXT("status"), text_of(status));
}

/* Runs `orderly` beside the test; gives its process, whose exit code is that of the command, and which leaves what it printed
 * in path. */
static pid_t run_beside(const char *path, const char *const arguments[])
{
    pid_t pid = fork();
    FILE *file;
    int code;

    if (pid != 0)
        return pid;
    code = run_orderly(NULL, arguments);
    file = fopen(path, "w");
    if (file != NULL) {
        fputs(stage.printed, file);
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
    stage.printed[fread(stage.printed, 1, sizeof(stage.printed) - 1, file)] = '\0';
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

    system_kill(stage.services, "inventory", 0, SIGSTOP);
    send_order(id, "IT");
    wait_for_status(stage.store, id, "allocating_inventory");
    cancel = run_beside(path, (const char *const[]){"cancel", id, "--reason", "ordered twice", "--by", "ada", NULL});
    wait_for_status(stage.store, id, "compensating");
    system_kill(stage.services, "inventory", 0, SIGCONT);
    cr_expect_eq(join(cancel, path), 0, "%s", stage.printed);
    PRINTED("cancelled");
    cr_expect_eq(RUN("get", id), 0);
    PRINTED("cancelled_by_request");
    PRINTED("cancelled by ada");
    PRINTED("ordered twice");
    PRINTED("payment.voided");
    cr_expect_eq(RUN("cancel", id), 0, "it is: %s", stage.printed);
    assert_balanced(stage.store, (const char *const[]){id}, 1);
}

Test(operator, a_cancel_during_the_shipment_is_remembered_and_shipped_wins)
{
    const char *id = unique("OPR-S"), *path = temporary_path();
    pid_t watch = run_beside(path, (const char *const[]){"watch", id, NULL});

    system_kill(stage.services, "fulfillment", 0, SIGSTOP);
    send_order(id, "IT");
    wait_for_status(stage.store, id, "fulfilling");
    cr_expect_eq(RUN("cancel", id, "--no-wait"), 0, "%s", stage.printed);
    WAIT_UNTIL(strcmp(saga_field(id, "cancelRequested"), "1") == 0);
    cr_expect_eq(RUN("cancel", id, "--timeout", "100ms"), 1);
    PRINTED("the cancel is remembered");
    system_kill(stage.services, "fulfillment", 0, SIGCONT);
    wait_for_status(stage.store, id, "completed");
    cr_expect_eq(RUN("cancel", id), 1);
    PRINTED("was not cancelled: it ended completed");
    cr_expect_eq(join(watch, path), 0, "%s", stage.printed);
    PRINTED("order.accepted");
    PRINTED("order.shipped");
    PRINTED("order.completed");
    assert_balanced(stage.store, (const char *const[]){id}, 1);
}

Test(operator, a_parked_order_is_understood_and_sent_on)
{
    const char *id = unique("OPR-P");

    system_kill(stage.services, "inventory", 0, SIGSTOP);
    send_order(id, "IT");
    wait_for_status(stage.store, id, "allocating_inventory");
    set_payment_status(id, "captured"); /* such a payment can't be voided */
    cr_expect_eq(RUN("cancel", id, "--no-wait"), 0, "%s", stage.printed);
    system_kill(stage.services, "inventory", 0, SIGCONT);
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
    cr_expect_eq(RUN("retry", "--wait", id), 1, "%s", stage.printed);
    PRINTED("parked again");
    set_payment_status(id, "authorized");
    cr_expect_eq(RUN("retry", "--all", "--status", "compensation_failed", "--wait"), 0, "%s", stage.printed);
    PRINTED("1 orders sent on");
    PRINTED("cancelled");
    cr_expect_str_eq(saga_field(id, "status"), "cancelled");
    cr_expect_eq(RUN("retry", id), 1);
    PRINTED("it is not parked but cancelled");
    assert_balanced(stage.store, (const char *const[]){id}, 1);
}
