#include "clocks.h"

static bool is_too_far(int64_t difference_ms)
{
    return difference_ms > CLOCKS_DIFFERENCE_MAX_MS || difference_ms < -CLOCKS_DIFFERENCE_MAX_MS;
}

static void note_distance(struct clocks *clocks, int64_t ahead_ms, int64_t here_ms)
{
    if (clocks->redis_known && clocks->brokers_known && is_too_far(clocks->redis_ahead_ms - ahead_ms))
        clocks->apart_ms = here_ms;
}

void clocks_hear_redis(struct clocks *clocks, int64_t redis_ms, int64_t here_ms)
{
    clocks->redis_known = true;
    clocks->redis_ahead_ms = redis_ms - here_ms;
    note_distance(clocks, clocks->brokers_ahead_ms, here_ms);
}

void clocks_hear_brokers(struct clocks *clocks, int64_t lowest_ahead_ms, int64_t highest_ahead_ms, int64_t here_ms)
{
    clocks->brokers_known = true;
    clocks->brokers_ahead_ms = lowest_ahead_ms;
    note_distance(clocks, lowest_ahead_ms, here_ms);
    note_distance(clocks, highest_ahead_ms, here_ms);
}

int64_t clocks_redis_ms(const struct clocks *clocks, int64_t here_ms)
{
    return clocks->redis_known ? here_ms + clocks->redis_ahead_ms : 0;
}

int64_t clocks_now_ms(const struct clocks *clocks, int64_t here_ms)
{
    if (clocks->redis_known && clocks->brokers_known && clocks->brokers_ahead_ms < clocks->redis_ahead_ms)
        return here_ms + clocks->brokers_ahead_ms;
    return clocks_redis_ms(clocks, here_ms);
}

int64_t clocks_difference_ms(const struct clocks *clocks)
{
    return clocks->redis_known && clocks->brokers_known ? clocks->redis_ahead_ms - clocks->brokers_ahead_ms : 0;
}

bool clocks_are_apart(const struct clocks *clocks, int64_t here_ms)
{
    return clocks->apart_ms != 0 && here_ms - clocks->apart_ms < CLOCKS_CALM_MS;
}

bool clocks_agree(const struct clocks *clocks, int64_t here_ms)
{
    return clocks->redis_known && clocks->brokers_known && !clocks_are_apart(clocks, here_ms);
}
