/* The registry and its text: what Prometheus is told, and when. */
#include "metrics.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static double seven_and_a_half(void) { return 7.5; }

static const char *numbered(size_t number, size_t label)
{
    static const char *const values[2][2] = {{"a", "b"}, {"x", "y"}};

    return values[label][label == 0 ? number / 2 : number % 2];
}

static const int64_t bounds[] = {1, 10, 2500};

enum { PLAIN, LABELLED, HISTOGRAM, FOUND, READ, NUMBERED, LABELLED_HISTOGRAM, FAMILY_COUNT };
static const struct metric_family families[FAMILY_COUNT] = {
    [PLAIN] = {.name = "plain_total", .help = "One \\ and\na new line, \"quoted\"", .type = METRIC_COUNTER},
    [LABELLED] = {.name = "labelled_total", .help = "x", .type = METRIC_COUNTER, .labels = {"topic", "reason"}, .series_max = 2},
    [HISTOGRAM] = {.name = "time_seconds",
                   .help = "x",
                   .type = METRIC_HISTOGRAM,
                   .scale = METRICS_SECOND_MS,
                   .bounds = bounds,
                   .bound_count = COUNT_OF(bounds)},
    [FOUND] = {.name = "found", .help = "x", .type = METRIC_GAUGE, .labels = {"name"}, .series_max = 8},
    [READ] = {.name = "read", .help = "x", .type = METRIC_GAUGE, .read = seven_and_a_half},
    [NUMBERED] = {.name = "numbered_total",
                  .help = "x",
                  .type = METRIC_COUNTER,
                  .labels = {"first", "second"},
                  .series_max = 4,
                  .value = numbered},
    [LABELLED_HISTOGRAM] = {.name = "size",
                            .help = "Sizes",
                            .type = METRIC_HISTOGRAM,
                            .labels = {"name"},
                            .series_max = 4,
                            .bounds = bounds,
                            .bound_count = COUNT_OF(bounds)},
};
static const struct metric_family more_families[] = {{.name = "more", .help = "x", .type = METRIC_GAUGE, .scale = 1000}};

static struct metrics *metrics;
static char *text;

static void set_up(void)
{
    metrics = metrics_create((struct metric_table[]){{families, FAMILY_COUNT}, {NULL, 0}, {more_families, 1}}, 3);
}

static void tear_down(void)
{
    free(text);
    metrics_destroy(metrics);
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

/* Whether the text has exactly this line now. */
static bool shows(const char *line)
{
    char wanted[512];
    size_t length;

    free(text);
    text = metrics_text(metrics, &length);
    cr_assert_not_null(text);
    cr_assert_eq(strlen(text), length);
    snprintf(wanted, sizeof(wanted), "%s\n", line);
    for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++)
        if (at == text || at[-1] == '\n')
            return true;
    return false;
}

static struct metric *series(size_t family, const char *first, const char *second)
{
    return metrics_series(metrics, &families[family], (struct text[]){text_of(first), text_of(second)});
}

Test(metrics, every_family_has_help_and_type_and_a_plain_one_its_value)
{
    cr_expect(shows("# HELP plain_total One \\\\ and\\na new line, \"quoted\""));
    cr_expect(shows("# TYPE plain_total counter"));
    cr_expect(shows("plain_total 0"));
    cr_expect(shows("# TYPE labelled_total counter"));
    cr_expect(shows("# TYPE time_seconds histogram"));
    cr_expect(shows("# TYPE found gauge"));
    cr_expect(shows("read 7.5"));
    cr_expect(shows("more 0"));
}

