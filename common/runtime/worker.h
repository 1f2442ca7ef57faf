/* worker.h - a worker answers commands: load, decide, apply, answer; each phase one round trip for the batch.
 *
 * It reads the commands of one topic, buries what is no command, and sends every reply to saga.inbox with the order's key. A
 * command whose id is usable is always answered, with failed (reason bad_command) if need be.
 * Its service has the WORKER_SETTINGS.
 * A worker needs only the phases it has; in each the task says what to do and holds what was found. */
#ifndef ORDERLY_WORKER_H
#define ORDERLY_WORKER_H

#include "message.h"
#include "service.h"
#include "simulate.h"
#include "trace.h"

#define WORKER_TYPES_MAX 4

/* One command on its way through the phases. */
struct task {
    const struct record *record;
    const struct command *command;
    const struct json *order_json; /* the order inside the command; NULL when it is not an object */
    struct order order;            /* read from it; only when the kind of command needs_order */
    bool answered;                 /* reply is complete: later phases are skipped */
    bool was_stored;               /* the script found the outcome of the first time */
    struct reply reply;            /* command_id, order_id, type and attempt are filled in already */
    size_t queued;                 /* number of what the phase queued on run->store */
    void *facts;                   /* the worker's own, from the arena */
    bool fails;                    /* a simulated failure, unless its outcome is stored already */
    struct text mark_key;          /* only when it fails: the hash that would hold the outcome; or TEXT_NONE */
};

/* One kind of command that a worker understands. Any phase may be NULL. A phase that returns another status than OK ends the try of the
 * whole batch: it is for what stopped us from deciding, never for a "no". */
struct worker_command {
    const char *type;   /* "inventory.allocate" */
    bool needs_order;   /* an order that breaks the rules is answered failed, bad_order */
    /* The Redis hash that holds the outcome of a command under its type once it has been done. NULL: the worker remembers
     * nothing. */
    struct text (*mark_key)(struct arena *arena, const struct task *task);
    enum status (*load)(struct run *run, struct task *task);   /* queue reads; remember their number in task->queued */
    enum status (*decide)(struct run *run, struct task *task); /* the rules, with what was read: task_answer() or leave it to apply */
    enum status (*apply)(struct run *run, struct task *task);  /* queue the script */
    enum status (*answer)(struct run *run, struct task *task); /* the script's reply -> task->reply */
};

/* The metrics of every worker, for service->own_metrics. */
#define WORKER_METRIC_COUNT 2
#define WORKER_METRICS {worker_metrics, WORKER_METRIC_COUNT}
extern const struct metric_family worker_metrics[WORKER_METRIC_COUNT];

struct worker {
    const char *source; /* ce_source, "/orderly/payment" */
    const struct worker_command *commands;
    size_t command_count;
};

/* The settings of a worker's service: failures and slowness on demand (simulate.h). */
#define WORKER_SETTINGS                                                                                            \
    .own_settings = simulation_settings_table, .own_setting_count = SIMULATION_SETTINGS,                           \
    .own_settings_size = sizeof(struct simulation_settings), .check_settings = simulation_check

/* service->handle() of a worker is one line: return worker_handle(run, &worker). */
MUST_CHECK enum status worker_handle(struct run *run, const struct worker *worker);

/* Completes the reply of a task: it was done; result (TEXT_NONE: none) is a raw JSON object. */
void task_succeed(struct task *task, struct text result);
/* Completes the reply of a task: no, for good. */
void task_refuse(struct task *task, struct text reason);
/* Completes the reply of a task: not now. */
void task_fail(struct task *task, struct text reason);
/* An outcome as it is kept in Redis: the JSON object of a reply's outcome, reason, productId, errors and result. */
struct text outcome_text(struct arena *arena, const struct reply *reply);
/* Completes the reply from such a text.
 * STATUS_BROKEN  the text is not an outcome (Redis was edited by hand): nothing changed */
MUST_CHECK enum status task_answer_stored(struct run *run, struct task *task, struct text outcome);

#endif
