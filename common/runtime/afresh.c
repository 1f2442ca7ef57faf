#include "afresh.h"

#include "clock.h"
#include "text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LEFT_BEHIND "ORDERLY_STARTED_AFRESH" /* how many starts in a row */
#define IN_A_ROW_MAX 30                      /* the pause has been the longest for many starts by then */

/* A signal that asks for the end must not be lost between two programs: it waits until the next one can hear it. */
static sigset_t stop_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

struct afresh afresh_begin(void)
{
    const char *left_behind = getenv(LEFT_BEHIND);
    const sigset_t signals = stop_signals();
    struct afresh afresh = {.began_ms = clock_steady_ms()};

    if (left_behind == NULL || !text_to_number(text_of(left_behind), &afresh.in_a_row) || afresh.in_a_row < 0 ||
        afresh.in_a_row > IN_A_ROW_MAX)
        afresh.in_a_row = 0;
    unsetenv(LEFT_BEHIND);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    return afresh;
}

static int64_t in_a_row(const struct afresh *afresh, int64_t now)
{
    return now - afresh->began_ms >= AFRESH_HEALTHY_MS ? 0 : afresh->in_a_row;
}

int64_t afresh_wait_ms(const struct afresh *afresh, int64_t now)
{
    int64_t wait_ms = (int64_t)AFRESH_WAIT_FIRST_MS << in_a_row(afresh, now);

    return wait_ms < AFRESH_WAIT_MAX_MS ? wait_ms : AFRESH_WAIT_MAX_MS;
}

static bool is_stopped_within(int64_t wait_ms, const sigset_t *signals)
{
    const int64_t end_ms = clock_steady_ms() + wait_ms;

    for (int64_t left_ms = wait_ms; left_ms > 0; left_ms = end_ms - clock_steady_ms())
        if (sigtimedwait(signals, NULL, &(struct timespec){left_ms / 1000, left_ms % 1000 * 1000000}) > 0)
            return true;
    return false;
}

static void leave_behind(int64_t starts)
{
    char number[24];

    snprintf(number, sizeof(number), "%lld", (long long)(starts < IN_A_ROW_MAX ? starts : IN_A_ROW_MAX));
    setenv(LEFT_BEHIND, number, 1);
}

bool afresh_start(const struct afresh *afresh, const volatile int *stop)
{
    const int64_t now = clock_steady_ms();
    const sigset_t signals = stop_signals();

    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (*stop || is_stopped_within(afresh_wait_ms(afresh, now), &signals))
        return true;
    leave_behind(in_a_row(afresh, now) + 1);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC); /* librdkafka's pipes would add up from start to start */
    execl("/proc/self/exe", program_invocation_name, (char *)NULL);
    return false;
}
