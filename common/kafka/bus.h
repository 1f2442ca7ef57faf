/* bus.h - Kafka: poll a batch, send, wait for the broker's word, commit last, bury what can't be handled.
 *
 * At least once: records are handed out in the order of their partition; their offsets are stored only after everything they
 * caused was acknowledged. The producer is idempotent, acks=all, and never gives up on a record while the process lives.
 *
 * The only module (bus*.c) that includes librdkafka.
 * Source  librdkafka INTRODUCTION.md; DESIGN.md section 5; settings and their reasons in bus_config.c */
#ifndef ORDERLY_BUS_H
#define ORDERLY_BUS_H

#include "bus_properties.h"
#include "text.h"

#define BUS_TOPICS_MAX 16
#define BUS_RECORD_MAX (2 * 1024 * 1024)        /* bytes of a record, as the topics allow */
#define BUS_BURIED_ROOM (128 * 1024)             /* what a dead letter may be larger than the record it was */
#define BUS_SENT_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of keys and values that are not acknowledged when more is to be sent */
#define BUS_ROUNDS_MAX 16                        /* batches whose acknowledgements are awaited while the next is handled */
#define BUS_REDRIVES_MAX 1000000                 /* a number of redrives beyond that is none */
#define BUS_KEPT_HEADER "original-"              /* before the name of a dead letter's header that its record had already */
#define BUS_WATCHDOG_SECONDS 20                  /* a close that hangs longer ends the process */

struct bus;

/* One record as it came. Texts borrow it: valid until bus_release(). */
struct record {
    struct text topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;   /* the broker's (LogAppendTime); 0 when there is none */
    struct text key, value; /* TEXT_NONE: null */
    const void *handle;     /* the bus's own; NULL: made by hand, without headers (tests) */
    size_t tenure;          /* the bus's own: since when the partition was this member's; a batch that outlives it stores no offsets of it */
};

struct header {
    struct text name, value; /* value TEXT_NONE: null */
};

/* Hears one line that librdkafka logs; level as in syslog(3): 3 is an error, 7 for debugging. Called in threads of the client's own. */
typedef void bus_log(int level, const char *facility, const char *line);

struct bus_options {
    const char *bootstrap;              /* host:port,... */
    const char *client_id;
    const char *group_id;               /* NULL: no consumer, only send */
    const char *instance_id;            /* NULL or "": a dynamic member of the group */
    const char *const *topics;          /* NULL-terminated: what is read */
    /* NULL-terminated: everything that will ever be sent to; dead-letter topics of topics are added. Each gets a client of its own,
     * because the broker works through the requests of one connection one after another, and each is a sync. Those that are waited
     * for most come first. */
    const char *const *sends_to;
    const struct bus_properties *passed; /* set after our own; NULL: none */
    bus_log *log;                        /* hears what the client logs; NULL: nobody does */
    size_t batch_max;
};

/* One record to send. key_partition >= 0 names the partition; else the key decides (murmur2, as in every other program). */
struct outgoing {
    const char *topic;
    int32_t partition;              /* -1: by key */
    struct text key, value;
    const struct header *headers;
    size_t header_count;
};

/* Opens the consumer and the producer; the broker may be away. The caller owns out_bus.
 * STATUS_BAD_MESSAGE  librdkafka refuses a property: problem (size bytes) says which */
MUST_CHECK enum status bus_open(const struct bus_options *options, char *problem, size_t size, struct bus **out_bus);
/* Leaves the group, commits what was stored, and closes; NULL is fine. A watchdog ends the process when librdkafka hangs. */
void bus_close(struct bus *bus);
DEFINE_CLEANUP(struct bus, bus_close);
/* Whether the metadata of every topic is known (asks for it, waiting at most wait_ms for each client): a first record to a topic that is not
 * known waits up to a second. STATUS_UNAVAILABLE: not yet; STATUS_NOT_FOUND: a topic does not exist (bus_problem() names it). */
