#include "clock.h"

#include <errno.h>
#include <time.h>

#define US_PER_MS 1000
#define US_PER_SECOND 1000000
#define NS_PER_US 1000

static int64_t read_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / NS_PER_US;
}

int64_t clock_steady_ms(void) { return read_us(CLOCK_MONOTONIC) / US_PER_MS; }

int64_t clock_steady_us(void) { return read_us(CLOCK_MONOTONIC); }

int64_t clock_running_ms(void) { return read_us(CLOCK_BOOTTIME) / US_PER_MS; }

int64_t clock_wall_ms(void) { return read_us(CLOCK_REALTIME) / US_PER_MS; }

int64_t clock_cpu_us(void) { return read_us(CLOCK_PROCESS_CPUTIME_ID); }

void clock_pause_ms(int64_t ms) { clock_pause_until_us(clock_steady_us() + ms * US_PER_MS); }

/* Until a point in time: what a signal interrupts does not begin anew. */
void clock_pause_until_us(int64_t steady_us)
{
    const struct timespec end = {.tv_sec = steady_us / US_PER_SECOND, .tv_nsec = steady_us % US_PER_SECOND * NS_PER_US};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        ;
}
