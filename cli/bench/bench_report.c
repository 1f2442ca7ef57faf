/* bench_report.c - the results, for people and for programs. */
#include "bench.h"
#include "cli_json.h"

#include <stdio.h>

#define US_PER_SECOND 1e6
#define US_PER_MS 1e3
#define MEGABYTE (1024.0 * 1024.0)

static const struct {
    const char *name, *shown;
    double percent;
} points[] = {{"p50", "p50", 50}, {"p90", "p90", 90}, {"p99", "p99", 99}, {"p999", "p99.9", 99.9}, {"max", "max", 100}};

static double seconds_of(const struct bench *bench)
{
    int64_t began_us = atomic_load(&bench->began_us);

    return bench->last_end_us > began_us ? (double)(bench->last_end_us - began_us) / US_PER_SECOND : 0;
}

static double orders_per_second(const struct bench *bench)
{
    double seconds = seconds_of(bench);

    return seconds > 0 ? (double)bench->ended_count / seconds : 0;
}

static double us_per_order(const struct bench *bench, int64_t cpu_us)
{
    return bench->ended_count > 0 ? (double)cpu_us / (double)bench->ended_count : 0;
}

static int64_t cpu_of_kind(const struct bench *bench, enum process_kind kind)
{
    int64_t cpu_us = 0;

    for (size_t i = 0; i < bench->used.count; i++)
        if (bench->used.processes[i].kind == kind)
            cpu_us += bench->used.processes[i].cpu_us;
    return cpu_us;
}

static int64_t cpu_of_all(const struct bench *bench)
{
    int64_t cpu_us = 0;

    for (int kind = 0; kind < PROCESS_KIND_COUNT; kind++)
        cpu_us += cpu_of_kind(bench, (enum process_kind)kind);
    return cpu_us;
}

/* An ending that is not in the table of endings. */
static const char *outcome_name(int ending)
{
    return ending < BENCH_ENDING_COUNT ? bench_ending_name((enum bench_ending)ending) : "other";
}

/* ---- for programs ---- */

static void add_latency(struct json_draft *draft, const char *name, const struct histogram *latency)
{
    struct json_draft *all = json_add_object(draft, name);

    for (size_t i = 0; i < COUNT_OF(points); i++)
        json_add_decimal(all, points[i].name, (double)histogram_at(latency, points[i].percent) / US_PER_MS, 3);
}

static void add_cpu(struct json_draft *draft, const struct bench *bench)
{
    struct json_draft *by_kind;

    json_add_decimal(draft, "cpuMicrosPerOrder", us_per_order(bench, cpu_of_all(bench)), 1);
    by_kind = json_add_object(draft, "cpuMicrosPerOrderBy");
    for (int kind = 0; kind < PROCESS_KIND_COUNT; kind++)
        json_add_decimal(by_kind, process_kind_name((enum process_kind)kind),
                         us_per_order(bench, cpu_of_kind(bench, (enum process_kind)kind)), 1);
    json_add_decimal(draft, "clientCpuMicrosPerOrder", us_per_order(bench, bench->client_cpu_us), 1);
}

static void add_outcomes(struct json_draft *draft, const struct bench *bench)
{
    struct json_draft *outcomes = json_add_object(draft, "outcomes");

    for (int ending = 0; ending <= BENCH_ENDING_COUNT; ending++)
        if (bench->outcomes[ending] > 0)
            json_add_number(outcomes, outcome_name(ending), (int64_t)bench->outcomes[ending]);
    json_add_number(outcomes, "unended", (int64_t)(bench->plan.order_count - bench->ended_count));
    json_add_number(draft, "surprises", (int64_t)bench->surprise_count);
}

static void add_process(struct json_draft *processes, const struct bench *bench, const struct process *process)
{
    struct json_draft *one = json_add_object(processes, NULL);

    json_add_text(one, "name", text_of(process->name));
    json_add_text(one, "kind", text_of(process_kind_name(process->kind)));
    json_add_number(one, "pid", process->pid);
    json_add_decimal(one, "cpuSeconds", (double)process->cpu_us / US_PER_SECOND, 2);
    json_add_decimal(one, "cpuMicrosPerOrder", us_per_order(bench, process->cpu_us), 1);
    json_add_number(one, "residentBytes", process->resident_bytes);
    json_add_number(one, "peakBytes", process->peak_bytes);
}

static void print_json(const struct bench *bench)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();
    struct json_draft *processes;

    json_add_text(draft, "run", text_of(bench->plan.prefix));
    json_add_number(draft, "orders", (int64_t)bench->plan.order_count);
    json_add_number(draft, "rate", bench->options->rate);
    json_add_decimal(draft, "seconds", seconds_of(bench), 3);
    json_add_decimal(draft, "ordersPerSecond", orders_per_second(bench), 1);
    add_latency(draft, "latencyMs", bench->latency);
    add_latency(draft, "brokerLatencyMs", bench->broker_latency);
    add_cpu(draft, bench);
    add_outcomes(draft, bench);
    processes = json_add_array(draft, "processes");
    for (size_t i = 0; i < bench->used.count; i++)
        add_process(processes, bench, &bench->used.processes[i]);
    cli_print_json(draft);
}

/* ---- for people ---- */

static void print_latency(const char *what, const struct histogram *latency)
{
    printf("%-50s", what);
    for (size_t i = 0; i < COUNT_OF(points); i++)
        printf("  %s %.1f", points[i].shown, (double)histogram_at(latency, points[i].percent) / US_PER_MS);
    printf("\n");
}

static void print_outcomes(const struct bench *bench)
{
    printf("ended");
    for (int ending = 0; ending <= BENCH_ENDING_COUNT; ending++)
        if (bench->outcomes[ending] > 0)
            printf("  %s %zu", outcome_name(ending), bench->outcomes[ending]);
    if (bench->ended_count < bench->plan.order_count)
        printf("  NOT ENDED %zu", bench->plan.order_count - bench->ended_count);
    if (bench->surprise_count > 0)
        printf("  OTHERWISE THAN PLANNED %zu", bench->surprise_count);
    printf("\n");
}

static void print_processes(const struct bench *bench)
{
    printf("\n%-16s %8s %10s %14s %12s\n", "PROCESS", "PID", "CPU S", "CPU US/ORDER", "PEAK MB");
    for (size_t i = 0; i < bench->used.count; i++) {
        const struct process *process = &bench->used.processes[i];
        printf("%-16s %8d %10.2f %14.1f %12.1f\n", process->name, process->pid, (double)process->cpu_us / US_PER_SECOND,
               us_per_order(bench, process->cpu_us), (double)process->peak_bytes / MEGABYTE);
    }
    printf("%-16s %8s %10.2f %14.1f\n", "together", "", (double)cpu_of_all(bench) / US_PER_SECOND,
           us_per_order(bench, cpu_of_all(bench)));
    printf("%-16s %8s %10.2f %14.1f\n", "(this program)", "", (double)bench->client_cpu_us / US_PER_SECOND,
           us_per_order(bench, bench->client_cpu_us));
}

static void print_text(const struct bench *bench)
{
    printf("%zu orders in %.2f s: %.0f orders/s\n", bench->ended_count, seconds_of(bench), orders_per_second(bench));
    print_latency("ms from planned sending to the terminal event", bench->latency);
    print_latency("ms from order record to terminal event (broker)", bench->broker_latency);
    print_outcomes(bench);
    print_processes(bench);
}

void bench_report(const struct bench *bench)
{
    if (bench->options->json)
        print_json(bench);
    else
        print_text(bench);
}
