/* age.h - when an order was made, as far as its record tells.
 *
 * Pure. An order that is sent again (redriven from the dead letters, or by a tool) comes with a new record; its own headers tell
 * how old it is, and after RETENTION_DAYS nothing is left that would recognise it. */
#ifndef ORDERLY_AGE_H
#define ORDERLY_AGE_H

#include "message.h"

/* Headers of an order's record that tell how old it is; TEXT_NONE: not there. */
struct age_headers {
    struct text dlq_timestamp, dlq_redrives; /* decimal numbers; a redrive writes both: one alone is somebody else's */
    struct text ce_time;                     /* RFC 3339 */
};
/* The earliest of the record's time and what its headers say; what is not well-formed does not count. Milliseconds since 1970. */
int64_t age_made_ms(int64_t record_ms, const struct age_headers *headers);
/* Reads any RFC 3339 time: with or without a fraction, with Z or an offset. False: the text is none, and out_time_ms is
 * untouched. */
MUST_CHECK bool age_read_rfc3339(struct text text, int64_t *out_time_ms);

#endif
