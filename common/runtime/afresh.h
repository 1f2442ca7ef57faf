/* afresh.h - starting this program afresh in the same process, for when a Kafka client has given up for good but nothing is wrong
 * with us: not everybody who runs a service has somebody who starts it again.
 *
 * The pause before it doubles from start to start, until a start has lasted. How many there were in a row goes along in the
 * environment. */
#ifndef ORDERLY_AFRESH_H
#define ORDERLY_AFRESH_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

#define AFRESH_WAIT_FIRST_MS 1000
#define AFRESH_WAIT_MAX_MS 30000
#define AFRESH_HEALTHY_MS 60000 /* a start that lasted so long is the first in a row again */

/* How this start came about. */
struct afresh {
    int64_t began_ms; /* CLOCK_MONOTONIC */
    int64_t in_a_row; /* starts afresh before it; 0: somebody started it */
};

/* Takes what the start before this one left behind, and lets SIGTERM and SIGINT in again: their handlers must be in place. */
struct afresh afresh_begin(void);
/* The pause before the next start. */
int64_t afresh_wait_ms(const struct afresh *afresh, int64_t now_ms);
/* Pauses, then executes this program anew: same process, no arguments. All but stdin, stdout and stderr closes itself. Comes back
 * at once when stop becomes true (true), or when the program can't be executed (false). */
MUST_CHECK bool afresh_start(const struct afresh *afresh, const volatile int *stop);

#endif
