/* bus_send.h - sending records.
 *
 * The producer is idempotent, acks=all, and never gives up on a record while the process lives. */
#ifndef ORDERLY_BUS_SEND_H
#define ORDERLY_BUS_SEND_H

#include "bus.h"
#include "bus_record.h"

/* One record to send. key_partition >= 0 names the partition; else the key decides (murmur2, as in every other program). */
struct outgoing {
    const char *topic;
    int32_t partition; /* -1: by key */
    struct text key, value;
    const struct header *headers;
    size_t header_count;
};

/* Queues a record; everything is copied. It is sent in the background. With a full queue it waits, serving the client.
 * STATUS_BAD_MESSAGE  too large for the topic: nothing queued
 * STATUS_FATAL        the producer can't go on */
MUST_CHECK enum status bus_send(struct bus *bus, const struct outgoing *outgoing);
/* The partition of topic that a key belongs to, as every program's partitioner says; -1 while the topic is not known. How many
 * there are is asked by bus_warm_up(), and by bus_poll() after each assignment: partitions that are added bring one about. */
int32_t bus_partition(struct bus *bus, const char *topic, struct text key);

#endif
