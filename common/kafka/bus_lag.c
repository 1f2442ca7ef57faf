/* bus_lag.c - how far behind this member of the group is.
 *
 * What is handled is kept here, partition by partition: where librdkafka stands (its position) counts records as done that are
 * still being handled, which with Redis away is for minutes. */
#include "bus_internal.h"

#define LAG_WAIT_MS 500 /* for the broker's answer, asked once after an assignment, and of what is paused */

static void forget(struct bus *bus)
{
    if (bus->handled != NULL)
        rd_kafka_topic_partition_list_destroy(bus->handled);
    bus->handled = NULL;
}

void bus_lag_assigned(struct bus *bus, const rd_kafka_topic_partition_list_t *partitions)
{
    forget(bus);
    if (partitions == NULL)
        return;
    bus->handled = rd_kafka_topic_partition_list_copy(partitions);
    for (int i = 0; i < bus->handled->cnt; i++)
        bus->handled->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
}

void bus_lag_handled(struct bus *bus, const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; bus->handled != NULL && i < offsets->cnt; i++) {
        rd_kafka_topic_partition_t *entry =
            rd_kafka_topic_partition_list_find(bus->handled, offsets->elems[i].topic, offsets->elems[i].partition);
        if (entry != NULL)
            entry->offset = offsets->elems[i].offset;
    }
}

/* The partitions whose offset is not known, with what asks for it in its place. */
static rd_kafka_topic_partition_list_t *unknown(const rd_kafka_topic_partition_list_t *all, int64_t question)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(all->cnt);

    for (int i = 0; i < all->cnt; i++)
        if (all->elems[i].offset < 0)
            rd_kafka_topic_partition_list_add(list, all->elems[i].topic, all->elems[i].partition)->offset = question;
    return list;
}

static void take_answers(rd_kafka_topic_partition_list_t *all, const rd_kafka_topic_partition_list_t *answers)
{
    for (int i = 0; i < answers->cnt; i++) {
        const rd_kafka_topic_partition_t *answer = &answers->elems[i];
        rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(all, answer->topic, answer->partition);
        if (entry != NULL && answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset >= 0)
            entry->offset = answer->offset;
    }
}

/* After an assignment: what the group has committed, and where it has committed nothing, the beginning. */
static void ask_where_it_begins(struct bus *bus)
{
    rd_kafka_topic_partition_list_t *list = unknown(bus->handled, RD_KAFKA_OFFSET_INVALID);

    if (list->cnt > 0 && rd_kafka_committed(bus->consumer, list, LAG_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_topic_partition_list_t *fresh = unknown(list, RD_KAFKA_OFFSET_BEGINNING);
        take_answers(bus->handled, list);
        if (fresh->cnt > 0 && rd_kafka_offsets_for_times(bus->consumer, fresh, LAG_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
            take_answers(bus->handled, fresh);
        rd_kafka_topic_partition_list_destroy(fresh);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* Where the paused partitions end. The answer to every fetch tells it; of those that are not fetched the broker is asked. NULL:
 * none are paused, or no answer came. */
static rd_kafka_topic_partition_list_t *ends_of_paused(struct bus *bus)
{
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_new(bus->handled->cnt);

    for (int i = 0; i < bus->handled->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &bus->handled->elems[i];
        bool is_held_back = bus->flow.paused && strcmp(bus->flow.topic, entry->topic) == 0;
        if (bus->paused || is_held_back)
            rd_kafka_topic_partition_list_add(ends, entry->topic, entry->partition)->offset = RD_KAFKA_OFFSET_END;
    }
    if (ends->cnt > 0 && rd_kafka_offsets_for_times(bus->consumer, ends, LAG_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ends;
    rd_kafka_topic_partition_list_destroy(ends);
    return NULL;
}

/* Where one partition ends; negative: not known. */
static int64_t end_of(struct bus *bus, rd_kafka_topic_partition_list_t *ends, const rd_kafka_topic_partition_t *entry)
{
    const rd_kafka_topic_partition_t *asked =
        ends == NULL ? NULL : rd_kafka_topic_partition_list_find(ends, entry->topic, entry->partition);
    int64_t low, high;

    if (asked != NULL && asked->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return asked->offset;
    if (rd_kafka_get_watermark_offsets(bus->consumer, entry->topic, entry->partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return -1;
    return high;
}

size_t bus_lags(struct bus *bus, struct bus_lag out_lags[], size_t lags_max)
{
    rd_kafka_topic_partition_list_t *ends = NULL;
    size_t count = 0;

    if (bus->handled == NULL)
        return 0;
    if (!bus->brokers_down) {
        ask_where_it_begins(bus);
        ends = ends_of_paused(bus);
    }
    for (int i = 0; i < bus->handled->cnt && count < lags_max; i++) {
        const rd_kafka_topic_partition_t *entry = &bus->handled->elems[i];
        int64_t end = end_of(bus, ends, entry);
        if (entry->offset < 0 || end < 0)
            continue;
        out_lags[count++] = (struct bus_lag){entry->topic, entry->partition, end > entry->offset ? end - entry->offset : 0};
    }
    if (ends != NULL)
        rd_kafka_topic_partition_list_destroy(ends);
    return count;
}
