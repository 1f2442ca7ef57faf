/* bus_poll.h - taking records, and holding them back.
 *
 * Records are handed out in the order of their partition. */
#ifndef ORDERLY_BUS_POLL_H
#define ORDERLY_BUS_POLL_H

#include "bus.h"
#include "bus_record.h"

#define BUS_UNLIMITED SIZE_MAX

/* Waits up to wait_ms for a first record, then takes what is already here, batch_max at most; out_records has room for that.
 * STATUS_FATAL  the client can't go on */
MUST_CHECK enum status bus_poll(struct bus *bus, int wait_ms, struct record out_records[], size_t *out_count);
/* Serves the clients for wait_ms while taking no records, all partitions paused, so that the group membership lives on while
 * Redis is away; the next bus_poll() resumes. */
MUST_CHECK enum status bus_idle(struct bus *bus, int wait_ms);
/* How many more records of this topic the coming bus_poll()s may hand out, all together: with 0 they hand out only what other
 * topics have, the group membership stays, and at most about a batch, and a few megabytes, waits in memory. BUS_UNLIMITED until
 * it is called; for one topic only. */
void bus_limit(struct bus *bus, const char *topic, size_t records);
/* How many records of a topic lie in this member's partitions behind those that were handed out, as far as the client knows
 * without asking: at most so many, because records of aborted transactions count until the client has passed them, or a poll has
 * waited and nothing came. Of a partition that nothing was read of since it was assigned: 0. */
int64_t bus_backlog(const struct bus *bus, const char *topic);
/* Gives the records back to librdkafka. */
void bus_release(struct bus *bus, struct record records[], size_t count);

/* How many records of one assigned partition are not handled yet. */
struct bus_lag {
    const char *topic; /* borrowed until the next call of the bus */
    int32_t partition;
    int64_t records;
};
/* The lag of every assigned partition, lags_max at most: from what bus_store_offsets() was given, or else the group has
 * committed, to where the partition ends. Records that are never delivered (of aborted transactions) count until the client has
 * come to the end of the partition. Gives how many are known. Asks the broker once after an assignment, and at every call while
 * all partitions are paused; else it waits for nothing. */
size_t bus_lags(struct bus *bus, struct bus_lag out_lags[], size_t lags_max);

#endif
