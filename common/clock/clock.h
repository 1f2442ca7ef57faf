/* clock.h - the clocks of this machine: the only module that reads one, and the only one that sleeps.
 *
 * None of them decides anything about an order. What does goes by Redis' clock and the brokers', which all replicas share:
 * services/orchestrator/clocks.h, docs/decisions/0010-clocks.md.
 *
 *   steady   how long something took, and until when to wait: stands still while the machine sleeps
 *   running  used to extrapolate Redis' or a broker's clock between two answers: goes on while the machine sleeps
 *   wall     what people read: it is set by hand and by other machines, and may jump
 *   cpu      what this process has cost
 *
 * Units    ms: milliseconds, us: microseconds. Steady and running begin anywhere, and never go back; wall begins in 1970
 * Threads  any */
#ifndef ORDERLY_CLOCK_H
#define ORDERLY_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC */
int64_t clock_steady_ms(void);
/* The same clock, finer. */
int64_t clock_steady_us(void);
/* CLOCK_BOOTTIME */
int64_t clock_running_ms(void);
/* CLOCK_REALTIME */
int64_t clock_wall_ms(void);
/* CLOCK_PROCESS_CPUTIME_ID: of all threads, and of what the kernel did for them. */
int64_t clock_cpu_us(void);

/* Sleeps for so long, whatever signals come; 0 or less: not at all. */
void clock_pause_ms(int64_t ms);
/* Sleeps until the steady clock says this, whatever signals come; when that has passed: not at all. */
void clock_pause_until_us(int64_t steady_us);

#endif
