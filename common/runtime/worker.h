/* worker.h - a worker is a table and its rules: it answers commands by load, decide, apply, answer, each phase one round trip for
 * the batch.
 *
 * It reads the commands of one topic, buries what is no command, and sends every reply to saga.inbox with the order's key. A
 * command whose id is usable is always answered, with failed (reason bad_command) if need be. Beside its own settings it has
 * those of simulate.h. Name, consumer group, source of its replies and metrics follow from its topic and its commands. */
#ifndef ORDERLY_WORKER_H
#define ORDERLY_WORKER_H

#include "work.h"

#define WORKER_COMMANDS_MAX 4 /* that one worker understands */

/* What one phase does about one command. Another status than OK ends the try of the whole batch: it is for what stopped us from
 * deciding, never for a "no". But STATUS_BROKEN is this command's own: it is answered failed, stored_data_broken. */
typedef enum status worker_phase(struct run *run, struct work *work);

/* One kind of command that a worker understands. Any phase may be NULL. */
struct worker_command {
    const char *type;     /* "inventory.allocate" */
    bool needs_order;     /* an order that breaks the rules is answered failed, bad_order */
    worker_phase *load;   /* queues reads; remembers their number in work->queued, or says what it wants of work->catalog */
    worker_phase *decide; /* the rules, with what was read: completes the reply, or leaves it to apply */
    worker_phase *apply;  /* queues the script; remembers its number in work->queued */
    worker_phase *answer; /* completes the reply from what the script gave. NULL after an apply: that is the outcome as stored */
};

struct worker {
    enum topic topic;    /* whose commands it answers; the worker has the name of that topic's reader, "payment" */
    const char *purpose; /* one line for --help */
    /* The Redis hash that holds the outcome of a command under its type once it has been done. NULL: the worker remembers
     * nothing. */
    struct text (*mark_key)(struct arena *arena, const struct work *work);
    struct worker_command commands[WORKER_COMMANDS_MAX + 1];     /* one without a type is behind the last */
    const struct store_script *scripts[SERVICE_SCRIPTS_MAX + 1]; /* that apply uses; NULL is behind the last */
    struct setting_table settings;                               /* its own; in a phase: run->own_settings */
    const char *(*lack)(struct run *run);                        /* as in struct service. May be NULL */
};

/* The whole of main(): service_run() of the service that the table describes. */
int worker_run(const struct worker *worker, int argc, char **argv);

#endif
