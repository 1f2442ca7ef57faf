/* metrics.h - counters, gauges and histograms, and their text for Prometheus.
 *
 * Shape   a family (name, help, type, labels) is a row of a static table; a series is a member of the family, with its own values
 *         of the labels. A family without labels has its series from the start. A family holds series_max series at most; what
 *         would be one more is counted in the series whose label values all are "other"
 * Units   values are whole numbers, scale of them to one of the printed unit: a histogram in microseconds with a scale of 1000000
 *         is printed in seconds
 * Threads one writes (the loop), any may print: no lock. What is added is staged, and seen only after metrics_publish(): a batch
 *         that has to be handled again is counted once. A text may show one series before and another after a publish; a
 *         histogram agrees with itself
 * Source  Prometheus text exposition format 0.0.4 */
#ifndef ORDERLY_METRICS_H
#define ORDERLY_METRICS_H

#include "text.h"

#include <stdio.h>

#define METRIC_LABELS_MAX 3
#define METRIC_TABLES_MAX 4
#define METRIC_LABEL_SIZE 64      /* bytes of a label's value, with its '\0'; a longer one is cut */
#define METRICS_SECOND_US 1000000 /* the scale of what is measured in microseconds and printed in seconds */
#define METRICS_SECOND_MS 1000    /* the same for milliseconds */
#define METRICS_OTHER "other"
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* One row of a table of families; the table outlives its registry. */
struct metric_family {
    const char *name, *help; /* orderly_batch_seconds; one sentence */
    enum metric_type type;
    const char *labels[METRIC_LABELS_MAX];
    size_t series_max; /* of a family with labels */
    /* Not NULL: all series_max series are there from the start, with these values (static) of their labels. */
    const char *(*value)(size_t number, size_t label);
    int64_t scale;         /* 0 counts as 1; else a power of ten */
    const int64_t *bounds; /* histogram: the upper bounds of its buckets, rising, scaled as its values */
    size_t bound_count;
    double (*read)(void); /* not NULL: has no labels, and is read at every print, by the printing thread */
};

/* A table and its length. */
struct metric_table {
    const struct metric_family *families;
    size_t count;
};

struct metrics; /* a registry: the series of some tables */
struct metric;  /* a series; valid as long as its registry */

/* The caller owns it. Its families are printed in the order of the tables, METRIC_TABLES_MAX of them at most. */
struct metrics *metrics_create(const struct metric_table tables[], size_t count);
/* NULL is fine. Nobody may be printing any more. */
void metrics_destroy(struct metrics *metrics);
/* For CLEANUP(metrics_destroy). */
DEFINE_CLEANUP(struct metrics, metrics_destroy);

/* The series with these label values, as many as the family has labels (valid UTF-8, copied); made when it is not there.
 * values may be NULL for a family without labels. Never NULL. The family must stand in a table of the registry. It searches
 * the family's series: once for a batch, not for each record. */
struct metric *metrics_series(struct metrics *metrics, const struct metric_family *family, const struct text values[]);

/* One of the series that a family with value() has from the start, number < series_max. Searches nothing. */
struct metric *metrics_at(struct metrics *metrics, const struct metric_family *family, size_t number);

/* Adds to a counter. Staged. */
void metric_add(struct metric *metric, int64_t amount);
/* Adds a value to a histogram. Staged. */
void metric_observe(struct metric *metric, int64_t value);
/* Shows what was staged. */
void metrics_publish(struct metrics *metrics);
/* Forgets what was staged. */
void metrics_discard(struct metrics *metrics);

/* Sets a gauge, at once. */
void metric_set(struct metric *metric, int64_t value);
/* Begins to measure all series of a family of gauges at once: metric_found() for each follows, then metrics_end_found(). */
void metrics_begin_found(struct metrics *metrics, const struct metric_family *family);
/* Adds to a series of this measurement. */
void metric_found(struct metric *metric, int64_t amount);
/* Sets all series to what was found; one of which nothing was found is no longer printed. */
void metrics_end_found(struct metrics *metrics, const struct metric_family *family);

/* Prints everything in the exposition format. Any thread. */
void metrics_print(const struct metrics *metrics, FILE *out);
/* The same as a text that the caller frees with free(); out_length is its length. NULL: no memory. */
char *metrics_text(const struct metrics *metrics, size_t *out_length);
/* The families of a table as rows of a Markdown table (metric, type, labels, meaning), for docs/metrics.md. */
void metrics_print_markdown(const struct metric_table *table, FILE *out);

#endif
