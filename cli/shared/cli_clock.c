#include "cli_clock.h"

#include "cli_ask.h"
#include "clock.h"

/* ---- Redis' clock ---- */

bool cli_redis_time(const struct store_value *reply, int64_t *out_ms)
{
    int64_t seconds, us;

    if (store_count(reply) != 2 || !text_to_number(store_text(store_element(reply, 0)), &seconds) ||
        !text_to_number(store_text(store_element(reply, 1)), &us))
        return false;
    *out_ms = seconds * 1000 + us / 1000;
    return true;
}

enum cli_exit cli_redis_clock(struct store *store, int64_t *out_ms)
{
    size_t number;

    store_begin(store);
    number = store_queue(store, TEXT_NONE, &TEXT("TIME"), 1);
    CLI_TRY(cli_flush(store));
    if (cli_redis_time(store_value(store, number), out_ms))
        return CLI_DONE;
    return cli_fail(CLI_ENDED_BADLY, "Redis does not say what time it is");
}

/* ---- waits ---- */

struct cli_wait cli_wait_for(int64_t limit_ms, int64_t every_ms)
{
    return (struct cli_wait){.end_ms = clock_steady_ms() + limit_ms, .every_ms = every_ms};
}

bool cli_wait_is_over(const struct cli_wait *wait) { return clock_steady_ms() >= wait->end_ms; }

bool cli_wait_on(const struct cli_wait *wait)
{
    if (cli_wait_is_over(wait))
        return false;
    clock_pause_ms(wait->every_ms);
    return true;
}
