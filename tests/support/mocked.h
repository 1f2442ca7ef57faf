/* mocked.h - one program as a process, on a Kafka that does what the test wants (librdkafka's mock cluster) and a Redis of its
 * own.
 *
 * Programs come from ORDERLY_TEST_BIN; what they log goes into a file. Everything asserts by itself. */
#ifndef ORDERLY_TEST_MOCKED_H
#define ORDERLY_TEST_MOCKED_H

#include "bus.h"
#include "redis_process.h"
#include "system.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define MOCKED_PRODUCE 0 /* kinds of requests, for rd_kafka_mock_push_request_errors() */
#define MOCKED_HEARTBEAT 12
#define MOCKED_INIT_PRODUCER_ID 22
#define MOCKED_BATCH 500 /* records that a reader takes at once, at most */

struct mocked {
    rd_kafka_t *client; /* that the cluster lives in */
    rd_kafka_mock_cluster_t *cluster;
    struct redis_process *redis;
    pid_t program; /* 0: none runs */
    char log_path[256];
    uint16_t port; /* its HTTP_PORT */
};

/* Starts the cluster, with these topics (NULL-terminated) of one partition each, and Redis. */
void mocked_set_up(struct mocked *mocked, const char *const topics[]);
/* Ends everything that still runs. */
void mocked_tear_down(struct mocked *mocked);
/* Starts a program ("orderly-payment") with these settings besides ("NAME=value", ..., NULL; or NULL). Its log goes on. */
void mocked_start(struct mocked *mocked, const char *name, const char *const settings[]);
/* SIGTERM. */
void mocked_end(struct mocked *mocked);
/* Waits for the end of the program; gives its exit code, -1: a signal ended it. */
int mocked_exit_code(struct mocked *mocked);
/* Whether it runs; ends the test when it does not. */
bool mocked_lives(struct mocked *mocked);
/* How many lines of its log have both texts. */
size_t mocked_logged(const struct mocked *mocked, const char *text, const char *more);
/* Sends values to a topic, all with one key, in their order, and waits for the broker's word. */
void mocked_send(struct mocked *mocked, const char *topic, const char *key, const char *const values[], size_t count);
/* Opens a reader of a topic, from its beginning. The caller closes it. */
struct bus *mocked_read(struct mocked *mocked, const char *topic);
/* The offset that a group has committed for partition 0 of a topic; 0: none. */
int64_t mocked_committed(struct mocked *mocked, const char *group, const char *topic);
/* How many records were ever written to partition 0 of a topic. */
int64_t mocked_end_offset(struct mocked *mocked, const char *topic);

#define WAIT_UNTIL(condition)                                                                                                    \
    for (int64_t wait_end_ms = test_now_ms() + SYSTEM_WAIT_MS; !(condition); test_pause())                                       \
    cr_assert_lt(test_now_ms(), wait_end_ms, "it never came true: %s", #condition)

#endif
