/* transition.h - what a transition does to a saga, whatever was heard: it enters a status, asks a worker, waits, steps back, is
 * parked, or ends.
 *
 * Pure, and the servant of fold.c alone: that says which of these things happen when a record is heard.
 * Owner  texts that a saga is given are in the arena or borrow the record */
#ifndef ORDERLY_TRANSITION_H
#define ORDERLY_TRANSITION_H

#include "fold.h"
#include "policy.h"

#define FAILURE_TIMED_OUT "step_timed_out"

/* A saga while it hears one record. */
struct transition {
    struct arena *arena;
    struct saga *saga;       /* changes */
    struct effects *effects; /* grow by what is to be written and sent */
    const struct heard *heard;
    struct policy policy; /* the saga's */
    int64_t at_ms;        /* when it happens: transition_time_ms() */
};

/* When it happens: the later of the record's time and the saga's last change, but no later than Redis' time. A saga that stands
 * far ahead of Redis' time is set back first (set_back.h). */
int64_t transition_time_ms(struct transition *transition);
/* Every change of a saga begins with this: it counts the version, and notes when and by what the saga was changed. */
void transition_begin(struct transition *transition);
/* Raises an event of the saga as it is now. type: static; detail: one of the detail_of_... (events.h). */
void transition_raise(struct transition *transition, const char *type, struct text detail);
/* The saga enters a status, or stays in it. */
void transition_enter(struct transition *transition, enum saga_status status);

/* Asks a worker for the first time, or from the beginning again. The saga waits for the answer. */
void transition_ask(struct transition *transition, enum ask ask);
/* Begins a transition that sends the pending command again, and waits longer than the last time. */
void transition_ask_again(struct transition *transition);
/* The attempt has failed: the next one is sent after a while. */
void transition_back_off(struct transition *transition);
/* The saga goes on to a step, 0..STEP_COUNT-1, and asks what the step asks. */
void transition_begin_step(struct transition *transition, int step);
/* Notes what was answered, and how long that took, when the pending command gets its final answer. Before transition_begin(). */
void transition_note_answer(struct transition *transition);
/* Adds what a worker gave as the result of a command to the results, which travel with every later command; nothing: {}. What
 * the payment service worked out as the total is kept beside them. */
void transition_keep_result(struct transition *transition, enum ask ask, struct text result);
/* Forgets a cancel that came too late. */
void transition_forget_cancel(struct transition *transition);

/* Steps back from a forward step: what was done is undone, and the saga ends with this status. unknown_outcome: the step itself
 * may have been done, and is undone too. */
void transition_step_back(struct transition *transition, enum saga_status ends_as, struct text reason, bool unknown_outcome);
/* The same for an order that is cancelled. */
void transition_cancel(struct transition *transition, bool unknown_outcome);
/* Asks for the next undo at or above a step, or ends the saga when there is none left. */
void transition_undo_from(struct transition *transition, int step);
/* Gives up the step, or the undo, whose outcome is not known: the saga steps back, or is parked where it can't. */
void transition_give_up(struct transition *transition, struct text reason);
/* The saga waits for an operator. failure: why. */
void transition_park(struct transition *transition, enum saga_status status, struct text failure);
/* The saga ends with this status. */
void transition_end(struct transition *transition, enum saga_status status);

/* Keeps the saga's timer as early as it has to be. An entry may be early, never late: it is written only when it would be late,
 * when it has fired, and when nothing is waited for. */
void transition_keep_timer(struct transition *transition, bool fired);
/* Whether the forward steps run, and the shipment has not been asked for. */
bool saga_is_before_pivot(const struct saga *saga);

#endif
