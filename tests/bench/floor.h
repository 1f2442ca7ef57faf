/* floor.h - what Kafka and Redis alone need for an order: the records and commands of the real system, with no logic, no JSON
 * and full batches.
 *
 * Six processes as in the real thing: an orchestrator, four workers, and this one, which places orders and hears how they end.
 * A record begins with a tag that says whose turn it is; the rest is filling of the right size. */
#ifndef ORDERLY_BENCH_FLOOR_H
#define ORDERLY_BENCH_FLOOR_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOR_BATCH_MAX 500 /* as BATCH_MAX */
#define FLOOR_FILL_MS 5     /* flat out: how long a batch may wait to become full */
#define FLOOR_STAGES 6      /* transitions of an order that completes */
#define FLOOR_WORKERS 4
#define FLOOR_PARTITIONS 6
#define FLOOR_ID_SIZE 32
#define FLOOR_TAG_SIZE 32
#define FLOOR_RECORD_MAX 1024
#define FLOOR_LAST_EVENT 9 /* in the tag of the event that ends an order */

/* ---- what one order needs (floor_order.c) ---- */

/* One transition of the saga, and what it sends. Bytes are those of names and values together. */
struct floor_stage {
    int set_fields, set_bytes; /* HSET */
    int removed_fields;        /* HDEL */
    int lines, line_bytes;     /* RPUSH */
    int worker;                /* whom the command goes to; -1: the order has ended */
    int command_bytes;
    int events, event_bytes[2];
    /* what the worker does with the command */
    int catalog_reads;               /* HLEN, HMGET */
    int effect_fields, effect_bytes; /* of the script that is effect, mark and outcome; 0: none */
    bool takes_stock;
    int reply_bytes;
};
extern const struct floor_stage floor_stages[FLOOR_STAGES];
extern const char *const floor_worker_names[FLOOR_WORKERS];
#define FLOOR_ORDER_BYTES 236
#define FLOOR_ADMITTED_BYTES 605

/* Beginning of every value. */
struct floor_tag {
    size_t number;
    int stage;
    int64_t placed_ms; /* the broker's time of the order's record */
};

/* ---- Redis (floor_redis.c): one round trip for what was queued ---- */

struct floor_redis;

/* Connects and loads the scripts; ends the process when that fails. port: on 127.0.0.1. run: part of every key. */
struct floor_redis *floor_redis_open(int port, const char *run);
void floor_redis_close(struct floor_redis *redis);
/* What the orchestrator writes, and what the workers read and write, for a batch of records. Each call queues;
 * floor_redis_flush() sends all and reads all replies. */
void floor_queue_transition(struct floor_redis *redis, const struct floor_tag *tag);
void floor_queue_indexes(struct floor_redis *redis, const struct floor_tag tags[], size_t count);
void floor_queue_catalog(struct floor_redis *redis, const struct floor_tag *tag);
void floor_queue_effect(struct floor_redis *redis, const struct floor_tag *tag);
void floor_redis_flush(struct floor_redis *redis);

/* ---- Kafka (floor_kafka.c) ---- */

struct floor_kafka;

/* A record that came. */
struct floor_record {
    struct floor_tag tag;
    int64_t timestamp_ms;
    bool is_order; /* of the topic of new orders */
    void *handle;
};

/* Makes the topics that are not there, with the settings of the real ones. Ends the process when that fails. */
void floor_make_topics(const char *bootstrap);
/* Opens a client for each topic that is sent to, as common/kafka/bus.c does, and, when there are topics to read, a consumer that
 * begins at their ends (both NULL-terminated). Ready when it returns. */
struct floor_kafka *floor_kafka_open(const char *bootstrap, const char *const sends_to[], const char *const topics[]);
void floor_kafka_close(struct floor_kafka *kafka);
/* Waits up to wait_ms for a first record, then up to fill_ms until FLOOR_BATCH_MAX are there. */
size_t floor_poll(struct floor_kafka *kafka, int wait_ms, int fill_ms, struct floor_record out_records[FLOOR_BATCH_MAX]);
/* Sends a record of this many bytes. headers: with the eight of the real ones. */
void floor_send(struct floor_kafka *kafka, const char *topic, const char *run, const struct floor_tag *tag, int bytes,
                bool headers);
/* Waits until all that was sent is acknowledged; then stores the offsets of these records and releases them. */
void floor_commit(struct floor_kafka *kafka, struct floor_record records[], size_t count);

/* ---- the processes (floor_party.c) ---- */

struct floor_setup {
    const char *bootstrap, *run;
    int redis_port;
    int fill_ms;
};

/* The orchestrator is party 0, worker i is party i + 1: serves until SIGTERM. Writes a byte to `ready` when it can begin. */
void floor_party_serve(const struct floor_setup *setup, int party, int ready);

/* "FLOOR-...-0000042": as long as an id of orderly bench. */
void floor_id(char out[FLOOR_ID_SIZE], const char *run, size_t number);
/* Prints what is wrong and ends the process. */
_Noreturn void floor_die(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
