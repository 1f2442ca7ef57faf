#include "clock.h"
#include "service_internal.h"

#include "log.h"
#include "service_metrics.h"

#define IDLE_STEP_MS 100
#define WARM_UP_WAIT_MS 1000
#define JOIN_STEP_MS 20 /* until the group has let us in: what is ready then is told at once */

/* ---- readiness ---- */

/* Until every topic is known a first record would wait up to a second, one topic after another. */
static enum status wait_for_topics(struct run *run, struct health *health)
{
    enum status status = bus_warm_up(run->bus, WARM_UP_WAIT_MS);

    for (int tries = 0; status != STATUS_OK && !*run->stop; tries++) {
        health_set(health, HEALTH_KAFKA, status == STATUS_NOT_FOUND ? "waiting for topics" : "waiting for Kafka");
        if (tries % 10 == 0)
            log_event(LOG_WARNING, "waited", "problem=%s", LOG_QUOTED(text_of(bus_problem(run->bus))));
        TRY(bus_idle(run->bus, IDLE_STEP_MS));
        status = bus_warm_up(run->bus, WARM_UP_WAIT_MS);
    }
    return STATUS_OK;
}

static void check_readiness(struct run *run, struct health *health)
{
    bool redis_answers = store_ping(run->store) == STATUS_OK;

    health_set(health, HEALTH_KAFKA, bus_is_joined(run->bus) ? NULL : "waiting for the consumer group");
    health_set(health, HEALTH_REDIS, redis_answers ? NULL : "waiting for Redis");
    if (redis_answers)
        health_set(health, HEALTH_SERVICE, run->service->lack == NULL ? NULL : run->service->lack(run));
    if (redis_answers && run->service->measure != NULL)
        run->service->measure(run);
    service_metrics_check(run->service_metrics, run->bus, health);
}

enum status service_idle(struct run *run, int64_t wait_ms)
{
    const int64_t end_ms = clock_steady_ms() + wait_ms;

    for (int64_t left_ms = wait_ms; left_ms > 0 && !*run->stop; left_ms = end_ms - clock_steady_ms())
        TRY(bus_idle(run->bus, left_ms < IDLE_STEP_MS ? (int)left_ms : IDLE_STEP_MS));
    return STATUS_OK;
}

static enum status handle_once(struct run *run)
{
    enum status status;

    arena_reset(run->arena);
    status = run->service->handle(run);
    if (status_then(status) == THEN_BURY) { /* handle() buries by itself: to go on would lose the whole batch */
        log_event(LOG_ERROR, "misused", "status=%s", status_name(status));
        return STATUS_FATAL;
    }
    return status;
}

/* What keeps batches from getting done: one that is retried, or records that were refused after theirs was. */
struct trouble {
    int64_t since_ms; /* 0: there is none */
    bool rewound;
    size_t handled; /* batches since the rewind */
};

static void have_trouble(struct trouble *trouble, struct health *health, int64_t since_ms)
{
    if (trouble->since_ms != 0)
        return;
    trouble->since_ms = since_ms;
    health_trouble(health, since_ms);
}

/* A batch is handled, or there is none. After a rewind that says little: its records may be refused again. Not those of a batch
 * so far back. */
static void end_trouble(struct trouble *trouble, struct run *run, struct health *health)
{
    if (trouble->since_ms == 0 || (trouble->rewound && bus_has_under_way(run->bus) && ++trouble->handled <= BUS_ROUNDS_MAX))
        return;
    *trouble = (struct trouble){0};
    health_trouble(health, 0);
}

/* Handles the batch until it is done. STATUS_OK: all that it caused is on its way. */
static enum status handle_until_done(struct run *run, struct health *health, struct trouble *trouble)
{
    const int64_t began_ms = clock_steady_ms();
    enum status status = handle_once(run);

    for (int64_t wait_ms = RETRY_WAIT_FIRST_MS; status_then(status) == THEN_RETRY && !*run->stop; wait_ms *= 2) {
        if (wait_ms > RETRY_WAIT_MAX_MS)
            wait_ms = RETRY_WAIT_MAX_MS;
        log_event(LOG_WARNING, "retried", "status=%s redis=%s kafka=%s wait_ms=%d", status_name(status),
                  LOG_QUOTED(text_of(store_problem(run->store))), LOG_QUOTED(text_of(bus_problem(run->bus))), (int)wait_ms);
        service_metrics_retry(run->service_metrics);
        have_trouble(trouble, health, began_ms);
        check_readiness(run, health);
        TRY(service_idle(run, wait_ms));
        status = handle_once(run);
    }
    return status;
}

