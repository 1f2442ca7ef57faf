/* bus_internal.h - what the bus*.c share. Nobody else includes it, tests aside. */
#ifndef ORDERLY_BUS_INTERNAL_H
#define ORDERLY_BUS_INTERNAL_H

#include "bus_poll.h"
#include "bus_rounds.h"
#include "bus_send.h"

#include <librdkafka/rdkafka.h>

#define BUS_PROBLEM_SIZE 512
#define BUS_RECORD_OVERHEAD 1024 /* what Kafka's record and batch headers may add */

/* A topic that is sent to. */
struct bus_topic {
    char name[128];
    rd_kafka_t *producer; /* one of the bus's */
    rd_kafka_topic_t *handle;
    size_t bytes_max;
    int partition_count; /* 0: not known yet */
};

#define BUS_NOWHERE INT64_C(-1)

/* How far a partition is read since it was assigned; BUS_NOWHERE: not yet. */
struct bus_position {
    const rd_kafka_topic_t *topic;
    int32_t partition;
    int64_t next;    /* behind the last record that was handed out */
    int64_t handled; /* behind the last one that bus_store_offsets() was given */
    int64_t end;     /* where the client had nothing more to read: behind records that are never delivered, those of aborted
                        transactions among them */
    int64_t silent;  /* where the partition ended when a poll waited and nothing came */
};

/* One topic that is held back, and how far all are read. */
struct bus_flow {
    char topic[128];              /* "": none is limited */
    size_t room;                  /* how many of its records may still be handed out */
    bool paused;                  /* its partitions are */
    rd_kafka_message_t **waiting; /* of its records: came when there was no room */
    size_t waiting_next, waiting_count, waiting_bytes;
    struct bus_position *positions; /* of the present assignment */
    size_t position_count, last_position;
};

/* What one batch has sent and the broker has not acknowledged, and the offsets behind its records: NULL while it is in work. */
struct bus_round {
    size_t in_flight;
    rd_kafka_topic_partition_list_t *offsets;
};

struct bus {
    rd_kafka_t *consumer;                  /* NULL: only sends */
    rd_kafka_t *producers[BUS_TOPICS_MAX]; /* one for each topic that is sent to; the first also sends dead letters, and asks */
    size_t producer_count;
    struct bus_topic topics[BUS_TOPICS_MAX];
    size_t topic_count;
    size_t batch_max;
    bus_log *log;                                /* NULL: nobody hears it */
    size_t in_flight, refused;                   /* sent and not yet reported; reported as undeliverable */
    size_t bytes_in_flight;                      /* keys and values of what is sent and not yet reported */
    struct bus_round rounds[BUS_ROUNDS_MAX + 1]; /* a ring: those that are closed, the oldest first, then the open one */
    size_t round_first, round_count;             /* count: of the closed ones */
    bool joined, paused, brokers_down, fatal;
    size_t assignments;        /* so far */
    size_t counted;            /* the assignments when the partitions of what is sent to were counted last */
    size_t tenure;             /* grows whenever partitions come or go, or are read again from what is committed */
    rd_kafka_message_t **held; /* came while all partitions were paused: first of the next batches */
    size_t held_next, held_count;
    rd_kafka_topic_partition_list_t
        *handled; /* every assigned partition: its first record that is not handled; INVALID: not known */
    struct bus_flow flow;
    bool dated;                                /* something that was acknowledged since bus_broker_clocks() was asked */
    int64_t lowest_ahead_ms, highest_ahead_ms; /* only with dated */
    char problem[BUS_PROBLEM_SIZE];
};

/* The configuration of the consumer, with all callbacks set. The caller owns it until rd_kafka_new() takes it; NULL: problem says
 * why. */
rd_kafka_conf_t *bus_consumer_config(const struct bus_options *options, struct bus *bus, char *problem, size_t size);
/* The same for the producers. */
rd_kafka_conf_t *bus_producer_config(const struct bus_options *options, struct bus *bus, char *problem, size_t size);
/* A message of librdkafka, which is no error, as a record that borrows it; its tenure is 0. */
struct record bus_record_of(const rd_kafka_message_t *message);
/* Counts the partitions of what is sent to, after an assignment. */
void bus_count_again(struct bus *bus);
/* Hears that partitions are given to this member or taken from it (bus_poll.c). As all of these it is called by librdkafka, with
 * the bus last. */
