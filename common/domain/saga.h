/* saga.h - the state of one order's saga, and how it stands in Redis.
 *
 * Shape   Redis hash saga:<orderId>; one field for each row of the table in saga.c, each only where it applies, every value
 *         readable
 * Units   times are milliseconds here and RFC 3339 text there; total in minor units
 * Owner   texts borrow the batch (records, replies of Redis, arena) */
#ifndef ORDERLY_SAGA_H
#define ORDERLY_SAGA_H

#include "steps.h"

#define SAGA_FIELD_COUNT 31
#define SAGA_FIELD_VERSION 2 /* where these two fields stand in all arrays of SAGA_FIELD_COUNT */
#define SAGA_FIELD_LAST_INPUT 23

/* Where a record lay: "partition/offset/2026-01-31T09:30:00.000Z". */
struct input {
    int32_t partition;
    int64_t offset, time_ms;
};

struct saga {
    struct text order_id;
    int64_t version; /* 0: there is no saga yet; each transition adds 1 */
    enum saga_status status;
    int64_t since_ms;         /* when it came into the index of its status */
    int64_t step;             /* the step it is at, or that is being undone, or that said no: 0..STEP_COUNT-1 */
    enum saga_status ends_as; /* while compensating: what it ends as */
    struct text reason, errors, product_id;
    /* Raw JSON objects. When a saga has ended, its policy is {} in Redis, and it has no deadline. */
    struct text order, results, policy, source;
    enum ask pending; /* what was asked last and not answered */
    int64_t attempt;
    int64_t backing_off; /* 1: the attempt has not been sent yet, it is at next_due_ms */
    int64_t next_due_ms, step_deadline_ms;
    int64_t timer_ms;                        /* the entry in sagas:timers is at this time or before */
    struct text last_failure;                /* the reason of the last `failed` to what is pending */
    int64_t cancel_requested;                /* 1: remembered while the shipment is pending */
    struct text cancelled_by, cancel_reason; /* of the cancel that was honoured, or is remembered */
    struct input last_input;
    int64_t created_ms, updated_ms, deadline_ms, completed_ms;
    int64_t total;
    struct text currency;
    struct text trace_parent, trace_state;
};

/* The names of the fields, in the order of all arrays of SAGA_FIELD_COUNT. Static. */
const struct text *saga_field_names(void);
/* Reads a saga from the values of its hash (TEXT_NONE: not there). No status at all: no saga, version 0.
 * STATUS_BROKEN  a value makes no sense: out_saga untouched */
MUST_CHECK enum status saga_read(struct arena *arena, struct text order_id, const struct text values[SAGA_FIELD_COUNT],
                                 struct saga *out_saga);
/* Makes the values of the saga's hash; TEXT_NONE for a field that does not apply. */
void saga_write(struct arena *arena, const struct saga *saga, struct text out_values[SAGA_FIELD_COUNT]);
/* Makes the saga's texts borrow these values, which saga_write() has made of that very saga. The order id stays. */
void saga_borrow_texts(struct saga *saga, const struct text values[SAGA_FIELD_COUNT]);
/* "<orderId>/<type>", the id of the command that asks this of the order. In the arena. */
struct text saga_command_id(struct arena *arena, const struct saga *saga, enum ask ask);

#endif