static int idle_wait_ms(const struct run *run)
{
    if (!bus_is_joined(run->bus))
        return JOIN_STEP_MS;
    return run->service->tick == NULL ? POLL_WAIT_MS : SERVICE_TICK_MS;
}

/* A record that was refused for good is made anew by handling its batch again. */
static enum status handle_again(struct run *run, struct health *health, struct trouble *trouble, enum status status)
{
    if (status == STATUS_OK)
        end_trouble(trouble, run, health);
    if (status != STATUS_UNAVAILABLE || *run->stop)
        return status;
    have_trouble(trouble, health, clock_steady_ms());
    trouble->rewound = true;
    trouble->handled = 0;
    log_event(LOG_WARNING, "rewound", "kafka=%s", LOG_QUOTED(text_of(bus_problem(run->bus))));
    service_metrics_retry(run->service_metrics);
    bus_rewind(run->bus);
    return service_idle(run, RETRY_WAIT_MAX_MS);
}

static enum status run_batch(struct run *run, struct health *health, struct trouble *trouble)
{
    enum status status;
    int64_t began_us;

    status = bus_make_room(run->bus, run->stop);
    if (status != STATUS_OK)
        return handle_again(run, health, trouble, status);
    /* While acknowledgements are awaited the next batch is handled, if there is one; if there is none, nothing is held back for
     * it. */
    TRY(bus_poll(run->bus, bus_has_under_way(run->bus) ? 0 : idle_wait_ms(run), run->records, &run->record_count));
    if (run->record_count == 0)
        return handle_again(run, health, trouble, bus_push(run->bus, run->stop));
    began_us = clock_steady_us();
    status = handle_until_done(run, health, trouble);
    if (status == STATUS_OK) {
        end_trouble(trouble, run, health);
        bus_store_offsets(run->bus, run->records, run->record_count);
        service_metrics_batch(run->service_metrics, run->records, run->record_count, clock_steady_us() - began_us);
    }
    bus_release(run->bus, run->records, run->record_count);
    return status;
}

/* When the service ticked last, and whether that tick came to its end. */
struct ticking {
    int64_t ticked_ms;
    bool failed;
};

/* STATUS_FATAL ends the loop; what else goes wrong is tried again at the next tick, and logged once. */
static enum status tick(struct run *run, struct ticking *ticking)
{
    enum status status;

    if (run->service->tick == NULL || clock_steady_ms() - ticking->ticked_ms < SERVICE_TICK_MS)
        return STATUS_OK;
    arena_reset(run->arena);
    status = run->service->tick(run);
    if (status == STATUS_OK)
        metrics_publish(run->metrics);
    else
        metrics_discard(run->metrics);
    if (status != STATUS_OK && !ticking->failed)
        log_event(LOG_WARNING, "tick_failed", "status=%s redis=%s kafka=%s", status_name(status),
                  LOG_QUOTED(text_of(store_problem(run->store))), LOG_QUOTED(text_of(bus_problem(run->bus))));
    ticking->failed = status != STATUS_OK;
    ticking->ticked_ms = clock_steady_ms();
    return status_then(status) == THEN_STOP ? STATUS_FATAL : STATUS_OK;
}

enum status service_loop(struct run *run, struct health *health)
{
    struct ticking ticking = {0};
    struct trouble trouble = {0};
    int64_t checked_ms = 0;
    bool was_joined = false;
    enum status status = wait_for_topics(run, health);

    while (status != STATUS_FATAL && !*run->stop) {
        status = run_batch(run, health, &trouble);
        if (status != STATUS_FATAL)
            status = tick(run, &ticking);
        if (clock_steady_ms() - checked_ms >= READY_CHECK_MS || (bus_is_joined(run->bus) && !was_joined)) {
            arena_reset(run->arena);
            check_readiness(run, health);
            checked_ms = clock_steady_ms();
        }
        was_joined = bus_is_joined(run->bus);
    }
    return status;
}
