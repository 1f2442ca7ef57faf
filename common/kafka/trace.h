/* trace.h - the headers of every record the system writes: CloudEvents 1.0 (Kafka binding, binary mode) and W3C trace context.
 *
 * A span id is a hash of the record's own id: handling a record twice gives the same headers.
 * Source  CloudEvents 1.0 Kafka protocol binding; W3C Trace Context level 1; docs/asyncapi.yaml */
#ifndef ORDERLY_TRACE_H
#define ORDERLY_TRACE_H

#include "bus_record.h"
#include "message.h"

#define TRACESTATE_MAX 512
#define ENVELOPE_HEADERS 9

/* What an order carries along from record to record. Both TEXT_NONE when there is nothing to continue. */
struct trace {
    struct text parent; /* "<2 hex>-<32 hex>-<16 hex>-<2 hex>", of any version */
    struct text state;
};

/* Whether a text is a traceparent, of any version: the first TRACEPARENT_LENGTH bytes are what 00 knows of it; of a version above
 * 00 there may be more behind them. */
bool trace_is_parent(struct text text);
/* The trace of a record: its headers, when they are well-formed. Of a version above 00 only what 00 knows is read. */
struct trace trace_of(const struct record *record);
/* The trace that a record with this id continues: same trace id, a span id of its own, version 00. Without a parent a new trace
 * begins, whose id is a hash of the seed. Made in the arena. */
struct trace trace_continue(struct arena *arena, struct trace trace, struct text record_id, struct text seed);

/* What is said of an outgoing record in its headers. */
struct envelope {
    struct text id, type, subject; /* ce_id, ce_type, ce_subject: the orderId */
    const char *source;            /* ce_source, "/orderly/payment" */
    struct text time;              /* ce_time */
    struct trace trace;            /* as given by trace_continue() */
};
/* Fills out_headers; gives how many (ENVELOPE_HEADERS at most). Borrows the envelope's texts. */
size_t envelope_headers(const struct envelope *envelope, struct header out_headers[ENVELOPE_HEADERS]);

#endif