MUST_CHECK enum status bus_warm_up(struct bus *bus, int wait_ms);
/* Whether the group has given this member its partitions (perhaps none) and brokers are reached. */
bool bus_is_joined(const struct bus *bus);
/* How often the group has given this member partitions: when it has grown, others may have handled what is ours now. */
size_t bus_assignments(const struct bus *bus);
/* Why STATUS_FATAL came, where a client is to blame. */
enum bus_end {
    BUS_END_NONE,     /* none has given up */
    BUS_END_FENCED,   /* the group thinks that another member has this instance id */
    BUS_END_SPOILT,   /* this client is no good, a new one is: a log lost its tail, or the broker forgot the producer */
    BUS_END_HOPELESS, /* a new client would end like this one: it is not allowed to, or the broker is too old */
};
/* The worst of what has happened to the clients. */
enum bus_end bus_end(const struct bus *bus);
/* Leaves the group, waiting for a few seconds at most, so that others get the partitions at once, and lets go of nothing else:
 * for a process that is about to end or to start afresh because of STATUS_FATAL. Closing a client that has given up may hang. */
void bus_leave(struct bus *bus);
/* The last error of the client, for logs and readiness; never NULL. */
const char *bus_problem(const struct bus *bus);

/* Waits up to wait_ms for a first record, then takes what is already here, batch_max at most; out_records has room for that.
 * STATUS_FATAL  the client can't go on */
MUST_CHECK enum status bus_poll(struct bus *bus, int wait_ms, struct record out_records[], size_t *out_count);
/* Serves the clients for wait_ms while taking no records, all partitions paused, so that the group membership lives on while Redis is away;
 * the next bus_poll() resumes. */
MUST_CHECK enum status bus_idle(struct bus *bus, int wait_ms);
/* How many more records of this topic the coming bus_poll()s may hand out, all together: with 0 they hand out only what other topics have, the group
 * membership stays, and at most about a batch, and a few megabytes, waits in memory. BUS_UNLIMITED until it is called; for one topic only. */
void bus_limit(struct bus *bus, const char *topic, size_t records);
#define BUS_UNLIMITED SIZE_MAX
/* How many records of a topic lie in this member's partitions behind those that were handed out, as far as the client knows without asking: at most
 * so many, because records of aborted transactions count until the client has passed them, or a poll has waited and nothing came. Of a partition
 * that nothing was read of since it was assigned: 0. */
int64_t bus_backlog(const struct bus *bus, const char *topic);
/* Ends a batch: the offsets behind its records are stored as soon as everything that was sent since the last batch, and by all batches before,
 * is acknowledged (at once when nothing is under way); they are committed in the background, at a revoke, and at close. The records may be released
 * before. Partitions lost in the meantime are skipped, though they may be back: their new owner, or this member, gets the records again, and may
 * have handled more by now. bus_make_room() must have come before. */
void bus_store_offsets(struct bus *bus, const struct record records[], size_t count);
/* Sends at once what is held back for more to come, and waits for the broker's word, but only a moment: for when there is nothing else to do.
 * Errors as bus_flush(). */
MUST_CHECK enum status bus_push(struct bus *bus, const volatile int *stop);
/* Waits until fewer than BUS_ROUNDS_MAX batches, and fewer than BUS_SENT_BYTES_MAX bytes, are under way; waits and errors as bus_flush(). */
MUST_CHECK enum status bus_make_room(struct bus *bus, const volatile int *stop);
/* The same for the bytes alone, within a batch that sends much. A record that was refused is left for bus_make_room() to tell.
 * STATUS_UNAVAILABLE  stop; STATUS_FATAL  the producer can't go on */
MUST_CHECK enum status bus_drain(struct bus *bus, const volatile int *stop);
/* Whether anything is sent and not acknowledged, or handled and its offsets not stored. */
bool bus_has_under_way(const struct bus *bus);
/* After a refused record: forgets the batches under way and reads on from what is committed, so that they are handled again. */
void bus_rewind(struct bus *bus);
/* How many records of one assigned partition are not handled yet. */
struct bus_lag {
    const char *topic; /* borrowed until the next call of the bus */
    int32_t partition;
    int64_t records;
};
/* The lag of every assigned partition, lags_max at most: from what bus_store_offsets() was given, or else the group has committed, to where the
 * partition ends. Records that are never delivered (of aborted transactions) count until the client has come to the end of the partition. Gives how many are known. Asks the broker once after an assignment, and at every call while all partitions are paused; else it
 * waits for nothing. */
size_t bus_lags(struct bus *bus, struct bus_lag out_lags[], size_t lags_max);
/* Gives the records back to librdkafka. */
void bus_release(struct bus *bus, struct record records[], size_t count);

