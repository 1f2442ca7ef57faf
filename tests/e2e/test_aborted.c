/* A producer of transactions that aborts: what it leaves in saga.inbox is never delivered, and stops nothing. */
#include "stage.h"
#include "transaction.h"

#include <criterion/criterion.h>
#include <string.h>

#define ABORTED 2001 /* more than the backlog that shuts the gate */

TestSuite(aborted, .init = stage_set_up, .fini = stage_tear_down);

static void order_ends(const char *name)
{
    const char *id = unique(name);

    send_order(id, "IT");
    wait_for_status(stage.store, id, "completed");
}

/* Whether the doctor says that nothing waits for the orchestrator. */
static bool nothing_waits(void)
{
    const char *line;

    RUN("doctor", "--json");
    line = strstr(stage.printed, "{\"check\":\"orderly-orchestrator\"");
    return line != NULL && strstr(line, "; 0 records wait") != NULL && strstr(line, "; 0 records wait") < strchr(line, '\n');
}

Test(aborted, orders_go_on)
{
    START("BATCH_MAX=100");
    order_ends("aborted-before");
    for (int partition = 0; partition < 6; partition++)
        transaction_send("saga.inbox", partition, ABORTED, false);
    order_ends("aborted-after");
    WAIT_UNTIL(nothing_waits());
}
