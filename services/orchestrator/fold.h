/* fold.h - a saga is a fold over what it hears: from its state and one record follow its next state and what is to be sent.
 *
 * Pure: no Kafka, no Redis, no clock. A transition happens at the later of the record's time and the saga's updatedAt, so that
 * folding the same records again gives the same saga and the same history. Where a broker's clock has jumped ahead, Redis' time
 * bounds both.
 * Source  ARCHITECTURE.md; the moves themselves are the table in steps.c */
#ifndef ORDERLY_FOLD_H
#define ORDERLY_FOLD_H

#include "events.h"
#include "message.h"

struct record; /* bus.h: the rules do not look into it */

/* What came of a record. */
enum hearing {
    HEARING_CHANGED,     /* the saga made a transition */
    HEARING_IGNORED,     /* late, not for the pending command, not due: nothing changed */
    HEARING_REDELIVERED, /* handled before: nothing changed, what it caused is sent again */
    HEARING_DUPLICATE,   /* an order that is here already, with the same content: nothing changed */
    HEARING_CONFLICT,    /* an order that is here already, with other content: nothing changed, to be told and buried */
    HEARING_BROKEN,      /* the saga's own data make no sense: nothing changed */
    HEARING_COUNT
};

/* What a record did to its saga, for the metrics. */
struct move {
    enum saga_status from, to;
    enum ask answered;    /* what the record was the final answer to; ASK_NOTHING: to nothing */
    int64_t waited_ms;    /* since that was first asked */
    int64_t order_ms;     /* the saga's age, where it ended */
    bool passed_deadline; /* the first change at or after the deadline of a saga under way */
};

/* One record of saga.inbox on its way through the orchestrator: as it came, what it says, and what came of it. */
struct heard {
    const struct record *record;           /* as the bus gave it; NULL in tests of the rules */
    const struct inbox_record *message;    /* what it says */
    struct input input;                    /* where it lay */
    int64_t latest_ms;                     /* Redis' time now: nothing has happened later; 0: not known */
    struct text trace_parent, trace_state; /* of an order; TEXT_NONE: it has none */
    enum hearing hearing;                  /* what saga_hear() gave; batch_settle() writes it down */
    struct move move;                      /* likewise */
};

/* What is to be written and sent after one or more records of a saga, gathered over all of them. */
struct effects {
    struct saga_event *events; /* of the transitions, in order */
    size_t event_count;
    struct input *redelivered; /* inputs whose events are to be sent again, from the history */
    size_t redelivered_count;
    bool send_command; /* the pending command, unless it is backing off in the end */
    bool write_index, write_timer;
    enum ask answered; /* what the last record heard was the final answer to; ASK_NOTHING: to nothing */
    int64_t waited_ms; /* since that was first asked; only with answered */
    bool mend_indexes; /* where the saga is listed may be wrong: it is taken out of all the other indexes */
};

/* Hears one record. saga and effects change; what they point to is in the arena or borrowed from the record. */
enum hearing saga_hear(struct arena *arena, struct saga *saga, const struct heard *heard, struct effects *effects);
/* Whether the saga's pending command is to be sent, when the effects say so. */
bool saga_has_something_to_send(const struct saga *saga);
/* The command that is pending. Texts from the arena or the saga. */
struct command saga_command(struct arena *arena, const struct saga *saga);
/* The name of a hearing, for logs. Static. */
const char *hearing_name(enum hearing hearing);

#endif
