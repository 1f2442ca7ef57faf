#include "metrics.h"

#include "metrics_internal.h"

#include <assert.h>
#include <stdlib.h>

static const struct text other_values[METRIC_LABELS_MAX] = {
    {METRICS_OTHER, sizeof(METRICS_OTHER) - 1},
    {METRICS_OTHER, sizeof(METRICS_OTHER) - 1},
    {METRICS_OTHER, sizeof(METRICS_OTHER) - 1},
};

static struct metric *add_series(struct metric_group *group, const struct text values[]);

static void *allocate(size_t count, size_t size)
{
    void *made = calloc(count, size);

    if (made == NULL)
        abort();
    return made;
}

/* ---- registry ---- */

size_t metric_label_count(const struct metric_family *family)
{
    size_t count = 0;

    while (count < METRIC_LABELS_MAX && family->labels[count] != NULL)
        count++;
    return count;
}

static void add_numbered(struct metric_group *group, size_t number)
{
    struct text values[METRIC_LABELS_MAX];

    for (size_t i = 0; i < metric_label_count(group->family); i++)
        values[i] = text_of(group->family->value(number, i));
    add_series(group, values);
}

static void open_group(struct metrics *metrics, struct metric_group *group, const struct metric_family *family)
{
    bool labelled = metric_label_count(family) > 0;

    assert(family->read == NULL || !labelled);
    assert(!labelled || family->series_max > 0);
    *group = (struct metric_group){.metrics = metrics, .family = family, .series_max = labelled ? family->series_max : 1};
    group->series = allocate(group->series_max + 1, sizeof(struct metric *)); /* and the one that is called "other" */
    if (!labelled && family->read == NULL)
        add_series(group, NULL);
    for (size_t i = 0; family->value != NULL && i < family->series_max; i++)
        add_numbered(group, i);
}

struct metrics *metrics_create(const struct metric_table tables[], size_t count)
{
    struct metrics *metrics = allocate(1, sizeof(*metrics));

    assert(count <= METRIC_TABLES_MAX);
    metrics->table_count = count;
    for (size_t i = 0; i < count; i++) {
        metrics->tables[i] = tables[i];
        metrics->group_count += tables[i].count;
    }
    metrics->groups = allocate(metrics->group_count + 1, sizeof(*metrics->groups));
    for (size_t i = 0, next = 0; i < count; i++)
        for (size_t j = 0; j < tables[i].count; j++)
            open_group(metrics, &metrics->groups[next++], &tables[i].families[j]);
    return metrics;
}

static void free_series(struct metric *metric)
{
    free(metric->buckets);
    free(metric->staged_buckets);
    free(metric);
}

void metrics_destroy(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < metrics->group_count; i++) {
        struct metric_group *group = &metrics->groups[i];
        for (size_t j = 0; j < group->series_count; j++)
            free_series(group->series[j]);
        free(group->series);
    }
    free(metrics->groups);
    free(metrics);
}

static struct metric_group *group_of(struct metrics *metrics, const struct metric_family *family)
{
    size_t before = 0;

    for (size_t i = 0; i < metrics->table_count; i++) {
        const struct metric_table *table = &metrics->tables[i];
        uintptr_t place = ((uintptr_t)family - (uintptr_t)table->families) / sizeof(*family);
        if ((uintptr_t)family >= (uintptr_t)table->families && place < table->count)
            return &metrics->groups[before + place];
        before += table->count;
    }
    abort(); /* a family that stands in no table of this registry: a mistake of the program */
}

/* ---- series ---- */

/* A label's value as it is kept: cut to size, but not in the middle of a character. */
static struct text kept_text(struct text value)
{
    size_t length = value.length;

    if (length < METRIC_LABEL_SIZE)
        return value;
    for (length = METRIC_LABEL_SIZE - 1; length > 0 && ((unsigned char)value.at[length] & 0xC0) == 0x80;)
        length--;
    return (struct text){value.at, length};
}

static bool has_values(const struct metric *metric, const struct text values[])
{
    for (size_t i = 0; i < metric_label_count(metric->group->family); i++)
        if (!text_equals(text_of(metric->values[i]), kept_text(values[i])))
            return false;
    return true;
}

