/* bus_describe.h - what Kafka tells of itself: brokers, topics and their settings, the members of groups. Nothing is changed by
 * it.
 *
 * Source  librdkafka: metadata, DescribeConfigs, DescribeConsumerGroups. It does not tell which version a broker is. */
#ifndef ORDERLY_BUS_DESCRIBE_H
#define ORDERLY_BUS_DESCRIBE_H

#include "bus.h"

/* A topic as the cluster knows it. */
struct bus_topic_state {
    bool exists;
    int partitions, copies;     /* copies: of the partition that has the fewest */
    int without_leader, behind; /* partitions that nobody serves; partitions of which a copy is not in sync */
};

struct bus_cluster {
    int broker_count;
    char id[128]; /* "" when the brokers do not tell */
};

/* Asks for the state of the cluster and of these topics.
 * STATUS_UNAVAILABLE  no answer within wait_ms: bus_problem() */
MUST_CHECK enum status bus_describe_cluster(struct bus *bus, const char *const topics[], size_t count, int wait_ms,
                                            struct bus_cluster *out_cluster, struct bus_topic_state out_states[]);

/* Sees one setting of a topic; its texts live as long as the call. */
typedef void (*bus_see_setting)(const char *topic, const char *name, const char *value, void *context);
/* Shows every setting of these topics. out_problem (size bytes) tells of the first topic that could not be asked about; "" for
 * none. STATUS_UNAVAILABLE  no answer within wait_ms, or more than BUS_TOPICS_MAX topics: problem says why */
MUST_CHECK enum status bus_describe_settings(struct bus *bus, const char *const topics[], size_t count, int wait_ms,
                                             bus_see_setting see, void *context, char *out_problem, size_t size);
/* How many members each group has; -1 when the brokers do not say (no right to ask).
 * STATUS_UNAVAILABLE  no answer within wait_ms, or more than BUS_TOPICS_MAX groups: bus_problem() */
MUST_CHECK enum status bus_describe_groups(struct bus *bus, const char *const groups[], size_t count, int wait_ms,
                                           int out_members[]);
/* The version of librdkafka. Static. */
const char *bus_library_version(void);

#endif
