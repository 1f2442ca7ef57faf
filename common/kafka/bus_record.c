/* bus_record.c - a message of librdkafka as a record. */
#include "bus_internal.h"

struct record bus_record_of(const rd_kafka_message_t *message)
{
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, NULL);

    return (struct record){
        .topic = text_of(rd_kafka_topic_name(message->rkt)),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = timestamp_ms < 0 ? 0 : timestamp_ms,
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .handle = message,
    };
}

bool record_header(const struct record *record, const char *name, struct text *out_value)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    if (record->handle == NULL || rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    *out_value = (struct text){value, size};
    return true;
}

const struct header *record_headers(struct arena *arena, const struct record *record, size_t *out_count)
{
    rd_kafka_headers_t *headers;
    struct header *all;
    const char *name;
    const void *value;
    size_t size;

    *out_count = 0;
    if (record->handle == NULL || rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    all = arena_take(arena, rd_kafka_header_cnt(headers) * sizeof(*all));
    while (rd_kafka_header_get_all(headers, *out_count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        all[(*out_count)++] = (struct header){text_of(name), {value, size}};
    return all;
}
