#include "service_metrics.h"

#include "bus_poll.h"
#include "clock.h"

#include <stdlib.h>
#include <unistd.h>

#define TOPICS_MAX 16
#define REASONS_MAX 16
#define LAGS_MAX 4096 /* assigned partitions that are told one by one */

static double resident_bytes(void);
static double cpu_seconds(void);

static const int64_t size_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
static const int64_t time_bounds_us[] = {500,    1000,   2500,    5000,    10000,   25000,    50000,   100000,
                                         250000, 500000, 1000000, 2500000, 5000000, 10000000, 60000000};

enum {
    FAMILY_MESSAGES,
    FAMILY_BATCHES,
    FAMILY_BATCH_SIZE,
    FAMILY_BATCH_SECONDS,
    FAMILY_RETRIES,
    FAMILY_DEAD_LETTERS,
    FAMILY_LAG,
    FAMILY_READY,
    FAMILY_BUILD,
    FAMILY_START,
    FAMILY_RESIDENT,
    FAMILY_CPU,
    FAMILY_COUNT
};

static const struct metric_family families[FAMILY_COUNT] = {
    [FAMILY_MESSAGES] = {.name = "orderly_messages_total",
                         .help = "Records handled, buried ones among them; one that is delivered again counts again",
                         .type = METRIC_COUNTER,
                         .labels = {"topic"},
                         .series_max = TOPICS_MAX},
    [FAMILY_BATCHES] = {.name = "orderly_batches_total", .help = "Batches handled to their end", .type = METRIC_COUNTER},
    [FAMILY_BATCH_SIZE] = {.name = "orderly_batch_size",
                           .help = "Records of a batch",
                           .type = METRIC_HISTOGRAM,
                           .bounds = size_bounds,
                           .bound_count = COUNT_OF(size_bounds)},
    [FAMILY_BATCH_SECONDS] = {.name = "orderly_batch_seconds",
                              .help =
                                  "Time of a batch from its poll to the broker's word on everything it caused, waits for Kafka "
                                  "and Redis included",
                              .type = METRIC_HISTOGRAM,
                              .scale = METRICS_SECOND_US,
                              .bounds = time_bounds_us,
                              .bound_count = COUNT_OF(time_bounds_us)},
    [FAMILY_RETRIES] =
        {.name = "orderly_retries_total",
         .help = "Times that a batch had to be handled again: Kafka or Redis was away, Redis was full or read-only, "
                 "another replica changed the same saga first, a broker's clock was waited for, or Kafka refused a record",
         .type = METRIC_COUNTER},
    [FAMILY_DEAD_LETTERS] = {.name = "orderly_dead_letters_total",
                             .help = "Records that went to the dead-letter topic of their topic",
                             .type = METRIC_COUNTER,
                             .labels = {"topic", "reason"},
                             .series_max = TOPICS_MAX * REASONS_MAX},
    [FAMILY_LAG] = {.name = "orderly_consumer_lag",
                    .help = "Records of an assigned partition that are not handled yet; what a transaction aborted counts until "
                            "the end of the partition is "
                            "reached; partitions that went to another replica disappear",
                    .type = METRIC_GAUGE,
                    .labels = {"topic", "partition"},
                    .series_max = LAGS_MAX},
    [FAMILY_READY] = {.name = "orderly_ready", .help = "1 when /readyz says ready, else 0", .type = METRIC_GAUGE},
    [FAMILY_BUILD] = {.name = "orderly_build_info",
                      .help = "Always 1; the version is in the label",
                      .type = METRIC_GAUGE,
                      .labels = {"version"},
                      .series_max = 1},
    [FAMILY_START] = {.name = "process_start_time_seconds",
                      .help = "When the process started, in seconds since 1970",
                      .type = METRIC_GAUGE,
                      .scale = METRICS_SECOND_MS},
    [FAMILY_RESIDENT] = {.name = "process_resident_memory_bytes",
                         .help = "Resident memory",
                         .type = METRIC_GAUGE,
                         .read = resident_bytes},
    [FAMILY_CPU] = {.name = "process_cpu_seconds_total",
                    .help = "Time spent on a processor, by all threads, in the kernel too",
                    .type = METRIC_COUNTER,
                    .read = cpu_seconds},
};

/* Every reason that is given (docs/operations.md): a series has to be there before its first record, or an alert misses that
 * record. */
static const char *const reasons[] = {"not_json", "not_an_object", "no_order_id", "too_large",
                                      "too_old",  "unknown_type",  "conflict",    "saga_broken"};

