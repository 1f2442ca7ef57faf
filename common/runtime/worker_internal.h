/* worker_internal.h - what the files of the worker share: the batch on its way from reading to sending. */
#ifndef ORDERLY_WORKER_INTERNAL_H
#define ORDERLY_WORKER_INTERNAL_H

#include "worker.h"

#include "simulate.h"

/* A record that is no command that could be answered. */
struct misfit {
    const struct record *record;
    const char *reason;
};

struct worker_batch {
    struct catalog_batch *catalog; /* what its works want to know of it */
    struct work *works;
    size_t count;
    struct misfit *misfits;
    size_t misfit_count;
};

/* The worker whose service this is. */
static inline const struct worker *worker_of(const struct run *run) { return run->service->worker; }

/* Reads the records of run into commands in work, each with its row, and misfits. What is usable but badly written is answered
 * already. In the arena. */
struct worker_batch worker_read(struct run *run);
/* Decides which attempts are to fail: they get a row that does nothing but look for their mark. */
void worker_choose_failures(const struct simulation *simulation, struct worker_batch *batch);
/* Waits until the last command of the batch has been asked for as long as the simulated latency. STATUS_FATAL: as service_idle().
 */
MUST_CHECK enum status worker_wait_latency(struct run *run, const struct simulation *simulation);
/* Sends every reply, then buries the misfits. Errors as bus_send(). */
MUST_CHECK enum status worker_send(struct run *run, const struct worker_batch *batch);

/* The families of every worker. Static. */
struct metric_table worker_metrics_table(void);
/* Counts the outcomes of the batch by command. Staged. */
void worker_count_answers(struct run *run, const struct worker_batch *batch);

#endif
