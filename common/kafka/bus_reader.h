/* bus_reader.h - reading topics from outside of any group: dead letters, the audit, the doctor, the benchmark.
 *
 * Nothing is joined, committed or changed by it. What a scan sees is what the topic held when its spans were asked for, so it
 * ends also while others go on writing.
 * Source  librdkafka: assign() with explicit offsets, committed() of a group that is only looked at */
#ifndef ORDERLY_BUS_READER_H
#define ORDERLY_BUS_READER_H

#include "bus.h"
#include "bus_record.h"

#define BUS_PARTITIONS_MAX 1000

struct bus_reader;

/* What a partition holds: the records at low..high-1. */
struct bus_span {
    int32_t partition;
    int64_t low, high;
    int64_t committed; /* of the reader's group: the first record that it has not handled; -1 when it has committed nothing */
};

/* Sees one record, which it must not keep. Another status than STATUS_OK ends the scan. */
typedef enum status (*bus_see)(const struct record *record, void *context);

/* Opens a client; the broker may be away. bootstrap, client_id, passed and group_id of the options count; group_id is the group
 * whose commits spans tell of (NULL: of none). The caller owns out_reader.
 * STATUS_BAD_MESSAGE  librdkafka refuses a property: problem (size bytes) says which */
MUST_CHECK enum status bus_reader_open(const struct bus_options *options, char *problem, size_t size,
                                       struct bus_reader **out_reader);
/* NULL is fine. A watchdog ends the process when librdkafka hangs, as with bus_close(). */
void bus_reader_close(struct bus_reader *reader);
/* For CLEANUP(bus_reader_close). */
DEFINE_CLEANUP(struct bus_reader, bus_reader_close);
/* The spans of a topic's partitions, in their order; out_spans has room for BUS_PARTITIONS_MAX.
 * STATUS_UNAVAILABLE  no answer within wait_ms; STATUS_NOT_FOUND  there is no such topic */
MUST_CHECK enum status bus_reader_spans(struct bus_reader *reader, const char *topic, int wait_ms, struct bus_span out_spans[],
                                        size_t *out_count);
/* Makes spans of this topic begin with the first record of since_ms (milliseconds since 1970, the records' own time) or later.
 * STATUS_UNAVAILABLE  no answer within wait_ms: spans may be changed in part */
MUST_CHECK enum status bus_reader_since(struct bus_reader *reader, const char *topic, int64_t since_ms, int wait_ms,
                                        struct bus_span spans[], size_t count);
/* Shows every record of these spans, each partition in its order. Empty spans are passed over.
 * STATUS_UNAVAILABLE  nothing came for wait_ms; else what see() ended it with */
MUST_CHECK enum status bus_reader_scan(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count,
                                       int wait_ms, bus_see see, void *context);
/* Follows a topic from the ends of these spans (their high) on, until the next scan or the close: nothing that is written later
 * is missed. */
void bus_reader_follow(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count);
/* Waits up to wait_ms for a first record of what is followed, then shows what is here already, BUS_FOLLOWED_MAX at most. None at
 * all is no error: librdkafka goes on by itself when the broker was away. What see() ended it with. */
MUST_CHECK enum status bus_reader_next(struct bus_reader *reader, int wait_ms, bus_see see, void *context);
#define BUS_FOLLOWED_MAX 1000
/* What went wrong last; never NULL. */
const char *bus_reader_problem(const struct bus_reader *reader);

#endif