void bus_on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *partitions, void *bus);
/* Hears what became of a message that was sent. */
void bus_on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *bus);
/* Hears of an error that is about no single message. */
void bus_on_error(rd_kafka_t *client, int error, const char *reason, void *bus);
/* Hears a line that librdkafka logs, in any thread. */
void bus_on_log(const rd_kafka_t *client, int level, const char *facility, const char *line);
/* Notes that the assignment has changed (NULL: there is none). */
void bus_lag_assigned(struct bus *bus, const rd_kafka_topic_partition_list_t *partitions);
/* Notes that everything before these offsets is handled. */
void bus_lag_handled(struct bus *bus, const rd_kafka_topic_partition_list_t *offsets);
/* The next record of the limited topic that waits and may be handed out, or NULL. */
rd_kafka_message_t *bus_flow_next(struct bus *bus);
/* Keeps a message of the limited topic when there is no room for it; true: it is kept. */
bool bus_flow_puts_aside(struct bus *bus, rd_kafka_message_t *message);
/* Notes that a message is handed out. */
void bus_flow_note(struct bus *bus, const rd_kafka_message_t *message);
/* Notes that a poll has waited and nothing came. */
void bus_flow_note_silence(struct bus *bus);
/* Notes that nothing more is to be read of a partition, for now: message is the client's word on it. */
void bus_flow_note_end(struct bus *bus, const rd_kafka_message_t *message);
/* Notes that what was handed out is handled up to these offsets. Where that is all, and the partition's end is known, the offset
 * becomes that. */
void bus_flow_handled(struct bus *bus, rd_kafka_topic_partition_list_t *offsets);
/* The partitions among all that are of the limited topic, or those that are not. The caller owns the list. */
rd_kafka_topic_partition_list_t *bus_flow_partitions(const struct bus *bus, const rd_kafka_topic_partition_list_t *all,
                                                     bool limited);
/* Partitions go: what of them waits is dropped (their next owner reads it), and what is paused is resumed, because librdkafka
 * keeps the pause for when they come back. */
void bus_flow_revoke(struct bus *bus, const rd_kafka_topic_partition_list_t *revoked);
/* Releases everything. */
void bus_flow_end(struct bus *bus);
/* Releases what came while everything was paused. */
void bus_drop_held(struct bus *bus);
/* Hears what the broker said about what was sent; waits for nothing. */
void bus_serve_producers(struct bus *bus);
/* bus_rounds.c: the round that what is sent now belongs to. */
struct bus_round *bus_round_open(struct bus *bus);
/* Stores the offsets of the rounds that are acknowledged. */
void bus_rounds_settle(struct bus *bus);
/* Everything of a partition up to this offset is handled, or never delivered: it is stored after the rounds under way. */
void bus_rounds_reach(struct bus *bus, const char *topic, int32_t partition, int64_t offset);
/* Says which leader's term an offset is of, so that the client notices a log that lost its end: that of the record before it.
 * NULL: not known. */
void bus_set_epoch(rd_kafka_topic_partition_t *entry, const rd_kafka_message_t *message);
/* Whether a message is the client's word that nothing more is to be read of a partition, for now. It comes behind the partition's
 * records. */
static inline bool bus_is_end(const rd_kafka_message_t *message) { return message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF; }
/* How many bytes a message holds, but for its headers. */
static inline size_t bus_message_bytes(const rd_kafka_message_t *message)
{
    return bus_is_end(message) ? 0 : message->len + message->key_len;
}
/* Waits for the broker's word on what is under way, wait_ms at most, without polling the consumer; then settles. */
void bus_rounds_wait(struct bus *bus, int wait_ms);
/* Forgets all rounds without storing their offsets. */
void bus_rounds_forget(struct bus *bus);
/* Another tenure begins: what was handed out before stores no offsets from now on. What it has sent is still under way. */
void bus_rounds_disown(struct bus *bus);
/* Remembers what went wrong last. */
void bus_set_problem(struct bus *bus, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
