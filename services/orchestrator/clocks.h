/* clocks.h - what time it is where something is decided: by Redis' clock and the brokers', which all replicas share, never by
 * this machine's.
 *
 * Pure. Both are known from what they say now and then, and carried on with a clock of this machine that only runs ("here":
 * clock_running_ms()). Redis' is measured from when it was asked: it is never behind. The brokers' is that of the newest records
 * that were acknowledged: it is never ahead. What takes something away goes by the earlier of the two, so that one that jumps
 * ahead takes nothing away.
 * Units   milliseconds since 1970; here: milliseconds since anything
 * Source  docs/decisions/0010-clocks.md */
#ifndef ORDERLY_CLOCKS_H
#define ORDERLY_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCKS_DIFFERENCE_MAX_MS 300000 /* when Redis' clock and a broker's are further apart, one of them is wrong */
#define CLOCKS_CALM_MS 60000            /* how long they have to agree again: brokers differ, and are heard in turn */

/* All zero: nothing was heard yet. */
struct clocks {
    bool redis_known, brokers_known;
    int64_t redis_ahead_ms, brokers_ahead_ms; /* of here; the brokers': of those heard last, the one that is most behind */
    int64_t apart_ms;                         /* here: when a broker's clock was last seen too far from Redis'; 0: never */
};

/* Redis has said what time it is, when it was asked at here_ms. */
void clocks_hear_redis(struct clocks *clocks, int64_t redis_ms, int64_t here_ms);
/* Brokers have dated records. lowest, highest: how far what they said was ahead of here. */
void clocks_hear_brokers(struct clocks *clocks, int64_t lowest_ahead_ms, int64_t highest_ahead_ms, int64_t here_ms);
/* Redis' time; 0: not known yet. */
int64_t clocks_redis_ms(const struct clocks *clocks, int64_t here_ms);
/* The earlier of Redis' time and the brokers'; Redis' time as long as the brokers' is not known. 0: neither is known yet. */
int64_t clocks_now_ms(const struct clocks *clocks, int64_t here_ms);
/* How far Redis' clock is ahead of the brokers'; 0 as long as one of the two is not known. */
int64_t clocks_difference_ms(const struct clocks *clocks);
/* Whether the clocks are too far apart, or were within the last CLOCKS_CALM_MS. */
bool clocks_are_apart(const struct clocks *clocks, int64_t here_ms);
/* Whether something may be taken away: both clocks are known, and they are not apart. */
bool clocks_agree(const struct clocks *clocks, int64_t here_ms);

#endif
