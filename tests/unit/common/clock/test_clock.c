/* The clocks of this machine. */
#include "clock.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t heard;

Test(clock, what_only_runs_never_goes_back)
{
    int64_t steady_us = clock_steady_us(), running_ms = clock_running_ms(), cpu_us = clock_cpu_us();

    clock_pause_ms(1);
    cr_expect_gt(clock_steady_us(), steady_us);
    cr_expect_geq(clock_running_ms(), running_ms);
    cr_expect_geq(clock_cpu_us(), cpu_us);
}

Test(clock, milliseconds_and_microseconds_are_of_one_clock)
{
    int64_t before_us = clock_steady_us(), ms = clock_steady_ms(), after_us = clock_steady_us();

    cr_expect_geq(ms, before_us / 1000);
    cr_expect_leq(ms, after_us / 1000);
}

Test(clock, the_wall_clock_tells_the_seconds_since_1970)
{
    int64_t before = (int64_t)time(NULL), ms = clock_wall_ms(), after = (int64_t)time(NULL);

    cr_expect_geq(ms / 1000, before - 1, "time() reads a coarser clock, which may be behind by a tick");
    cr_expect_leq(ms / 1000, after + 1);
}

static void hear(int signal_number)
{
    (void)signal_number;
    heard = 1;
}

Test(clock, a_pause_takes_as_long_as_it_was_asked_for_whatever_signals_come)
{
    const struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
    int64_t began_us = clock_steady_us();
    timer_t timer;

    signal(SIGALRM, hear);
    cr_assert_eq(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0); /* NULL: sends SIGALRM */
    cr_assert_eq(timer_settime(timer, 0, &soon, NULL), 0);
    clock_pause_ms(20);
    cr_expect_geq(clock_steady_us() - began_us, 20000);
    cr_expect_eq(heard, 1);
    timer_delete(timer);
}

Test(clock, what_has_passed_is_not_waited_for)
{
    clock_pause_until_us(clock_steady_us() - 1000);
    clock_pause_until_us(0);
    clock_pause_ms(0);
    clock_pause_ms(-1);
}