/* A header's value; false when there is none of that name. The last one wins. */
bool record_header(const struct record *record, const char *name, struct text *out_value);
/* All headers in order; the array is the arena's, the texts are the record's. */
const struct header *record_headers(struct arena *arena, const struct record *record, size_t *out_count);

/* Queues a record; everything is copied. It is sent in the background. With a full queue it waits, serving the client.
 * STATUS_BAD_MESSAGE  too large for the topic: nothing queued
 * STATUS_FATAL        the producer can't go on */
MUST_CHECK enum status bus_send(struct bus *bus, const struct outgoing *outgoing);
/* How far the brokers' clocks are ahead of clock_running_ms(), lowest and highest, by the times they gave to what they
 * acknowledged since the last call: that of a broker is never ahead of its clock, and behind it by no more than an answer takes.
 * False: nothing was acknowledged, or not dated by a broker. */
MUST_CHECK bool bus_broker_clocks(struct bus *bus, int64_t *out_lowest_ms, int64_t *out_highest_ms);
/* Waits, serving the clients, until the broker has acknowledged everything that was sent, which is not held back for more to come. Waits as
 * long as the broker is away, unless stop becomes true.
 * STATUS_UNAVAILABLE  a record was refused for good (bus_problem()): bus_rewind() is next; or stop
 * STATUS_FATAL        the producer can't go on */
MUST_CHECK enum status bus_flush(struct bus *bus, const volatile int *stop);
/* A record on its way to a dead-letter topic, with where it was read first (DESIGN.md section 3, "Dead letters"). */
struct dead_letter {
    struct text topic; /* of the original: it goes to <topic>.dlq */
    int32_t partition;
    int64_t offset, timestamp_ms;
    struct text key, value;       /* of the key card numbers are masked here, of the value by who buries it */
    /* The original's: all are kept, their card numbers masked. One that has the name of a header of ours gets BUS_KEPT_HEADER before it; but
     * dlq-redrives and an earlier dlq-timestamp, both there as a redrive writes them, are carried on. */
    const struct header *headers;
    size_t header_count;
    struct text id;               /* what is no card number though it may look like one, because it is the order's id; TEXT_NONE: nothing is */
    const char *service, *reason;
    bool masked;                  /* something is masked already */
};
/* Queues a dead letter. One that does not fit its topic is cut to its beginning, without the original's headers, and says dlq-cut: true.
 * STATUS_FATAL  as bus_send() */
MUST_CHECK enum status bus_bury(struct bus *bus, const struct dead_letter *letter);
/* The same for a record as it was read; masked_value, when the text is there, takes the place of its bytes. */
MUST_CHECK enum status bus_bury_record(struct bus *bus, const struct record *record, const char *service, const char *reason,
                                       struct text masked_value);
/* What bus_bury_record() buries, to be changed before it is: it borrows the record and the arena. */
struct dead_letter bus_letter_of(struct arena *arena, const struct record *record, const char *service, const char *reason,
                                 struct text masked_value);
/* Masks the card numbers of a letter's key and headers, as bus_bury() does; the headers move into the arena. What a redrive has written, and a
 * the ids of a traceparent, stay as they are. */
void bus_mask_letter(struct arena *arena, struct dead_letter *letter);
/* Whether a header of a dead letter is its own, and none of the original's. */
bool bus_is_letter_header(struct text name);
/* The partition of topic that a key belongs to, as every program's partitioner says; -1 while the topic is not known. How many
 * there are is asked by bus_warm_up(), and by bus_poll() after each assignment: partitions that are added bring one about. */
int32_t bus_partition(struct bus *bus, const char *topic, struct text key);

/* A topic to create. */
struct topic_plan {
    const char *name;
    int partitions, replication;
    const char *const *config; /* name, value, name, value, ..., NULL */
};
enum topic_result { TOPIC_CREATED, TOPIC_EXISTED, TOPIC_FAILED };
/* Creates topics that are not there; out_results[i] tells of plans[i], problem of the first failure.
 * STATUS_UNAVAILABLE  no broker answered within wait_ms */
MUST_CHECK enum status bus_create_topics(struct bus *bus, const struct topic_plan plans[], size_t count, int wait_ms,
                                         enum topic_result out_results[], char *problem, size_t size);

#endif
