#include "worker_internal.h"

/* What is read of a record before it is known whether it can be answered. */
struct reading {
    struct command *command;
    enum status command_status;
    const struct json *root;
    const struct worker_command *row; /* NULL: no command of this worker */
};

static const struct worker_command *find_row(const struct worker *worker, struct text type)
{
    for (const struct worker_command *row = worker->commands; row->type != NULL; row++)
        if (text_equals(type, text_of(row->type)))
            return row;
    return NULL;
}

/* Why a record is no command that could be answered; NULL when it can be. */
static const char *read_record(struct run *run, const struct record *record, struct reading *reading)
{
    if (record->value.length > COMMAND_BYTES_FACTOR * (size_t)run->settings->message_bytes_max)
        return "too_large";
    if (json_read(run->arena, record->value, &reading->root) != STATUS_OK)
        return "not_json";
    if (reading->root->type != JSON_OBJECT)
        return "not_an_object";
    reading->command_status = command_read(run->arena, reading->root, reading->command);
    reading->row = find_row(worker_of(run), reading->command->type);
    if (!text_is_there(reading->command->order_id))
        return "no_order_id";
    if (!text_is_there(reading->command->command_id) || reading->row == NULL)
        return "unknown_type";
    return NULL;
}

/* The order must be the one that the command names, or the effect would be another order's. */
static bool read_order(struct run *run, struct work *work, const struct json *order)
{
    return order_read_object(run->arena, order, &work->order) == STATUS_OK &&
           text_equals(work->order.order_id, work->command->order_id);
}

/* Begins with a command that is usable; what is missing in it is answered at once. */
static void begin(struct run *run, struct worker_batch *batch, const struct record *record, const struct reading *reading)
{
    struct work *work = &batch->works[batch->count++];
    const struct command *command = reading->command;
    const struct json *order = json_member(reading->root, TEXT("order"));

    work->catalog = batch->catalog;
    work->record = record;
    work->command = command;
    work->row = reading->row;
    work->row_number = (size_t)(reading->row - worker_of(run)->commands);
    work->order_json = order != NULL && order->type == JSON_OBJECT ? order : NULL;
    work->answered = work->was_stored = false;
    work->queued = 0;
    work->facts = NULL;
    work->reply = (struct reply){.command_id = command->command_id,
                                 .order_id = command->order_id,
                                 .type = command->type,
                                 .attempt = command->attempt > 0 ? command->attempt : 1};
    if (reading->command_status != STATUS_OK)
        work_fail(work, TEXT("bad_command"));
    else if (work->row->needs_order && !read_order(run, work, order))
        work_fail(work, TEXT("bad_order"));
}

struct worker_batch worker_read(struct run *run)
{
    struct worker_batch batch = {.catalog = catalog_begin(run->arena, run->store),
                                 .works = arena_take(run->arena, run->record_count * sizeof(*batch.works)),
                                 .misfits = arena_take(run->arena, run->record_count * sizeof(*batch.misfits))};

    for (size_t i = 0; i < run->record_count; i++) {
        const struct record *record = &run->records[i];
        struct reading reading = {.command = arena_take_zeroed(run->arena, 1, sizeof(*reading.command))};
        const char *problem = read_record(run, record, &reading);
        if (problem == NULL)
            begin(run, &batch, record, &reading);
        else
            batch.misfits[batch.misfit_count++] = (struct misfit){record, problem};
    }
    return batch;
}