Test(metrics, what_is_staged_is_seen_after_publish_and_gone_after_discard)
{
    struct metric *plain = series(PLAIN, NULL, NULL), *labelled = series(LABELLED, "orders", "not_json");

    metric_add(plain, 3);
    metric_add(plain, 4);
    metric_add(labelled, 1);
    cr_expect(shows("plain_total 0"));
    metrics_publish(metrics);
    cr_expect(shows("plain_total 7"));
    cr_expect(shows("labelled_total{topic=\"orders\",reason=\"not_json\"} 1"));
    metric_add(plain, 100);
    metrics_discard(metrics);
    metrics_publish(metrics);
    metric_add(plain, 1);
    metrics_publish(metrics);
    cr_expect(shows("plain_total 8"));
}

Test(metrics, one_series_for_one_set_of_values)
{
    cr_expect_eq(series(LABELLED, "a", "b"), series(LABELLED, "a", "b"));
    cr_expect_neq(series(LABELLED, "a", "b"), series(LABELLED, "b", "a"));
}

Test(metrics, the_number_of_series_is_bounded)
{
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "topic-%d", i);
        metric_add(series(LABELLED, name, "r"), 1);
    }
    metrics_publish(metrics);
    cr_expect(shows("labelled_total{topic=\"topic-1\",reason=\"r\"} 1"));
    cr_expect(shows("labelled_total{topic=\"other\",reason=\"other\"} 98"));
    cr_expect_not(shows("labelled_total{topic=\"topic-2\",reason=\"r\"} 1"));
}

Test(metrics, label_values_are_escaped_and_cut_between_characters)
{
    char name[METRIC_LABEL_SIZE + 8], line[2 * METRIC_LABEL_SIZE];

    metric_add(series(LABELLED, "a\\b\"c\nd", ""), 1);
    memset(name, 'x', sizeof(name));
    strcpy(name + METRIC_LABEL_SIZE - 2, "\xE2\x82\xAC"); /* its first byte would still fit */
    metric_add(series(LABELLED, name, ""), 1);
    metric_add(series(LABELLED, name, ""), 1);
    metrics_publish(metrics);
    cr_expect(shows("labelled_total{topic=\"a\\\\b\\\"c\\nd\",reason=\"\"} 1"));
    snprintf(line, sizeof(line), "labelled_total{topic=\"%.*s\",reason=\"\"} 2", METRIC_LABEL_SIZE - 2, name);
    cr_expect(shows(line), "%s", text);
}

Test(metrics, a_histogram_is_cumulative_and_in_seconds)
{
    static const int64_t values[] = {0, 1, 2, 10, 11, 2500, 2501, 100000};
    struct metric *histogram = series(HISTOGRAM, NULL, NULL);

    for (size_t i = 0; i < COUNT_OF(values); i++)
        metric_observe(histogram, values[i]);
    metrics_publish(metrics);
    cr_expect(shows("time_seconds_bucket{le=\"0.001\"} 2"));
    cr_expect(shows("time_seconds_bucket{le=\"0.01\"} 4"));
    cr_expect(shows("time_seconds_bucket{le=\"2.5\"} 6"));
    cr_expect(shows("time_seconds_bucket{le=\"+Inf\"} 8"));
    cr_expect(shows("time_seconds_sum 105.025"));
    cr_expect(shows("time_seconds_count 8"));
    metric_observe(histogram, 1);
    metrics_discard(metrics);
    metrics_publish(metrics);
    cr_expect(shows("time_seconds_count 8"));
    metric_observe(series(LABELLED_HISTOGRAM, "n", NULL), 5);
    metrics_publish(metrics);
    cr_expect(shows("size_bucket{name=\"n\",le=\"1\"} 0"));
    cr_expect(shows("size_bucket{name=\"n\",le=\"2500\"} 1"));
    cr_expect(shows("size_sum{name=\"n\"} 5"));
    cr_expect(shows("size_count{name=\"n\"} 1"));
}

Test(metrics, a_gauge_goes_both_ways_at_once)
{
    struct metric *more = metrics_series(metrics, &more_families[0], NULL);

    metric_set(more, 1500);
    cr_expect(shows("more 1.5"));
    metric_set(more, -20);
    cr_expect(shows("more -0.02"));
    metric_set(more, INT64_MIN);
    cr_expect(shows("more -9223372036854775.808"));
}

