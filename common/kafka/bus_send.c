/* bus_send.c - one record to Kafka; what becomes of it is told to its round (bus_rounds.c). */
#include "bus_internal.h"

#include <assert.h>
#include <stdlib.h>

#define QUEUE_FULL_STEP_MS 50

static struct bus_topic *find_topic(struct bus *bus, const char *name)
{
    for (size_t i = 0; i < bus->topic_count; i++)
        if (strcmp(bus->topics[i].name, name) == 0)
            return &bus->topics[i];
    assert(false && "it is sent to but does not stand in sends_to");
    abort();
}

static size_t record_size(const struct outgoing *outgoing)
{
    size_t size = outgoing->key.length + outgoing->value.length + BUS_RECORD_OVERHEAD;

    for (size_t i = 0; i < outgoing->header_count; i++)
        size += outgoing->headers[i].name.length + outgoing->headers[i].value.length + 8;
    return size;
}

static rd_kafka_headers_t *headers_of(const struct outgoing *outgoing)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(outgoing->header_count);

    for (size_t i = 0; i < outgoing->header_count; i++) {
        const struct header *header = &outgoing->headers[i];
        rd_kafka_header_add(headers, header->name.at, (ssize_t)header->name.length, header->value.at,
                            (ssize_t)header->value.length);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct bus *bus, const struct bus_topic *topic, const struct outgoing *outgoing,
                                   rd_kafka_headers_t *headers)
{
    const rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic->handle},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = outgoing->partition >= 0 ? outgoing->partition : RD_KAFKA_PARTITION_UA},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)outgoing->key.at, outgoing->key.length}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)outgoing->value.at, outgoing->value.length}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = bus_round_open(bus)},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(topic->producer, arguments, COUNT_OF(arguments));
    rd_kafka_resp_err_t code = rd_kafka_error_is_fatal(error) ? RD_KAFKA_RESP_ERR__FATAL : rd_kafka_error_code(error);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        bus_set_problem(bus, "can't send to %s: %s", topic->name, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return code;
}

enum status bus_send(struct bus *bus, const struct outgoing *outgoing)
{
    const struct bus_topic *topic = find_topic(bus, outgoing->topic);
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t error;

    if (record_size(outgoing) > topic->bytes_max)
        return STATUS_BAD_MESSAGE;
    headers = headers_of(outgoing);
    while ((error = produce(bus, topic, outgoing, headers)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(topic->producer, QUEUE_FULL_STEP_MS);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        bus->in_flight++;
        bus->bytes_in_flight += outgoing->key.length + outgoing->value.length;
        bus_round_open(bus)->in_flight++;
        return STATUS_OK;
    }
    rd_kafka_headers_destroy(headers);
    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return STATUS_BAD_MESSAGE;
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        return STATUS_FATAL;
    return STATUS_UNAVAILABLE;
}

int32_t bus_partition(struct bus *bus, const char *topic, struct text key)
{
    const struct bus_topic *found = find_topic(bus, topic);

    if (found->partition_count == 0)
        return -1;
    return rd_kafka_msg_partitioner_murmur2(found->handle, key.at, key.length, found->partition_count, NULL, NULL);
}
