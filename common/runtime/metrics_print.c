/* metrics_print.c - the text of a registry, and the documentation of its tables. */
#include "metrics_internal.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

static int64_t scale_of(const struct metric_family *family) { return family->scale == 0 ? 1 : family->scale; }

/* Prints a scaled value exactly, without zeros at the end of its fraction: 1500 at a scale of 1000 is 1.5. */
static void print_scaled(int64_t value, int64_t scale, FILE *out)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = (uint64_t)scale;
    uint64_t rest = size % unit;

    fprintf(out, "%s%" PRIu64, value < 0 ? "-" : "", size / unit);
    if (rest > 0)
        fputc('.', out);
    for (; rest > 0; rest = rest * 10 % unit)
        fputc((int)('0' + rest * 10 / unit), out);
}

/* Escaped as the format asks; a quote only inside of quotes. */
static void print_escaped(const char *text, bool quoted, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || (*text == '"' && quoted))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void print_label(const char *name, const char *value, bool first, FILE *out)
{
    fprintf(out, "%c%s=\"", first ? '{' : ',', name);
    print_escaped(value, true, out);
    fputc('"', out);
}

/* Prints the labels, and leaves the brace open; gives how many there were. */
static size_t print_labels(const struct metric *metric, FILE *out)
{
    size_t count = metric_label_count(metric->group->family);

    for (size_t i = 0; i < count; i++)
        print_label(metric->group->family->labels[i], metric->values[i], i == 0, out);
    return count;
}

/* The beginning of a sample's line, up to its value. */
static void print_head(const struct metric *metric, const char *ending, FILE *out)
{
    fprintf(out, "%s%s", metric->group->family->name, ending);
    fputs(print_labels(metric, out) > 0 ? "} " : " ", out);
}

static void print_bucket(const struct metric *metric, size_t bucket, int64_t cumulative, FILE *out)
{
    const struct metric_family *family = metric->group->family;

    fprintf(out, "%s_bucket", family->name);
    fputs(print_labels(metric, out) > 0 ? ",le=\"" : "{le=\"", out);
    if (bucket == family->bound_count)
        fputs("+Inf", out);
    else
        print_scaled(family->bounds[bucket], scale_of(family), out);
    fprintf(out, "\"} %" PRId64 "\n", cumulative);
}

/* The count is the sum of the buckets as they were read here, so that a histogram agrees with itself while it grows. */
static void print_histogram(const struct metric *metric, FILE *out)
{
    const struct metric_family *family = metric->group->family;
    int64_t cumulative = 0;

    for (size_t i = 0; i <= family->bound_count; i++) {
        cumulative += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        print_bucket(metric, i, cumulative, out);
    }
    print_head(metric, "_sum", out);
    print_scaled(atomic_load_explicit(&metric->value, memory_order_relaxed), scale_of(family), out);
    fputc('\n', out);
    print_head(metric, "_count", out);
    fprintf(out, "%" PRId64 "\n", cumulative);
}

static void print_series(const struct metric *metric, FILE *out)
{
    if (atomic_load_explicit(&metric->hidden, memory_order_acquire))
        return;
    if (metric->group->family->type == METRIC_HISTOGRAM) {
        print_histogram(metric, out);
        return;
    }
    print_head(metric, "", out);
    print_scaled(atomic_load_explicit(&metric->value, memory_order_relaxed), scale_of(metric->group->family), out);
    fputc('\n', out);
}

static void print_group(const struct metric_group *group, FILE *out)
{
    const struct metric_family *family = group->family;
    size_t count = atomic_load_explicit(&group->series_count, memory_order_acquire);

    fprintf(out, "# HELP %s ", family->name);
    print_escaped(family->help, false, out);
    fprintf(out, "\n# TYPE %s %s\n", family->name, type_names[family->type]);
    if (family->read != NULL)
        fprintf(out, "%s %.15g\n", family->name, family->read());
    for (size_t i = 0; i < count; i++)
        print_series(group->series[i], out);
}

void metrics_print(const struct metrics *metrics, FILE *out)
{
    for (size_t i = 0; i < metrics->group_count; i++)
        print_group(&metrics->groups[i], out);
}

char *metrics_text(const struct metrics *metrics, size_t *out_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, out_length);
    bool failed;

    if (out == NULL)
        return NULL;
    metrics_print(metrics, out);
    failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- docs/metrics.md ---- */

static void print_bounds(const struct metric_family *family, FILE *out)
{
    fputs(" Buckets:", out);
    for (size_t i = 0; i < family->bound_count; i++) {
        fputc(' ', out);
        print_scaled(family->bounds[i], scale_of(family), out);
    }
    fputc('.', out);
}

void metrics_print_markdown(const struct metric_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct metric_family *family = &table->families[i];
        fprintf(out, "| `%s` | %s |", family->name, type_names[family->type]);
        for (size_t j = 0; j < metric_label_count(family); j++)
            fprintf(out, "%s `%s`", j == 0 ? "" : ",", family->labels[j]);
        fprintf(out, " | %s.", family->help);
        if (family->type == METRIC_HISTOGRAM)
            print_bounds(family, out);
        fputs(" |\n", out);
    }
}