/* A new series at the end; it is complete before a reader can see it. */
static struct metric *add_series(struct metric_group *group, const struct text values[])
{
    struct metric *metric = allocate(1, sizeof(*metric));
    size_t count = atomic_load_explicit(&group->series_count, memory_order_relaxed);

    metric->group = group;
    for (size_t i = 0; i < metric_label_count(group->family); i++) {
        struct text value = kept_text(values[i]);
        if (value.length > 0)
            memcpy(metric->values[i], value.at, value.length);
    }
    if (group->family->type == METRIC_HISTOGRAM) {
        metric->buckets = allocate(group->family->bound_count + 1, sizeof(*metric->buckets));
        metric->staged_buckets = allocate(group->family->bound_count + 1, sizeof(*metric->staged_buckets));
    }
    group->series[count] = metric;
    atomic_store_explicit(&group->series_count, count + 1, memory_order_release);
    return metric;
}

struct metric *metrics_series(struct metrics *metrics, const struct metric_family *family, const struct text values[])
{
    struct metric_group *group = group_of(metrics, family);
    size_t count = atomic_load_explicit(&group->series_count, memory_order_relaxed);

    for (size_t i = 0; i < count; i++)
        if (has_values(group->series[i], values))
            return group->series[i];
    if (count < group->series_max)
        return add_series(group, values);
    return count == group->series_max ? add_series(group, other_values) : group->series[group->series_max];
}

struct metric *metrics_at(struct metrics *metrics, const struct metric_family *family, size_t number)
{
    assert(family->value != NULL && number < family->series_max);
    return group_of(metrics, family)->series[number];
}

/* ---- counting ---- */

static void stage(struct metric *metric, int64_t amount)
{
    struct metrics *metrics = metric->group->metrics;

    metric->staged += amount;
    if (metric->is_staged)
        return;
    metric->is_staged = true;
    metric->next_staged = metrics->staged;
    metrics->staged = metric;
}

void metric_add(struct metric *metric, int64_t amount) { stage(metric, amount); }

void metric_observe(struct metric *metric, int64_t value)
{
    const struct metric_family *family = metric->group->family;
    size_t bucket = 0;

    while (bucket < family->bound_count && value > family->bounds[bucket])
        bucket++;
    metric->staged_buckets[bucket]++;
    stage(metric, value);
}

/* There is one writer: nothing is lost between the load and the store. */
static void add(_Atomic int64_t *shown, int64_t amount)
{
    int64_t value = atomic_load_explicit(shown, memory_order_relaxed);

    atomic_store_explicit(shown, value + amount, memory_order_relaxed);
}

/* Empties the stage, into what is shown or into nothing. */
static void clear_stage(struct metrics *metrics, bool show)
{
    for (struct metric *metric = metrics->staged; metric != NULL; metric = metric->next_staged) {
        size_t buckets = metric->buckets == NULL ? 0 : metric->group->family->bound_count + 1;
        if (show)
            add(&metric->value, metric->staged);
        for (size_t i = 0; i < buckets; i++) {
            if (show && metric->staged_buckets[i] != 0)
                add(&metric->buckets[i], metric->staged_buckets[i]);
            metric->staged_buckets[i] = 0;
        }
        metric->staged = 0;
        metric->is_staged = false;
    }
    metrics->staged = NULL;
}

void metrics_publish(struct metrics *metrics) { clear_stage(metrics, true); }

void metrics_discard(struct metrics *metrics) { clear_stage(metrics, false); }

/* ---- gauges ---- */

void metric_set(struct metric *metric, int64_t value) { atomic_store_explicit(&metric->value, value, memory_order_relaxed); }

void metrics_begin_found(struct metrics *metrics, const struct metric_family *family)
{
    struct metric_group *group = group_of(metrics, family);

    for (size_t i = 0; i < group->series_count; i++) {
        group->series[i]->found = false;
        group->series[i]->found_amount = 0;
    }
}

void metric_found(struct metric *metric, int64_t amount)
{
    metric->found = true;
    metric->found_amount += amount;
}

void metrics_end_found(struct metrics *metrics, const struct metric_family *family)
{
    struct metric_group *group = group_of(metrics, family);

    for (size_t i = 0; i < group->series_count; i++) {
        struct metric *metric = group->series[i];
        metric_set(metric, metric->found_amount);
        atomic_store_explicit(&metric->hidden, !metric->found, memory_order_release);
    }
}
