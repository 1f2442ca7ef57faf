/* service_metrics.h - what every service measures of itself: messages, batches, dead letters, lag, readiness, the process.
 *
 * Source  docs/metrics.md is printed from the table here and those of the services */
#ifndef ORDERLY_SERVICE_METRICS_H
#define ORDERLY_SERVICE_METRICS_H

#include "bus.h"
#include "bus_record.h"
#include "health.h"
#include "metrics.h"
#include "names.h"

struct service_metrics;

/* The families of every service. Static. */
struct metric_table service_metrics_table(void);
/* Resolves the series; topics are those the service reads. The caller owns it; metrics must outlive it. */
struct service_metrics *service_metrics_open(struct metrics *metrics, const enum topic topics[], size_t topic_count);
/* NULL is fine. */
void service_metrics_close(struct service_metrics *service_metrics);
/* For CLEANUP(service_metrics_close). */
DEFINE_CLEANUP(struct service_metrics, service_metrics_close);

/* A batch is done, from poll to offsets in took_us; publishes what was staged meanwhile. */
void service_metrics_batch(struct service_metrics *service_metrics, const struct record records[], size_t count, int64_t took_us);
/* A batch has to be handled again: what was staged for it is forgotten. */
void service_metrics_retry(struct service_metrics *service_metrics);
/* Reads the lag of the assigned partitions, and whether the service is ready. */
void service_metrics_check(struct service_metrics *service_metrics, struct bus *bus, const struct health *health);
/* A record of this topic is buried. Staged. */
void metrics_count_buried(struct metrics *metrics, struct text topic, const char *reason);

#endif
