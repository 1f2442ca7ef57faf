/* bus.h - Kafka: opening and closing a member of a group, and how it stands.
 *
 * What it does has headers of its own: bus_record.h (what comes), bus_poll.h (taking it), bus_send.h, bus_rounds.h (offsets last,
 * and waiting for the broker's word), bus_letter.h (dead letters), bus_topics.h (creating topics), bus_describe.h, bus_reader.h
 * (from outside of any group). Only the files that include bus_internal.h see librdkafka.
 *
 * Source  librdkafka's INTRODUCTION.md; ARCHITECTURE.md; settings and their reasons in bus_config.c */
#ifndef ORDERLY_BUS_H
#define ORDERLY_BUS_H

#include "bus_properties.h"
#include "text.h"

#define BUS_TOPICS_MAX 16
#define BUS_RECORD_MAX (2 * 1024 * 1024) /* bytes of a record, as the topics allow */
#define BUS_BURIED_ROOM (128 * 1024)     /* what a dead letter may be larger than the record it was */
#define BUS_WATCHDOG_SECONDS 20          /* a close that hangs longer ends the process */

struct bus;

/* Hears one line that librdkafka logs; level as in syslog(3): 3 is an error, 7 for debugging. Called in threads of the client's
 * own. */
typedef void bus_log(int level, const char *facility, const char *line);

struct bus_options {
    const char *bootstrap; /* host:port,... */
    const char *client_id;
    const char *group_id;      /* NULL: no consumer, only send */
    const char *instance_id;   /* NULL or "": a dynamic member of the group */
    const char *const *topics; /* NULL-terminated: what is read */
    /* NULL-terminated: everything that will ever be sent to; dead-letter topics of topics are added. Each gets a client of its
     * own, because the broker works through the requests of one connection one after another, and each is a sync. Those that are
     * waited for most come first. */
    const char *const *sends_to;
    const struct bus_properties *passed; /* set after our own; NULL: none */
    bus_log *log;                        /* hears what the client logs; NULL: nobody does */
    size_t batch_max;
};

/* Opens the consumer and the producer; the broker may be away. The caller owns out_bus.
 * STATUS_BAD_MESSAGE  librdkafka refuses a property: problem (size bytes) says which */
MUST_CHECK enum status bus_open(const struct bus_options *options, char *problem, size_t size, struct bus **out_bus);
/* Leaves the group, commits what was stored, and closes; NULL is fine. A watchdog ends the process when librdkafka hangs. */
void bus_close(struct bus *bus);
/* For CLEANUP(bus_close). */
DEFINE_CLEANUP(struct bus, bus_close);
/* Whether the metadata of every topic is known (asks for it, waiting at most wait_ms for each client): a first record to a topic
 * that is not known waits up to a second. STATUS_UNAVAILABLE: not yet; STATUS_NOT_FOUND: a topic does not exist (bus_problem()
 * names it). */
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
/* Why a client has given up, if one has. */
enum bus_end bus_end(const struct bus *bus);
/* Leaves the group, waiting for a few seconds at most, so that others get the partitions at once, and lets go of nothing else:
 * for a process that is about to end or to start afresh because of STATUS_FATAL. Closing a client that has given up may hang. */
void bus_leave(struct bus *bus);
/* The last error of the client, for logs and readiness; never NULL. */
const char *bus_problem(const struct bus *bus);
/* How far the brokers' clocks are ahead of clock_running_ms(), lowest and highest, by the times they gave to what they
 * acknowledged since the last call: that of a broker is never ahead of its clock, and behind it by no more than an answer takes.
 * False: nothing was acknowledged, or not dated by a broker. */
MUST_CHECK bool bus_broker_clocks(struct bus *bus, int64_t *out_lowest_ms, int64_t *out_highest_ms);

#endif
