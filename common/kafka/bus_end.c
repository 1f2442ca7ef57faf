/* bus_end.c - a client that has given up for good: why, and how to go without it. */
#include "bus_internal.h"
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define LEAVE_SECONDS_MAX 5

/* What a new client of the same settings would hear from the same brokers. All else is about the one client: its place in a log
 * that was cut, its number that the broker has forgotten or given to another, its name in the group. */
static const rd_kafka_resp_err_t hopeless[] = {
    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    RD_KAFKA_RESP_ERR__AUTHENTICATION,
    RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
    RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
};

static enum bus_end end_by(rd_kafka_resp_err_t error)
{
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return BUS_END_NONE;
    if (error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        return BUS_END_FENCED;
    for (size_t i = 0; i < COUNT_OF(hopeless); i++)
        if (error == hopeless[i])
            return BUS_END_HOPELESS;
    return BUS_END_SPOILT;
}

static rd_kafka_resp_err_t fatal_error_of(rd_kafka_t *client)
{
    char text[BUS_PROBLEM_SIZE];

    return client == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_fatal_error(client, text, sizeof(text));
}

enum bus_end bus_end(const struct bus *bus)
{
    enum bus_end worst = end_by(fatal_error_of(bus->consumer)), end;

    for (size_t i = 0; i < bus->producer_count; i++) {
        end = end_by(fatal_error_of(bus->producers[i]));
        worst = end > worst ? end : worst;
    }
    return worst;
}

static void *close_consumer(void *consumer)
{
    rd_kafka_consumer_close(consumer);
    return NULL;
}

/* A close is known to hang, and has no limit of its own: another thread waits for it. */
void bus_leave(struct bus *bus)
{
    struct timespec end = {.tv_sec = clock_steady_ms() / 1000 + LEAVE_SECONDS_MAX};
    pthread_t thread;
    sigset_t all, before;

    if (bus->consumer == NULL || fatal_error_of(bus->consumer) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    bus->fatal = true; /* nothing is waited for any more when the partitions go */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, close_consumer, bus->consumer) == 0 &&
        pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &end) == ETIMEDOUT)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