Test(metrics, gauges_that_are_not_found_any_more_disappear)
{
    metrics_begin_found(metrics, &families[FOUND]);
    metric_found(series(FOUND, "a", NULL), 5);
    metric_found(series(FOUND, "b", NULL), 1);
    metric_found(series(FOUND, "b", NULL), 2);
    metrics_end_found(metrics, &families[FOUND]);
    cr_expect(shows("found{name=\"a\"} 5"));
    cr_expect(shows("found{name=\"b\"} 3"));
    metrics_begin_found(metrics, &families[FOUND]);
    metric_found(series(FOUND, "b", NULL), 0);
    metrics_end_found(metrics, &families[FOUND]);
    cr_expect(shows("found{name=\"b\"} 0"));
    cr_expect_null(strstr(text, "found{name=\"a\"}"));
    metrics_begin_found(metrics, &families[FOUND]);
    metric_found(series(FOUND, "a", NULL), 9);
    metrics_end_found(metrics, &families[FOUND]);
    cr_expect(shows("found{name=\"a\"} 9"), "it is back");
}

Test(metrics, numbered_series_are_there_from_the_start)
{
    cr_expect(shows("numbered_total{first=\"a\",second=\"x\"} 0"));
    cr_expect(shows("numbered_total{first=\"b\",second=\"y\"} 0"));
    metric_add(metrics_at(metrics, &families[NUMBERED], 2), 6);
    metrics_publish(metrics);
    cr_expect(shows("numbered_total{first=\"b\",second=\"x\"} 6"));
    cr_expect_eq(metrics_at(metrics, &families[NUMBERED], 1), series(NUMBERED, "a", "y"));
}

Test(metrics, a_table_is_its_own_documentation)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);

    metrics_print_markdown(&(struct metric_table){&families[LABELLED], 2}, out);
    fclose(out);
    cr_expect_str_eq(printed, "| `labelled_total` | counter | `topic`, `reason` | x. |\n"
                              "| `time_seconds` | histogram | | x. Buckets: 0.001 0.01 2.5. |\n");
    free(printed);
}

/* ---- one writes, another reads ---- */

#define ROUNDS 20000

static _Atomic bool written;

static void *write_rounds(void *unused)
{
    struct metric *histogram = series(HISTOGRAM, NULL, NULL);

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "s-%d", i % 6);
        metric_observe(histogram, i % 20);
        metric_add(series(LABELLED_HISTOGRAM, name, NULL), 0);
        metric_add(series(PLAIN, NULL, NULL), 1);
        metrics_publish(metrics);
        metrics_begin_found(metrics, &families[FOUND]);
        metric_found(series(FOUND, name, NULL), i);
        metrics_end_found(metrics, &families[FOUND]);
    }
    atomic_store(&written, true);
    return NULL;
}

static long number_behind(const char *start)
{
    const char *at = strstr(text, start);

    cr_assert_not_null(at, "%s: %s", start, text);
    return strtol(at + strlen(start), NULL, 10);
}

/* Each text is whole, rises, and its histogram agrees with itself. */
Test(metrics, may_be_printed_while_it_is_written)
{
    long before = 0, last = 0;
    pthread_t writer;

    cr_assert_eq(pthread_create(&writer, NULL, write_rounds, NULL), 0);
    for (bool done = false; !done; before = last) {
        done = atomic_load(&written);
        shows("");
        last = number_behind("\nplain_total ");
        cr_assert_geq(last, before);
        cr_assert_leq(number_behind("{le=\"0.001\"} "), number_behind("{le=\"0.01\"} "));
        cr_assert_eq(number_behind("time_seconds_bucket{le=\"+Inf\"} "), number_behind("\ntime_seconds_count "));
    }
    pthread_join(writer, NULL);
    cr_expect_eq(last, ROUNDS);
    cr_expect_eq(number_behind("\ntime_seconds_count "), ROUNDS);
}
