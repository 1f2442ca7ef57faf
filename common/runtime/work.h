/* work.h - one command in work: what was asked, what is known by now, and the reply in the making.
 *
 * Ownership  all of it is in the batch's arena: it lives from the reading of the batch until its replies are sent
 * A reply is complete once, by one of the work_...() below: the phases that come later are left out for this command. */
#ifndef ORDERLY_WORK_H
#define ORDERLY_WORK_H

#include "catalog_read.h"
#include "message.h"
#include "service.h"

struct worker_command;

struct work {
    const struct record *record;
    const struct command *command;
    const struct worker_command *row; /* what is done about it; that of another command when it is to fail (simulate.h) */
    size_t row_number;                /* where its own row stands in the worker's table */
    const struct json *order_json;    /* the order inside the command; NULL when it is not an object */
    struct order order;               /* read from it; only when the command needs_order */
    bool answered;                    /* reply is complete */
    bool was_stored;                  /* the script found the outcome of the first time */
    struct reply reply;               /* command_id, order_id, type and attempt are filled in already */
    struct catalog_batch *catalog;    /* all works of the batch share it: load says what it wants of it, decide has it */
    size_t queued;                    /* number of what the phase queued on run->store */
    void *facts;                      /* the worker's own, from the arena */
};

/* Completes the reply; result (TEXT_NONE: none) is a raw JSON object. */
void work_succeed(struct work *work, struct text result);
/* The same with a business "no". */
void work_refuse(struct work *work, struct text reason);
/* The same with "not now": the command is asked again. */
void work_fail(struct work *work, struct text reason);
/* Completes the reply from an outcome as it is kept in Redis.
 * STATUS_BROKEN  the text is not an outcome (Redis was edited by hand): nothing changed */
MUST_CHECK enum status work_answer_stored(struct run *run, struct work *work, struct text outcome);

/* An outcome as it is kept in Redis: the JSON object of a reply's outcome, reason, productId, errors and result. */
struct text outcome_text(struct arena *arena, const struct reply *reply);
/* The outcome of a command that was done; result as for work_succeed(). */
struct text outcome_succeeded(struct arena *arena, struct text result);
/* The outcome of a business "no". */
struct text outcome_refused(struct arena *arena, struct text reason);

#endif
