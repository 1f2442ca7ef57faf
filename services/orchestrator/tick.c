#include "tick.h"

#include "clock.h"
#include "outbox.h"
#include "log.h"
#include "measures.h"
#include "timers.h"

#include <inttypes.h>

#define SECOND_MS 1000
#define LISTED_DAYS_MORE 1 /* a saga that ended stays in its index so much longer than the topics keep its records */
#define SWEEP_RESTS_A_DAY 1440

static const struct orchestrator_settings *settings_of(const struct run *run) { return run->own_settings; }

static struct gate_limits limits_of(const struct run *run)
{
    return gate_limits_of(settings_of(run)->inflight_max, run->settings->batch_max);
}

/* ---- what time it is ---- */

static size_t queue_clock(struct run *run) { return store_queue(run->store, TEXT("time"), (struct text[]){TEXT("TIME")}, 1); }

/* here_ms: when it was asked. */
static enum status hear_redis(struct run *run, size_t number, int64_t here_ms)
{
    struct orchestrator_state *state = run->state;
    const struct store_value *answer = store_value(run->store, number);
    int64_t seconds, us;

    if (store_count(answer) != 2 || !text_to_number(store_text(store_element(answer, 0)), &seconds) ||
        !text_to_number(store_text(store_element(answer, 1)), &us))
        return STATUS_UNAVAILABLE; /* without it nothing can be decided */
    clocks_hear_redis(&state->clocks, seconds * SECOND_MS + us / SECOND_MS, here_ms);
    return STATUS_OK;
}

static void hear_brokers(struct run *run)
{
    struct orchestrator_state *state = run->state;
    int64_t lowest_ms, highest_ms;

    if (bus_broker_clocks(run->bus, &lowest_ms, &highest_ms))
        clocks_hear_brokers(&state->clocks, lowest_ms, highest_ms, clock_running_ms());
}

enum status tick_know_time(struct run *run)
{
    struct orchestrator_state *state = run->state;
    int64_t here_ms = clock_running_ms();
    size_t clock;

    hear_brokers(run);
    if (state->clocks.redis_known)
        return STATUS_OK;
    store_begin(run->store);
    clock = queue_clock(run);
    TRY(store_flush(run->store));
    return hear_redis(run, clock, here_ms);
}

/* Logs once when the clocks part, and once when they have come together again. */
static void tell_of_clocks(struct run *run)
{
    struct orchestrator_state *state = run->state;
    bool apart = clocks_are_apart(&state->clocks, clock_running_ms());
    int64_t difference_ms = clocks_difference_ms(&state->clocks);

    measure_clocks(run->metrics, difference_ms);
    if (apart && !state->logged_clocks_apart)
        log_event(LOG_ERROR, "clocks_apart",
                  "redis_ahead_of_kafka_ms=%" PRId64 " problem=\"one of them is wrong: nothing is swept\"", difference_ms);
    else if (!apart && state->logged_clocks_apart)
        log_event(LOG_INFO, "clocks_agreed", "redis_ahead_of_kafka_ms=%" PRId64, difference_ms);
    state->logged_clocks_apart = apart;
}

/* ---- the gate ---- */

void tick_adjust_gate(struct run *run, size_t orders)
{
    struct orchestrator_state *state = run->state;
    struct gate_limits limits = limits_of(run);

    gate_enter(&state->gate, orders);
    bus_limit(run->bus, topic_name(TOPIC_ORDERS),
              gate_opening(&state->gate, &limits, bus_backlog(run->bus, topic_name(TOPIC_INBOX))));
}

static size_t queue_count(struct run *run, enum saga_status status)
{
    struct text key = key_index(run->arena, status);

    return store_queue(run->store, key, (struct text[]){TEXT("ZCARD"), key}, 2);
}

/* Asks all in one round trip: what time it is, which timers are due, and how many sagas are under way. With a backlog of its own
 * a member takes no timers: it would only make it longer, and the nudge would come no earlier. */
static enum status ask_redis(struct run *run)
{
    struct orchestrator_state *state = run->state;
    struct gate_limits limits = limits_of(run);
    int64_t backlog = bus_backlog(run->bus, topic_name(TOPIC_INBOX));
    bool takes_timers = backlog < limits.backlog_max;
    struct due due;
    size_t running, compensating, clock;
    int64_t here_ms = clock_running_ms();

    store_begin(run->store);
    clock = queue_clock(run);
    running = queue_count(run, SAGA_VALIDATING);
    compensating = queue_count(run, SAGA_COMPENSATING);
    if (takes_timers)
        timers_queue(run->store, run->arena, timers_limit(clocks_difference_ms(&state->clocks)), &due);
    TRY(store_flush(run->store));
    TRY(hear_redis(run, clock, here_ms));
    gate_count(&state->gate, &limits,
               store_number(store_value(run->store, running)) + store_number(store_value(run->store, compensating)), backlog);
    return takes_timers ? timers_nudge(run, &due, &state->misread_shards) : STATUS_OK;
}

/* ---- the slow walks ---- */

static int64_t days_ms(const struct run *run, int64_t days) { return days * settings_of(run)->day_seconds * SECOND_MS; }

static enum status walk(struct run *run)
{
    struct orchestrator_state *state = run->state;
    int64_t here_ms = clock_running_ms(), now_ms = clocks_now_ms(&state->clocks, here_ms), days = run->settings->retention_days;
    struct reconcile_rules reconcile = {.here_ms = here_ms,
                                        .now_ms = now_ms,
                                        .rest_ms = settings_of(run)->reconcile_seconds * SECOND_MS,
                                        .listed_ms = days_ms(run, days)};
    struct sweep_rules sweep = {.here_ms = here_ms,
                                .now_ms = now_ms,
                                .clocks_agree = clocks_agree(&state->clocks, here_ms),
                                .rest_ms = days_ms(run, 1) / SWEEP_RESTS_A_DAY,
                                .ended_before_ms = now_ms - days_ms(run, days + LISTED_DAYS_MORE)};

    TRY(reconcile_step(run, &state->reconcile, &reconcile));
    return sweep_step(run, &state->sweep, &sweep);
}

enum status orchestrator_tick(struct run *run)
{
    enum status status;

    tick_adjust_gate(run, 0);
    hear_brokers(run);
    status = ask_redis(run);
    tick_adjust_gate(run, 0);
    if (status == STATUS_OK)
        tell_of_clocks(run);
    return status == STATUS_OK ? walk(run) : status;
}
