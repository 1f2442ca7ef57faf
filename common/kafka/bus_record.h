/* bus_record.h - one record as it came, and its headers. */
#ifndef ORDERLY_BUS_RECORD_H
#define ORDERLY_BUS_RECORD_H

#include "text.h"

/* One record as it came. Texts borrow it: valid until bus_release(). */
struct record {
    struct text topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;   /* the broker's (LogAppendTime); 0 when there is none */
    struct text key, value; /* TEXT_NONE: null */
    const void *handle;     /* the bus's own; NULL: made by hand, without headers (tests) */
    size_t tenure;          /* the bus's own: since when the partition is this member's; once it is not, no offsets are stored */
};

struct header {
    struct text name, value; /* value TEXT_NONE: null */
};

/* A header's value; false when there is none of that name. The last one wins. */
bool record_header(const struct record *record, const char *name, struct text *out_value);
/* All headers in order; the array is the arena's, the texts are the record's. */
const struct header *record_headers(struct arena *arena, const struct record *record, size_t *out_count);

#endif
