#include "tick.h"

#include "outbox.h"
#include "timers.h"

#include <time.h>

#define SECOND_MS 1000
#define LISTED_DAYS_MORE 1 /* a saga that ended stays in its index so much longer than the topics keep its records */
#define SWEEP_RESTS_A_DAY 1440

int64_t wall_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct orchestrator_settings *settings_of(const struct run *run) { return run->own_settings; }

static struct gate_limits limits_of(const struct run *run)
{
    return gate_limits_of(settings_of(run)->inflight_max, run->settings->batch_max);
}

/* ---- the gate ---- */

void tick_adjust_gate(struct run *run, size_t orders)
{
    struct orchestrator_state *state = run->state;
    struct gate_limits limits = limits_of(run);

    gate_enter(&state->gate, orders);
    bus_limit(run->bus, topic_name(TOPIC_ORDERS), gate_opening(&state->gate, &limits, bus_backlog(run->bus, topic_name(TOPIC_INBOX))));
}

static size_t queue_count(struct run *run, enum saga_status status)
{
    struct text key = key_index(run->arena, status);

    return store_queue(run->store, key, (struct text[]){TEXT("ZCARD"), key}, 2);
}

/* Both in one round trip: what is due, and how many sagas are under way. With a backlog of its own a member takes no timers: it
 * would only make it longer, and the nudge would come no earlier. */
static enum status ask_redis(struct run *run)
{
    struct orchestrator_state *state = run->state;
    struct gate_limits limits = limits_of(run);
    int64_t backlog = bus_backlog(run->bus, topic_name(TOPIC_INBOX));
    bool takes_timers = backlog < limits.backlog_max;
    struct due due;
    size_t running, compensating;

    store_begin(run->store);
    running = queue_count(run, SAGA_VALIDATING);
    compensating = queue_count(run, SAGA_COMPENSATING);
    if (takes_timers)
        timers_queue(run->store, run->arena, &due);
    TRY(store_flush(run->store));
    gate_count(&state->gate, &limits,
               store_number(store_value(run->store, running)) + store_number(store_value(run->store, compensating)), backlog);
    return takes_timers ? timers_nudge(run, &due) : STATUS_OK;
}

/* ---- the slow walks ---- */

static int64_t days_ms(const struct run *run, int64_t days) { return days * settings_of(run)->day_seconds * SECOND_MS; }

static enum status walk(struct run *run)
{
    struct orchestrator_state *state = run->state;
    int64_t now_ms = wall_clock_ms(), days = run->settings->retention_days;
    struct reconcile_rules reconcile = {
        .now_ms = now_ms, .rest_ms = settings_of(run)->reconcile_seconds * SECOND_MS, .listed_ms = days_ms(run, days)};
    struct sweep_rules sweep = {.now_ms = now_ms,
                                .rest_ms = days_ms(run, 1) / SWEEP_RESTS_A_DAY,
                                .ended_before_ms = now_ms - days_ms(run, days + LISTED_DAYS_MORE)};

    TRY(reconcile_step(run, &state->reconcile, &reconcile));
    return sweep_step(run, &state->sweep, &sweep);
}

enum status orchestrator_tick(struct run *run)
{
    enum status status;

    tick_adjust_gate(run, 0);
    status = ask_redis(run);
    tick_adjust_gate(run, 0);
    return status == STATUS_OK ? walk(run) : status;
}
