#include "worker_internal.h"

#include <assert.h>

/* ---- phases ---- */

/* The scripts answer with the outcome of the first time. */
static enum status answer_stored(struct run *run, struct work *work)
{
    return work_answer_stored(run, work, store_text(store_value(run->store, work->queued)));
}

static enum status load(struct run *run, struct work *work)
{
    return work->row->load == NULL ? STATUS_OK : work->row->load(run, work);
}

static enum status decide(struct run *run, struct work *work)
{
    return work->row->decide == NULL ? STATUS_OK : work->row->decide(run, work);
}

static enum status apply(struct run *run, struct work *work)
{
    return work->row->apply == NULL ? STATUS_OK : work->row->apply(run, work);
}

static enum status answer(struct run *run, struct work *work)
{
    if (work->row->apply != NULL) /* a script says itself whether it found the outcome */
        work->was_stored = store_is_status(store_value(run->store, work->queued));
    if (work->row->answer != NULL)
        return work->row->answer(run, work);
    return work->row->apply == NULL ? STATUS_OK : answer_stored(run, work);
}

static enum status each(struct run *run, struct worker_batch *batch, worker_phase *phase)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct work *work = &batch->works[i];
        enum status status = work->answered ? STATUS_OK : phase(run, work);
        if (status == STATUS_BROKEN)
            work_fail(work, TEXT("stored_data_broken")); /* one order's broken data must not stop the others */
        else if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Everything is sent last of all: whatever goes wrong before has the whole batch handled again, and would have it sent again. */
static enum status handle(struct run *run)
{
    const struct simulation simulation = simulation_of(run->shared_settings);
    struct worker_batch batch = worker_read(run);

    worker_choose_failures(&simulation, &batch);
    store_begin(run->store);
    TRY(each(run, &batch, load));
    catalog_queue(batch.catalog);
    TRY(store_flush(run->store));
    TRY(each(run, &batch, decide));
    store_begin(run->store);
    TRY(each(run, &batch, apply));
    TRY(store_flush(run->store));
    TRY(each(run, &batch, answer));
    worker_count_answers(run, &batch);
    TRY(worker_wait_latency(run, &simulation));
    return worker_send(run, &batch);
}

/* ---- the service ---- */

int worker_run(const struct worker *worker, int argc, char **argv)
{
    static const enum topic inbox = TOPIC_INBOX;
    const struct service service = {
        .name = topic_reader(worker->topic),
        .purpose = worker->purpose,
        .reads = &worker->topic,
        .read_count = 1,
        .sends_to = &inbox,
        .sends_to_count = 1,
        .scripts = worker->scripts,
        .own_settings = worker->settings.rows,
        .own_setting_count = worker->settings.count,
        .own_settings_size = worker->settings.size,
        .check_settings = worker->settings.check,
        .shared_settings = &simulation_table,
        .worker = worker,
        .handle = handle,
        .own_metrics = worker_metrics_table(),
        .lack = worker->lack,
    };

    assert(worker->commands[WORKER_COMMANDS_MAX].type == NULL && worker->scripts[SERVICE_SCRIPTS_MAX] == NULL);
    return service_run(&service, argc, argv);
}
