/* fold.h - a saga is a fold over what it hears: state and one record in, next state and what to send out.
 *
 * Pure: no Kafka, no Redis, no clock; the time of a transition is the later of the record's time and the saga's updatedAt, so that
 * folding the same records again gives the same saga and the same history. Where a broker's clock has jumped ahead, Redis'
 * bounds both.
 * Source  DESIGN.md sections 2 and 5; the moves themselves are the table in steps.c */
#ifndef ORDERLY_FOLD_H
#define ORDERLY_FOLD_H

#include "events.h"
#include "message.h"

/* One record of saga.inbox. */
struct heard {
    const struct inbox_record *said;
    struct input input;
    int64_t latest_ms;                     /* Redis' time now: nothing has happened later; 0: not known */
    struct text trace_parent, trace_state; /* of the record */
};

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

/* What is to be written and sent after one or more records of a saga, gathered over all of them. */
struct effects {
    struct saga_event *events; /* of the transitions, in order */
    size_t event_count;
    struct input *redelivered; /* inputs whose events are to be sent again, from the history */
    size_t redelivered_count;
    bool send_command;         /* the pending command, unless it is backing off in the end */
    bool write_index, write_timer;
    enum ask answered;         /* what the last record heard was the final answer to; ASK_NOTHING: to nothing */
    int64_t waited_ms;         /* since that was first asked; only with answered */
    bool mend_indexes;         /* where it is listed may be wrong: it is taken out of all the other indexes */
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
