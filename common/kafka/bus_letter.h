/* bus_letter.h - dead letters: records that can't be handled, with where they were read and why. */
#ifndef ORDERLY_BUS_LETTER_H
#define ORDERLY_BUS_LETTER_H

#include "bus.h"
#include "bus_record.h"

#define BUS_REDRIVES_MAX 1000000    /* a number of redrives beyond that is none */
#define BUS_KEPT_HEADER "original-" /* before the name of a dead letter's header that its record had already */

/* A record on its way to a dead-letter topic, with where it was read first (docs/operations.md, "dead letters"). */
struct dead_letter {
    struct text topic; /* of the original: it goes to <topic>.dlq */
    int32_t partition;
    int64_t offset, timestamp_ms;
    struct text key, value; /* of the key card numbers are masked here, of the value by who buries it */
    /* The original's: all are kept, their card numbers masked. One that has the name of a header of ours gets BUS_KEPT_HEADER
     * before it; but dlq-redrives and an earlier dlq-timestamp, both there as a redrive writes them, are carried on. */
    const struct header *headers;
    size_t header_count;
    struct text id; /* what is no card number though it may look like one, because it is the order's id; TEXT_NONE: nothing is */
    const char *service, *reason;
    bool masked; /* something is masked already */
};
/* Queues a dead letter. One that does not fit its topic is cut to its beginning, without the original's headers, and says
 * dlq-cut: true. STATUS_FATAL  as bus_send() */
MUST_CHECK enum status bus_bury(struct bus *bus, const struct dead_letter *letter);
/* The same for a record as it was read; masked_value, when the text is there, takes the place of its bytes. */
MUST_CHECK enum status bus_bury_record(struct bus *bus, const struct record *record, const char *service, const char *reason,
                                       struct text masked_value);
/* What bus_bury_record() buries, to be changed before it is: it borrows the record and the arena. */
struct dead_letter bus_letter_of(struct arena *arena, const struct record *record, const char *service, const char *reason,
                                 struct text masked_value);
/* Masks the card numbers of a letter's key and headers, as bus_bury() does; the headers move into the arena. What a redrive has
 * written, and the ids of a traceparent, stay as they are. */
void bus_mask_letter(struct arena *arena, struct dead_letter *letter);
/* Whether a header of a dead letter is its own, and none of the original's. */
bool bus_is_letter_header(struct text name);

#endif
