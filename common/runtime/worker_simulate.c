#include "clock.h"
#include "worker_internal.h"

/* ---- failures ---- */

/* The mark comes first here too: a command that was done, at another attempt or before the settings were changed, keeps its
 * outcome. It is asked for in its turn among the scripts, for what is done in the same batch. */
static enum status queue_mark(struct run *run, struct work *work)
{
    const struct worker *worker = worker_of(run);
    struct text key = worker->mark_key == NULL ? TEXT_NONE : worker->mark_key(run->arena, work);

    if (text_is_there(key))
        work->queued = store_queue(run->store, key, (struct text[]){TEXT("HGET"), key, work->reply.type}, 3);
    else
        work_fail(work, TEXT(SIMULATED_REASON));
    return STATUS_OK;
}

static enum status answer_mark(struct run *run, struct work *work)
{
    struct text outcome = store_text(store_value(run->store, work->queued));

    if (text_is_there(outcome))
        return work_answer_stored(run, work, outcome);
    work_fail(work, TEXT(SIMULATED_REASON));
    return STATUS_OK;
}

/* What is done in the place of a command that is to fail. */
static const struct worker_command failing = {.apply = queue_mark, .answer = answer_mark};

void worker_choose_failures(const struct simulation *simulation, struct worker_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct work *work = &batch->works[i];
        const struct reply *reply = &work->reply;
        if (!work->answered && simulation_fails(simulation, reply->type, reply->command_id, reply->attempt))
            work->row = &failing;
    }
}

/* ---- slowness ---- */

static int64_t newest_ms(const struct run *run)
{
    int64_t newest = 0;

    for (size_t i = 0; i < run->record_count; i++)
        if (run->records[i].timestamp_ms > newest)
            newest = run->records[i].timestamp_ms;
    return newest;
}

/* The whole batch waits once, for the last of its commands; those that have lain in the queue for long enough wait no longer.
 * What was done is done by then: only the answers are late, as those of a slow gateway are. */
enum status worker_wait_latency(struct run *run, const struct simulation *simulation)
{

    if (simulation->latency_ms == 0)
        return STATUS_OK;
    return service_idle(run, simulation_wait_ms(simulation, newest_ms(run), clock_wall_ms()));
}
