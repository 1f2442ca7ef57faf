/* metrics_internal.h - what metrics.c and metrics_print.c share. Nobody else includes it. */
#ifndef ORDERLY_METRICS_INTERNAL_H
#define ORDERLY_METRICS_INTERNAL_H

#include "metrics.h"

#include <stdatomic.h>

/* One series. What is atomic is read by the printing thread, the rest is the writer's own, or does not change once the series
 * is seen. */
struct metric {
    struct metric_group *group;
    char values[METRIC_LABELS_MAX][METRIC_LABEL_SIZE];
    _Atomic int64_t value;    /* of a histogram: the sum */
    _Atomic int64_t *buckets; /* of a histogram: each alone, the last is for what is above all bounds */
    _Atomic bool hidden;
    int64_t staged, *staged_buckets;
    bool is_staged;
    struct metric *next_staged;
    bool found;
    int64_t found_amount;
};

/* A family and its series. */
struct metric_group {
    struct metrics *metrics;
    const struct metric_family *family;
    struct metric **series; /* series_max + 1 of them at most: the last is called "other" */
    size_t series_max;
    _Atomic size_t series_count; /* the series below this number are complete */
};

struct metrics {
    struct metric_table tables[METRIC_TABLES_MAX];
    size_t table_count;
    struct metric_group *groups;
    size_t group_count;
    struct metric *staged;
};

/* How many labels a family has. */
size_t metric_label_count(const struct metric_family *family);

#endif