struct service_metrics {
    struct metrics *metrics;
    struct metric *batches, *batch_size, *batch_seconds, *retries, *ready;
    struct bus_lag *lags; /* LAGS_MAX of them */
};

struct metric_table service_metrics_table(void) { return (struct metric_table){families, FAMILY_COUNT}; }

static struct metric *series(struct metrics *metrics, size_t family, const struct text values[])
{
    return metrics_series(metrics, &families[family], values);
}

static struct metric *buried_series(struct metrics *metrics, struct text topic, const char *reason)
{
    return series(metrics, FAMILY_DEAD_LETTERS, (struct text[]){topic, text_of(reason)});
}

struct service_metrics *service_metrics_open(struct metrics *metrics, const enum topic topics[], size_t topic_count)
{
    struct service_metrics *service_metrics = calloc(1, sizeof(*service_metrics));

    if (service_metrics == NULL || (service_metrics->lags = calloc(LAGS_MAX, sizeof(*service_metrics->lags))) == NULL)
        abort();
    service_metrics->metrics = metrics;
    service_metrics->batches = series(metrics, FAMILY_BATCHES, NULL);
    service_metrics->batch_size = series(metrics, FAMILY_BATCH_SIZE, NULL);
    service_metrics->batch_seconds = series(metrics, FAMILY_BATCH_SECONDS, NULL);
    service_metrics->retries = series(metrics, FAMILY_RETRIES, NULL);
    service_metrics->ready = series(metrics, FAMILY_READY, NULL);
    for (size_t i = 0; i < topic_count; i++) {
        const struct text topic = text_of(topic_name(topics[i]));
        series(metrics, FAMILY_MESSAGES, (struct text[]){topic});
        for (size_t j = 0; j < COUNT_OF(reasons); j++)
            buried_series(metrics, topic, reasons[j]);
    }
    metric_set(series(metrics, FAMILY_BUILD, (struct text[]){TEXT(ORDERLY_VERSION)}), 1);
    metric_set(series(metrics, FAMILY_START, NULL), clock_wall_ms());
    return service_metrics;
}

void service_metrics_close(struct service_metrics *service_metrics)
{
    if (service_metrics == NULL)
        return;
    free(service_metrics->lags);
    free(service_metrics);
}

/* ---- batches ---- */

/* Records of one topic come in runs, and the series is looked up once for each run. */
static void count_messages(struct metrics *metrics, const struct record records[], size_t count)
{
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && text_equals(records[next].topic, records[i].topic);)
            next++;
        metric_add(series(metrics, FAMILY_MESSAGES, &records[i].topic), (int64_t)(next - i));
    }
}

void service_metrics_batch(struct service_metrics *service_metrics, const struct record records[], size_t count, int64_t took_us)
{
    count_messages(service_metrics->metrics, records, count);
    metric_add(service_metrics->batches, 1);
    metric_observe(service_metrics->batch_size, (int64_t)count);
    metric_observe(service_metrics->batch_seconds, took_us);
    metrics_publish(service_metrics->metrics);
}

void service_metrics_retry(struct service_metrics *service_metrics)
{
    metrics_discard(service_metrics->metrics);
    metric_add(service_metrics->retries, 1);
    metrics_publish(service_metrics->metrics);
}

void metrics_count_buried(struct metrics *metrics, struct text topic, const char *reason)
{
    metric_add(buried_series(metrics, topic, reason), 1);
}

/* ---- between batches ---- */

static void check_lag(struct service_metrics *service_metrics, struct bus *bus)
{
    struct metrics *metrics = service_metrics->metrics;
    size_t count = bus_lags(bus, service_metrics->lags, LAGS_MAX);

    metrics_begin_found(metrics, &families[FAMILY_LAG]);
    for (size_t i = 0; i < count; i++) {
        const struct bus_lag *lag = &service_metrics->lags[i];
        char digits[16];
        struct text partition = {digits, (size_t)snprintf(digits, sizeof(digits), "%d", (int)lag->partition)};
        metric_found(series(metrics, FAMILY_LAG, (struct text[]){text_of(lag->topic), partition}), lag->records);
    }
    metrics_end_found(metrics, &families[FAMILY_LAG]);
}

void service_metrics_check(struct service_metrics *service_metrics, struct bus *bus, const struct health *health)
{
    metric_set(service_metrics->ready, health_is_ready(health));
    check_lag(service_metrics, bus);
}

/* ---- the process ---- */

/* The second number of this file is the resident set, in pages. */
static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void) { return (double)clock_cpu_us() / 1e6; }
