/* mock_cluster.h - librdkafka's own mock of a cluster, with one broker: for what a real one does only when it breaks. Asserts by
 * itself. */
#ifndef ORDERLY_TEST_MOCK_CLUSTER_H
#define ORDERLY_TEST_MOCK_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define MOCK_BROKER 1          /* its id */
#define MOCK_PRODUCE_REQUEST 0 /* the number of that request in Kafka's protocol */

/* A cluster of one broker, and the client that librdkafka wants it to live in. */
struct mock_cluster {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *mock;
};

/* Starts a cluster that has this topic, with so many partitions, and its dead-letter topic. */
struct mock_cluster mock_cluster_start(const char *topic, int partitions);
/* Ends it. */
void mock_cluster_stop(struct mock_cluster *cluster);

#endif
