/* main.c - the orchestrator: admits orders, folds what every saga hears, sends the next commands. Start reading at handle(). */
#include "clock.h"
#include "intake.h"
#include "measures.h"
#include "parts.h"
#include "sending.h"
#include "tick.h"
#include "timers.h"

#define RETENTION_MARGIN_DAYS 2 /* marks and sagas live longer than the topics that can still bring a record of theirs */

/* After a rebalance our cached copies may be stale, so the cache is emptied. Redis refuses what is folded into an old copy,
 * unless it has lost writes since and the saga came back to the very same version and input. */
static struct saga_cache *cache_of(struct run *run)
{
    struct orchestrator_state *state = run->state;

    if (state->cache == NULL)
        state->cache = saga_cache_create();
    if (state->assignments != bus_assignments(run->bus))
        saga_cache_clear(state->cache);
    state->assignments = bus_assignments(run->bus);
    return state->cache;
}

static int64_t redis_ms(const struct run *run)
{
    const struct orchestrator_state *state = run->state;

    return clocks_redis_ms(&state->clocks, clock_running_ms());
}

/* How long a saga that has ended is kept. */
static int64_t seconds_to_live(const struct run *run)
{
    const struct orchestrator_settings *settings = run->own_settings;

    return (run->settings->retention_days + RETENTION_MARGIN_DAYS) * settings->day_seconds;
}

static enum status handle_part(struct run *run, struct batch *part)
{
    TRY(batch_settle(part, run->store, seconds_to_live(run)));
    TRY(batch_gather_events(part, run->store));
    return send_groups(run, part);
}

/* Most batches are one part. What a part has made in the arena is forgotten before the next. */
static enum status handle_parts(struct run *run, const struct batch *batch)
{
    struct orchestrator_state *state = run->state;
    const struct arena_mark mark = arena_mark(run->arena);

    for (size_t done = 0; done < batch->group_count;) {
        struct batch part = batch_part(batch, done, state->saga_bytes);
        if (done > 0)
            TRY(bus_drain(run->bus, run->stop));
        TRY(handle_part(run, &part));
        state->saga_bytes = batch_saga_bytes(&part, state->saga_bytes);
        done += part.group_count;
        arena_rewind(run->arena, mark);
    }
    return STATUS_OK;
}

/* The whole batch, start to end. Nothing is sent before Redis has taken everything (of large sagas: everything of their part): as
 * long as it is away the batch is handled again and again, and what was sent would be sent each time. */
static enum status handle(struct run *run)
{
    struct batch batch = batch_in(run->arena, cache_of(run), run->record_count);
    struct intake intake;

    TRY(tick_know_time(run));
    batch.latest_ms = redis_ms(run);
    intake = intake_sort(run, &batch);
    TRY(handle_parts(run, &batch));
    TRY(send_orders(run, &intake));
    TRY(send_strays(run, &intake));
    tick_adjust_gate(run, intake.order_count);
    return STATUS_OK;
}

/* service->measure(). Before Redis has said what time it is there is nothing to show. */
static void measure(struct run *run)
{
    int64_t now_ms = redis_ms(run);

    if (now_ms != 0)
        measure_ledger(run, now_ms);
}

static void end_state(void *state) { saga_cache_destroy(((struct orchestrator_state *)state)->cache); }

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_ORDERS, TOPIC_INBOX};
    static const enum topic sends_to[] = {TOPIC_PAYMENT,   TOPIC_INVENTORY, TOPIC_FULFILLMENT,
                                          TOPIC_VALIDATOR, TOPIC_INBOX,     TOPIC_EVENTS};
    static const struct store_script *const scripts[] = {&transition_script, &due_script, &sweep_script, &memory_script, NULL};
    struct service orchestrator = {
        .name = "orchestrator",
        .purpose = "admits orders, keeps every order's saga, sends commands and compensations",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .scripts = scripts,
        .own_settings_size = sizeof(struct orchestrator_settings),
        .handle = handle,
        .own_metrics = measures_table(),
        .measure = measure,
        .tick = orchestrator_tick,
        .state_size = sizeof(struct orchestrator_state),
        .end_state = end_state,
    };

    orchestrator.own_settings = orchestrator_settings_table(&orchestrator.own_setting_count);
    return service_run(&orchestrator, argc, argv);
}
