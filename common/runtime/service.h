/* service.h - the life of a service: settings, connections, the batch loop, a graceful stop.
 *
 *   poll up to BATCH_MAX -> handle the batch (load, decide, apply, send) -> store its offsets when the broker has acknowledged
 *   everything; up to BUS_ROUNDS_MAX batches are waited for while the next is handled
 *
 * handle() is repeated with the same batch, with a growing pause, for as long as it says RETRY: everything it does must be safe
 * to do again. Exit codes: 0 stopped by SIGTERM or SIGINT, 1 could not go on, 2 bad settings or arguments. */
#ifndef ORDERLY_SERVICE_H
#define ORDERLY_SERVICE_H

#include "bus_letter.h"
#include "bus_poll.h"
#include "bus_rounds.h"
#include "bus_send.h"
#include "health.h"
#include "metrics.h"
#include "names.h"
#include "settings.h"
#include "store.h"

#define RETRY_WAIT_FIRST_MS 50
#define RETRY_WAIT_MAX_MS 2000
#define POLL_WAIT_MS 200
#define SERVICE_TICK_MS 100
#define SERVICE_SCRIPTS_MAX 8

/* Settings that every service has (docs/settings.md). */
struct service_settings {
    char namespace[SETTING_TEXT_SIZE];
    char bootstrap[SETTING_TEXT_SIZE];
    char redis_url[SETTING_TEXT_SIZE];
    char instance_id[SETTING_TEXT_SIZE];
    char http_bind[SETTING_TEXT_SIZE];
    int64_t http_port, log_level, batch_max, retention_days, message_bytes_max;
    struct bus_properties passed;
};

/* What a running service has at hand. */
struct run {
    const struct service *service;
    const struct service_settings *settings;
    const void *own_settings;    /* the struct of service->own_settings */
    const void *shared_settings; /* the struct of service->shared_settings */
    struct bus *bus;
    struct store *store;
    struct arena *arena;    /* reset before every try of a batch */
    struct record *records; /* the batch */
    size_t record_count;
    void *state;             /* service->state_size bytes, zero at the start: what is kept from batch to batch */
    struct metrics *metrics; /* staged by handle(), published when the batch is done */
    struct service_metrics *service_metrics;
    const volatile int *stop; /* becomes 1 when the process is to end */
};

struct worker; /* worker.h */

struct service {
    const char *name;    /* "inventory": also the consumer group, orderly-inventory */
    const char *purpose; /* one line for --help */
    const enum topic *reads;
    size_t read_count;
    const enum topic *sends_to; /* without dead-letter topics; the order matters: see bus_options */
    size_t sends_to_count;
    const struct store_script *const *scripts; /* NULL-terminated; or NULL */
    const struct setting *own_settings;
    size_t own_setting_count, own_settings_size;
    /* Checks what the table can't, whether or not that found mistakes; prints and counts its own like settings_read(). May be
     * NULL. */
    size_t (*check_settings)(const void *own_settings, FILE *report);
    const struct setting_table *shared_settings; /* what it has in common with some others, beside its own; or NULL */
    /* Handles run->records, once or more; queues everything to send on run->bus, last of all, when nothing else can fail any
     * more: what was sent by a try that failed is sent again by the next. Does not flush the bus, does not store offsets. */
    enum status (*handle)(struct run *run);
    const struct worker *worker;    /* whose commands handle() answers: set by worker_run(). NULL: it is no worker */
    size_t state_size;              /* of run->state; 0: none */
    void (*end_state)(void *state); /* releases what the state owns. May be NULL */
    /* What is to be done without being asked: called between batches, about every SERVICE_TICK_MS, also while batches keep
     * coming, but not while one is tried again and again. May queue sends on run->bus; the loop flushes them. RETRY: it is
     * called again at the next tick, and what it had not done by then is still to do. It has the arena, empty, and the store.
     * May be NULL. */
    enum status (*tick)(struct run *run);
    /* Whether the service itself can work (validator: is there a catalog?): NULL or what it lacks. Asked every READY_CHECK_MS
     * between batches, when Redis answers. May be NULL. */
    const char *(*lack)(struct run *run);
    struct metric_table own_metrics;
    /* Sets the gauges of own_metrics that are read from Redis. Asked every READY_CHECK_MS between batches, when Redis answers.
     * May be NULL. */
    void (*measure)(struct run *run);
};
#define READY_CHECK_MS 1000

/* Waits without losing the group membership; ends early on the stop flag.
 * STATUS_FATAL  as bus_idle() */
MUST_CHECK enum status service_idle(struct run *run, int64_t wait_ms);

/* The whole of main(). --help, --version, --healthcheck (asks this service's own /readyz, for container health checks: exit 0
 * or 1), --print-settings, --print-metrics (Markdown). */
int service_run(const struct service *service, int argc, char **argv);
/* The table of the settings that every service has; out_count: its rows. */
const struct setting *service_settings_table(size_t *out_count);

#endif
