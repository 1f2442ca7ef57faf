/* bus_topics.h - creating topics. */
#ifndef ORDERLY_BUS_TOPICS_H
#define ORDERLY_BUS_TOPICS_H

#include "bus.h"

/* A topic to create. */
struct topic_plan {
    const char *name;
    int partitions, replication;
    const char *const *config; /* name, value, name, value, ..., NULL */
};
enum topic_result { TOPIC_CREATED, TOPIC_EXISTED, TOPIC_FAILED };
/* Creates topics that are not there; out_results[i] tells of plans[i], problem of the first failure.
 * STATUS_UNAVAILABLE  no broker answered within wait_ms */
MUST_CHECK enum status bus_create_topics(struct bus *bus, const struct topic_plan plans[], size_t count, int wait_ms,
                                         enum topic_result out_results[], char *problem, size_t size);

#endif
