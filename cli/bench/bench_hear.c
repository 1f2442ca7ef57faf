/* bench_hear.c - hears how the orders end. Everything of an order lies at its number, so an event costs no look-up. */
#include "bench.h"
#include "clock.h"
#include "progress.h"

#include <unistd.h>

#define HEAR_WAIT_MS 50
#define US_PER_MS 1000
#define SHOWN_SURPRISES 5

static void show_surprise(struct bench *bench, size_t number, struct text status, struct text reason)
{
    enum bench_ending wanted = bench->plan.endings[number];

    if (bench->surprise_count++ < SHOWN_SURPRISES)
        cli_warn("%s%07zu ended %.*s (%.*s), not %s (%s)", bench->plan.prefix, number, TEXT_ARG(status), TEXT_ARG(reason),
                 bench_ending_status(wanted), bench_ending_reason(wanted));
}

/* The same event may come twice: an order ends once. */
static void note_end(struct bench *bench, size_t number, const struct record *record, const struct json *event)
{
    struct bench_order *order = &bench->orders[number];
    struct text status = json_string(bench->arena, json_member(event, TEXT("status")));
    struct text reason = json_string(bench->arena, json_member(event, TEXT("reason")));

    if (order->has_ended)
        return;
    order->has_ended = true;
    order->ended_us = bench->last_end_us = clock_steady_us();
    order->ended_ms = record->timestamp_ms;
    order->ending = (uint8_t)bench_ending_of(status, reason);
    histogram_add(bench->latency, order->ended_us - atomic_load_explicit(&order->planned_us, memory_order_relaxed));
    bench->outcomes[order->ending]++;
    bench->ended_count++;
    if (order->ending != bench->plan.endings[number])
        show_surprise(bench, number, status, reason);
}

static enum status see_event(const struct record *record, void *context)
{
    static const char terminal[] = "\"completedAt\""; /* only terminal events have this member: six in seven need not be read */
    struct bench *bench = context;
    const struct json *event;
    size_t number;

    if (!bench_order_number(&bench->plan, record->key, &number) || record->value.length == 0 ||
        memmem(record->value.at, record->value.length, terminal, sizeof(terminal) - 1) == NULL)
        return STATUS_OK;
    arena_reset(bench->arena);
    if (json_read(bench->arena, record->value, &event) == STATUS_OK)
        note_end(bench, number, record, event);
    return STATUS_OK;
}

/* Whether nothing has ended for too long. A backlog is only waited for once its command has begun. */
static bool is_overdue(const struct bench *bench)
{
    int64_t since_us = atomic_load(&bench->began_us);

    if (bench->last_end_us > since_us)
        since_us = bench->last_end_us;
    return since_us != 0 && clock_steady_us() - since_us > bench->options->timeout_ms * US_PER_MS;
}

static void show_progress(const struct bench *bench, struct progress *progress)
{
    size_t placed = atomic_load_explicit(&bench->placed_count, memory_order_relaxed);

    if (bench->ended_count == 0 && placed < bench->plan.order_count)
        progress_draw(progress, "placed", placed, bench->plan.order_count);
    else
        progress_draw(progress, "ended", bench->ended_count, bench->plan.order_count);
}

void bench_hear(struct bench *bench)
{
    struct progress progress = {.is_shown = isatty(STDERR_FILENO)};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && bench->ended_count < bench->plan.order_count && !atomic_load(&bench->placing_failed) &&
           !is_overdue(bench)) {
        status = bus_reader_next(bench->reader, HEAR_WAIT_MS, see_event, bench);
        show_progress(bench, &progress);
    }
    progress_wipe(&progress);
    if (bench->ended_count < bench->plan.order_count)
        bench->stop = 1;
}

/* ---- the broker's time of the orders ---- */

static enum status see_placed(const struct record *record, void *context)
{
    struct bench *bench = context;
    struct bench_order *order;
    size_t number;

    if (!bench_order_number(&bench->plan, record->key, &number))
        return STATUS_OK;
    order = &bench->orders[number];
    order->placed_ms = record->timestamp_ms;
    if (order->has_ended)
        histogram_add(bench->broker_latency, (order->ended_ms - order->placed_ms) * US_PER_MS);
    return STATUS_OK;
}

enum cli_exit bench_read_placed(struct bench *bench, const struct bus_span before[], size_t count)
{
    struct bus_span spans[BUS_PARTITIONS_MAX];
    size_t span_count;
    enum status status = bus_reader_spans(bench->reader, topic_name(TOPIC_ORDERS), CLI_WAIT_MS, spans, &span_count);

    for (size_t i = 0; status == STATUS_OK && i < span_count; i++)
        if (i < count && before[i].high > spans[i].low)
            spans[i].low = before[i].high;
    if (status == STATUS_OK)
        status = bus_reader_scan(bench->reader, topic_name(TOPIC_ORDERS), spans, span_count, CLI_WAIT_MS, see_placed, bench);
    if (status == STATUS_OK)
        return CLI_DONE;
    return cli_fail(CLI_UNREACHABLE, "the orders could not be read again: %s", bus_reader_problem(bench->reader));
}
