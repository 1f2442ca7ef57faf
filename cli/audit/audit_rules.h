/* audit_rules.h - what has to be true of one order at any moment: facts in, violations out.
 *
 * Pure: no Redis, no Kafka, no clock. What is allowed while a saga runs follows from the table of moves: a worker may have done
 * what it was asked before the saga has heard of it, and a command that was given up may have been done or not.
 * Source  ARCHITECTURE.md; common/domain/steps.c */
#ifndef ORDERLY_AUDIT_RULES_H
#define ORDERLY_AUDIT_RULES_H

#include "saga.h"

/* clang-format off */
/*      name                   word in the output */
#define AUDIT_VIOLATION_TABLE(row)                                \
    row(SAGA_BROKEN,           "saga_broken")                     \
    row(SAGA_SET_ASIDE,        "saga_set_aside")                  \
    row(PENDING_OUT_OF_STEP,   "pending_out_of_step")             \
    row(CAPTURED_WRONGLY,      "captured_wrongly")                \
    row(PAYMENT_OUT_OF_STEP,   "payment_out_of_step")             \
    row(RESERVATION_OUT_OF_STEP, "reservation_out_of_step")       \
    row(SHIPMENT_OUT_OF_STEP,  "shipment_out_of_step")            \
    row(STEP_SKIPPED,          "step_skipped")                    \
    row(TOTAL_DIFFERS,         "total_differs")                   \
    row(ITEMS_DIFFER,          "items_differ")                    \
    row(RESERVATION_ELSEWHERE, "reservation_elsewhere")           \
    row(PAST_DEADLINE,         "past_deadline")                   \
    row(PAST_STEP_DEADLINE,    "past_step_deadline")              \
    row(INDEX_MISSING,         "index_missing")                   \
    row(INDEX_STRAY,           "index_stray")                     \
    row(TIMER_MISSING,         "timer_missing")                   \
    row(TIMER_LATE,            "timer_late")                      \
    row(TIMER_STRAY,           "timer_stray")                     \
    row(HISTORY_OUT_OF_STEP,   "history_out_of_step")             \
    row(ORPHAN_PAYMENT,        "payment_without_saga")            \
    row(ORPHAN_RESERVATION,    "reservation_without_saga")        \
    row(ORPHAN_SHIPMENT,       "shipment_without_saga")           \
    row(ORPHAN_HISTORY,        "history_without_saga")            \
    row(ORDER_UNANSWERED,      "order_unanswered")                \
    row(STOCK_NONSENSE,        "stock_nonsense")                  \
    row(STOCK_SUM,             "stock_sum")                       \
    row(STOCK_HELD,            "stock_held")
/* clang-format on */

#define AUDIT_VIOLATION_NAME(name, word) AUDIT_##name,
enum audit_violation { AUDIT_VIOLATION_TABLE(AUDIT_VIOLATION_NAME) AUDIT_VIOLATION_COUNT };
#undef AUDIT_VIOLATION_NAME

/* A set of violations. */
typedef uint64_t audit_set;
#define AUDIT_SET(violation) (UINT64_C(1) << (violation))
_Static_assert(AUDIT_VIOLATION_COUNT <= 64, "one bit for each");

/* How long after its time a timer may still be on its way: the lease of a replica that died with it, and a nudge that waits in
 * saga.inbox. */
#define AUDIT_TIMER_ALLOWANCE_MS 60000

/* The statuses of what the workers own; UNKNOWN is none of docs/redis.md, NONE is no key. */
enum payment_status {
    PAYMENT_NONE,
    PAYMENT_AUTHORIZING,
    PAYMENT_AUTHORIZED,
    PAYMENT_CAPTURED,
    PAYMENT_VOIDED,
    PAYMENT_DECLINED,
    PAYMENT_UNKNOWN
};
enum reservation_status {
    RESERVATION_NONE,
    RESERVATION_ALLOCATED,
    RESERVATION_RELEASED,
    RESERVATION_REFUSED,
    RESERVATION_UNKNOWN
};
enum shipment_status {
    SHIPMENT_NONE,
    SHIPMENT_BOOKING,
    SHIPMENT_SHIPPED,
    SHIPMENT_CANCELLED,
    SHIPMENT_REFUSED,
    SHIPMENT_UNKNOWN
};

/* Where an order's saga and its parts stand. */
struct audit_parts {
    enum saga_status status;
    int64_t step;
    enum ask pending;
    enum payment_status payment;
    enum reservation_status reservation;
    enum shipment_status shipment;
    bool may_be_swept; /* it ended so long ago that its parts may have been removed */
};

/* Everything that is known of one order. Texts are borrowed. */
struct audit_order {
    struct text order_id;
    bool has_saga, is_readable; /* readable: saga is set */
    struct saga saga;
    struct text payment, amount, currency; /* of payment:<id>: status, ...; TEXT_NONE: not there */
    struct text reservation, items;        /* of the reservation in the order's warehouse */
    struct text expected_items;            /* of the order's lines; TEXT_NONE: it can't be read */
    struct text shipment;
    bool reserved_elsewhere; /* there is a reservation in another warehouse */
    bool is_set_aside;
    bool has_history;
    int64_t history_version;         /* of its last line; 0: makes no sense */
    unsigned indexes;                /* bit s: it is in the sorted set of status s (the five running ones count as
                                                * SAGA_CAPTURING_PAYMENT) */
    bool has_timer, has_stray_timer; /* in its own shard; in another */
    int64_t timer_ms;                /* the score of the entry in its own shard */
};

/* The word of a violation; static. */
const char *audit_word(enum audit_violation violation);
/* The status that a text names; TEXT_NONE is NONE. */
enum payment_status payment_status_of(struct text text);
/* The same of a reservation. */
enum reservation_status reservation_status_of(struct text text);
/* The same of a shipment. */
enum shipment_status shipment_status_of(struct text text);

/* Whether payment, reservation and shipment are in step with their saga. */
audit_set audit_judge_parts(const struct audit_parts *parts);
/* Everything that is wrong with one order. now_ms is Redis' clock; retention_ms how long ago an order has ended when the sweep
 * may come. */
audit_set audit_judge(const struct audit_order *order, int64_t now_ms, int64_t retention_ms);
/* The bit of audit_order.indexes that stands for the sorted set of this status. */
unsigned audit_index_bit(enum saga_status status);

#endif
