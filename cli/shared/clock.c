/* clock.c - how long something takes, and what time it is where the orders are. */
#include "cli.h"

#include <time.h>

int64_t cli_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_pause(int64_t ms) { nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL); }

int cli_redis_clock(struct store *store, int64_t *out_ms)
{
    const struct store_value *reply;
    int64_t seconds, us;
    size_t number;
    int code;

    store_begin(store);
    number = store_queue(store, TEXT("time"), (struct text[]){TEXT("TIME")}, 1);
    code = cli_flush(store);
    if (code != CLI_DONE)
        return code;
    reply = store_value(store, number);
    if (store_count(reply) != 2 || !text_to_number(store_text(store_element(reply, 0)), &seconds) ||
        !text_to_number(store_text(store_element(reply, 1)), &us))
        return cli_fail(CLI_ENDED_BADLY, "Redis does not say what time it is");
    *out_ms = seconds * 1000 + us / 1000;
    return CLI_DONE;
}
