/* confirm.c - waits for the broker's word, but not for ever. */
#include "cli_connect.h"

#include "bus_rounds.h"

#include <signal.h>
#include <unistd.h>

#define CONFIRM_SECONDS 20 /* without the broker's word for so long, Kafka is away */

/* Set when the broker's word is overdue: bus_flush() would wait for ever. */
static volatile int overdue;

static void note_overdue(int signal_number)
{
    (void)signal_number;
    overdue = 1;
}

bool cli_confirm(struct bus *bus, const char **out_problem)
{
    enum status status;

    overdue = 0;
    signal(SIGALRM, note_overdue);
    alarm(CONFIRM_SECONDS);
    status = bus_flush(bus, &overdue);
    alarm(0);
    signal(SIGALRM, SIG_DFL); /* bus_close() has a watchdog of its own, which ends the process by SIGALRM */
    *out_problem = overdue ? "no answer in time" : bus_problem(bus);
    return status == STATUS_OK;
}
