/* steps.h - the table of moves: every step of an order, what it asks, how it is undone, and how it ends when it is refused.
 *
 * Steps run downwards; an undo walks upwards, one at a time, from the step that said no.
 * Source  ARCHITECTURE.md; docs/saga.md is printed from here */
#ifndef ORDERLY_STEPS_H
#define ORDERLY_STEPS_H

#include "names.h"

#include <stdio.h>

/* clang-format off */
/*      name                 text in Redis and messages  its sorted set is sagas:<index> */
#define SAGA_STATUS_TABLE(row)                                                    \
    row(NONE,                "",                     "")                          \
    row(VALIDATING,          "validating",           "running")                   \
    row(AUTHORIZING_PAYMENT, "authorizing_payment",  "running")                   \
    row(ALLOCATING_INVENTORY, "allocating_inventory", "running")                  \
    row(FULFILLING,          "fulfilling",           "running")                   \
    row(CAPTURING_PAYMENT,   "capturing_payment",    "running")                   \
    row(COMPENSATING,        "compensating",         "compensating")              \
    row(COMPENSATION_FAILED, "compensation_failed",  "compensation_failed")       \
    row(NEEDS_ATTENTION,     "needs_attention",      "needs_attention")           \
    row(COMPLETED,           "completed",            "completed")                 \
    row(REJECTED,            "rejected",             "rejected")                  \
    row(FAILED,              "failed",               "failed")                    \
    row(CANCELLED,           "cancelled",            "cancelled")
/* clang-format on */

#define SAGA_STATUS_NAME(name, text, index) SAGA_##name,
enum saga_status { SAGA_STATUS_TABLE(SAGA_STATUS_NAME) SAGA_STATUS_COUNT };
#undef SAGA_STATUS_NAME

/* What a worker can be asked. */
enum ask {
    ASK_NOTHING,
    ASK_VALIDATE,
    ASK_AUTHORIZE,
    ASK_ALLOCATE,
    ASK_SHIP,
    ASK_CAPTURE,
    ASK_VOID,
    ASK_RELEASE,
    ASK_CANCEL_SHIPMENT,
    ASK_COUNT
};

#define STEP_COUNT 5
#define STEP_PIVOT 3 /* the shipment: before it everything can be undone, after it everything is retried */
#define STEP_NONE (-1)

struct saga_step {
    enum saga_status status; /* while it runs */
    enum ask ask, undo;
    const char *done_event;      /* raised when it succeeded */
    const char *undone_event;    /* raised when its undo succeeded */
    enum saga_status refused_as; /* the status in the end when it is refused; the parked one when it can't be undone */
    const char *reason;          /* of a refusal whose worker gives none */
};

/* The step with this number, 0..STEP_COUNT-1. Static. */
const struct saga_step *step_at(int number);
/* The nearest step at or above `from` (towards 0) that has an undo; STEP_NONE when there is none left. */
int step_to_undo(int from);
/* The text of a status; "" for SAGA_NONE. Static. */
const char *saga_status_text(enum saga_status status);
/* Where a status is listed: the sorted set "sagas:" + this. Static. */
const char *saga_status_index(enum saga_status status);
/* The status of a text; SAGA_NONE when there is no such. */
enum saga_status saga_status_of(struct text text);
/* Whether a saga of this status has ended (completed, rejected, failed, cancelled): nothing changes it any more. */
bool saga_status_is_terminal(enum saga_status status);
/* Whether a saga of this status (compensation_failed, needs_attention) waits for an operator, or for a late success. */
bool saga_status_is_parked(enum saga_status status);
/* The event that ends a saga, or parks it, with this status. Static. */
const char *saga_status_event(enum saga_status status);
/* The type of the command that asks: "payment.authorize". Static. */
const char *ask_type(enum ask ask);
/* The topic that the command is sent to. */
enum topic ask_topic(enum ask ask);
/* The name of the command in settings: "PAYMENT_AUTHORIZE". Static. */
const char *ask_setting(enum ask ask);
/* The ask of a type; ASK_NOTHING when there is no such. */
enum ask ask_of(struct text type);
/* Prints docs/saga.md. */
void steps_print_markdown(FILE *out);

#endif
