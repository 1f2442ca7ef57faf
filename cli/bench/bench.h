/* bench.h - what the parts of `orderly bench` share: the plan, what was heard of each order, and what it cost.
 *
 * One thread places the orders (bench_place.c), the main thread hears how they end (bench_hear.c).
 * Units  microseconds of the monotonic clock for what this program sees; milliseconds since 1970 for what the broker stamped */
#ifndef ORDERLY_BENCH_H
#define ORDERLY_BENCH_H

#include "bench_plan.h"
#include "cli_connect.h"
#include "histogram.h"
#include "names.h"
#include "processes.h"

#include <stdatomic.h>

#define BENCH_RATE_MAX 1000000

extern const struct argp bench_argp;
/* orderly bench */
enum cli_exit bench_run(int argument_count, char **arguments);

struct bench_options {
    int64_t order_count, product_count, customer_count, items_low, items_high;
    int64_t rate;            /* orders a second; 0: flat out */
    int64_t timeout_ms;      /* so long without any order that ends, and the rest is given up */
    const char *once_placed; /* a shell command, or NULL */
    struct bench_mix mix;
    struct process_list named; /* by --pid; none: they are looked for */
    bool json, audit;
};

/* One order. */
struct bench_order {
    _Atomic int64_t planned_us;  /* when it was to be placed */
    int64_t ended_us;            /* when its terminal event was heard */
    int64_t placed_ms, ended_ms; /* the broker's time of its record and of its terminal event; 0: not seen */
    bool has_ended;
    uint8_t ending; /* how it has ended: enum bench_ending, or BENCH_ENDING_COUNT */
};

struct bench {
    const struct bench_options *options;
    const struct cli_settings *settings;
    struct bench_plan plan;
    struct bench_order *orders;
    struct bus *bus;
    struct bus_reader *reader;
    struct arena *arena; /* of the hearing thread */
    struct process_list before, used;
    int64_t client_cpu_us; /* of this program */

    _Atomic size_t placed_count;
    _Atomic int64_t began_us; /* the first sending, or the command that came after the last; 0: not yet */
    _Atomic bool placing_failed;
    volatile int stop; /* tells the placing thread to give up; read by bus_flush() too */

    size_t ended_count, surprise_count; /* surprise: otherwise than the plan says */
    int64_t last_end_us;
    size_t outcomes[BENCH_ENDING_COUNT + 1];
    struct histogram *latency;        /* us, planned sending to hearing the terminal event */
    struct histogram *broker_latency; /* us, order record to terminal event, by the broker's clock */
};

/* Makes the products of the plan and their stock. CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit bench_supply(const struct bench *bench);
/* The placing thread's main; `bench` is its argument. The thread ends when the broker has acknowledged all orders; then
 * once_placed runs. */
void *bench_place(void *bench);
/* Hears until every order has ended, or nothing has ended for too long, or placing failed. */
void bench_hear(struct bench *bench);
/* Reads the orders of this run from their topic, for the time the broker stamped on them. spans: what the topic held before.
 * CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit bench_read_placed(struct bench *bench, const struct bus_span before[], size_t count);
/* Looks at all processes that take part. */
void bench_look(const struct bench *bench, struct process_list *out_list);
/* Prints the results on standard output: one JSON object, or for people. */
void bench_report(const struct bench *bench);

#endif
