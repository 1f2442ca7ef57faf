#include "mock_cluster.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct mock_cluster mock_cluster_start(const char *topic, int partitions)
{
    char problem[256] = "", dead[128];
    struct mock_cluster cluster = {.client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), problem, sizeof(problem))};

    cr_assert_not_null(cluster.client, "%s", problem);
    cluster.mock = rd_kafka_mock_cluster_new(cluster.client, 1);
    cr_assert_not_null(cluster.mock);
    snprintf(dead, sizeof(dead), "%s.dlq", topic);
    rd_kafka_mock_topic_create(cluster.mock, topic, partitions, 1);
    rd_kafka_mock_topic_create(cluster.mock, dead, 1, 1);
    return cluster;
}

void mock_cluster_stop(struct mock_cluster *cluster)
{
    rd_kafka_mock_cluster_destroy(cluster->mock);
    rd_kafka_destroy(cluster->client);
}
