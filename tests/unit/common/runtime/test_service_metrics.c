/* What every service counts of its batches. */
#include "service_metrics.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

static const enum topic topics[] = {TOPIC_ORDERS, TOPIC_INBOX};
static struct metrics *metrics;
static struct service_metrics *service_metrics;
static char *text;

static void set_up(void)
{
    struct metric_table table = service_metrics_table();

    metrics = metrics_create(&table, 1);
    service_metrics = service_metrics_open(metrics, topics, COUNT_OF(topics));
}

static void tear_down(void)
{
    free(text);
    service_metrics_close(service_metrics);
    metrics_destroy(metrics);
}

TestSuite(service_metrics, .init = set_up, .fini = tear_down);

static bool shows(const char *line)
{
    char wanted[256];
    size_t length;

    free(text);
    text = metrics_text(metrics, &length);
    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    return strstr(text, wanted) != NULL;
}

static double value_behind(const char *start)
{
    const char *at = strstr(text, start);

    cr_assert_not_null(at, "%s", start);
    return strtod(at + strlen(start), NULL);
}

Test(service_metrics, a_batch_counts_by_topic)
{
    const struct record records[] = {
        {.topic = TEXT("orders")}, {.topic = TEXT("orders")}, {.topic = TEXT("saga.inbox")}, {.topic = TEXT("orders")}};

    cr_expect(shows("orderly_messages_total{topic=\"saga.inbox\"} 0"), "there from the start");
    service_metrics_batch(service_metrics, records, COUNT_OF(records), 1500);
    cr_expect(shows("orderly_messages_total{topic=\"orders\"} 3"));
    cr_expect(shows("orderly_messages_total{topic=\"saga.inbox\"} 1"));
    cr_expect(shows("orderly_batches_total 1"));
    cr_expect(shows("orderly_batch_size_bucket{le=\"2\"} 0"));
    cr_expect(shows("orderly_batch_size_bucket{le=\"5\"} 1"));
    cr_expect(shows("orderly_batch_seconds_sum 0.0015"));
    cr_expect(shows("orderly_batch_seconds_bucket{le=\"0.0025\"} 1"));
}

/* A dead letter of a try that failed has not been counted when the batch is handled again. */
Test(service_metrics, a_batch_that_is_handled_again_counts_once)
{
    const struct record record = {.topic = TEXT("orders")};

    cr_expect(shows("orderly_dead_letters_total{topic=\"orders\",reason=\"not_json\"} 0"), "there from the start");
    for (int tries = 0; tries < 3; tries++) {
        metrics_count_buried(metrics, record.topic, "not_json");
        if (tries < 2)
            service_metrics_retry(service_metrics);
    }
    cr_expect(shows("orderly_retries_total 2"));
    cr_expect(shows("orderly_dead_letters_total{topic=\"orders\",reason=\"not_json\"} 0"));
    service_metrics_batch(service_metrics, &record, 1, 1);
    cr_expect(shows("orderly_dead_letters_total{topic=\"orders\",reason=\"not_json\"} 1"));
    cr_expect(shows("orderly_retries_total 2"));
}

Test(service_metrics, the_process_tells_of_itself)
{
    cr_expect(shows("orderly_build_info{version=\"" ORDERLY_VERSION "\"} 1"));
    cr_expect(shows("orderly_ready 0"));
    cr_expect_float_eq(value_behind("\nprocess_start_time_seconds "), (double)time(NULL), 60);
    cr_expect_gt(value_behind("\nprocess_resident_memory_bytes "), 500000.0);
    cr_expect_gt(value_behind("\nprocess_cpu_seconds_total "), 0.0);
}
