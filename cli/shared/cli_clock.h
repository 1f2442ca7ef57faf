/* cli_clock.h - Redis' clock, and waits. Milliseconds. */
#ifndef ORDERLY_CLI_CLOCK_H
#define ORDERLY_CLI_CLOCK_H

#include "cli_exit.h"
#include "store.h"

/* The time of Redis since 1970, by which sagas are timed: what the clock of this machine says does not matter. CLI_DONE, or the
 * exit code of a problem that was printed. Forgets what was queued. */
MUST_CHECK enum cli_exit cli_redis_clock(struct store *store, int64_t *out_ms);
/* The time that a reply of TIME tells. False: it tells none. */
MUST_CHECK bool cli_redis_time(const struct store_value *reply, int64_t *out_ms);

/* Looking again and again until something is so, or the time is up. */
struct cli_wait {
    int64_t end_ms, every_ms;
};
/* A wait that begins now. */
struct cli_wait cli_wait_for(int64_t limit_ms, int64_t every_ms);
/* Whether its time is up. */
bool cli_wait_is_over(const struct cli_wait *wait);
/* Pauses before another look. False, and at once, when the time is up. */
MUST_CHECK bool cli_wait_on(const struct cli_wait *wait);

#endif
