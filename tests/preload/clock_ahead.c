/* clock_ahead.c - LD_PRELOAD: a wall clock that is CLOCK_AHEAD_SECONDS ahead, for a program that is tested with a wrong clock.
 *
 * Clocks that only run are right, as on a machine whose date is wrong. timespec_get() too: librdkafka waits until a time that
 * it tells. */
#define _GNU_SOURCE

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *out_now)
{
    const char *ahead = getenv("CLOCK_AHEAD_SECONDS");
    int failed = (int)syscall(SYS_clock_gettime, clock, out_now);

    if (failed == 0 && clock == CLOCK_REALTIME && ahead != NULL)
        out_now->tv_sec += atoll(ahead);
    return failed;
}

time_t time(time_t *out_now)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out_now != NULL)
        *out_now = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out_now, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out_now = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
