#include "worker.h"

#include "clock.h"
#include "log.h"
#include "mask.h"
#include "service_metrics.h"

#include <inttypes.h>

/* A record that is no command that could be answered. */
struct misfit {
    const struct record *record;
    const char *reason;
};

struct tasks {
    struct task *list;
    size_t count;
    struct misfit *misfits;
    size_t misfit_count;
};

static struct tasks read_tasks(struct run *run, const struct worker *worker);
static enum status run_phase(struct run *run, const struct worker *worker, struct tasks *tasks, size_t phase_offset);
static enum status send_replies(struct run *run, const struct worker *worker, const struct tasks *tasks);
static enum status bury_misfits(struct run *run, const struct tasks *tasks);
static void find_stored(struct run *run, const struct worker *worker, struct tasks *tasks);
static void count_answers(struct run *run, const struct worker *worker, const struct tasks *tasks);
static void choose_failures(struct run *run, const struct worker *worker, const struct simulation *simulation,
                            struct tasks *tasks);
static enum status queue_mark(struct run *run, struct task *task);
static enum status answer_mark(struct run *run, struct task *task);
static enum status wait_latency(struct run *run, const struct simulation *simulation);

typedef enum status (*phase)(struct run *run, struct task *task);

/* Everything is sent last of all: whatever goes wrong before has the whole batch handled again, and would have it sent again. */
enum status worker_handle(struct run *run, const struct worker *worker)
{
    const struct simulation simulation = simulation_of(run->own_settings);
    struct tasks tasks = read_tasks(run, worker);

    choose_failures(run, worker, &simulation, &tasks);
    store_begin(run->store);
    TRY(run_phase(run, worker, &tasks, offsetof(struct worker_command, load)));
    TRY(store_flush(run->store));
    TRY(run_phase(run, worker, &tasks, offsetof(struct worker_command, decide)));
    store_begin(run->store);
    TRY(run_phase(run, worker, &tasks, offsetof(struct worker_command, apply)));
    TRY(store_flush(run->store));
    find_stored(run, worker, &tasks);
    TRY(run_phase(run, worker, &tasks, offsetof(struct worker_command, answer)));
    count_answers(run, worker, &tasks);
    TRY(wait_latency(run, &simulation));
    TRY(send_replies(run, worker, &tasks));
    return bury_misfits(run, &tasks);
}

/* ---- answers ---- */

static void answer(struct task *task, struct text outcome, struct text reason, struct text result)
{
    task->reply.outcome = outcome;
    task->reply.reason = reason;
    task->reply.result = result;
    task->answered = true;
}

void task_succeed(struct task *task, struct text result)
{
    answer(task, TEXT("succeeded"), TEXT_NONE, result);
}

void task_refuse(struct task *task, struct text reason)
{
    answer(task, TEXT("refused"), reason, TEXT_NONE);
}

void task_fail(struct task *task, struct text reason)
{
    answer(task, TEXT("failed"), reason, TEXT_NONE);
}

static void add_member(struct buffer *buffer, const char *name, struct text string, struct text raw)
{
    if (!text_is_there(string) && !text_is_there(raw))
        return;
    if (buffer->length > 1)
        buffer_add(buffer, TEXT(","));
    buffer_add_json_string(buffer, text_of(name));
    buffer_add(buffer, TEXT(":"));
    if (text_is_there(string))
        buffer_add_json_string(buffer, string);
    else
        buffer_add(buffer, raw);
}

struct text outcome_text(struct arena *arena, const struct reply *reply)
{
    struct buffer buffer = buffer_in(arena, reply->result.length + reply->errors.length + 128);

    buffer_add(&buffer, TEXT("{"));
    add_member(&buffer, "outcome", reply->outcome, TEXT_NONE);
    add_member(&buffer, "reason", reply->reason, TEXT_NONE);
    add_member(&buffer, "productId", reply->product_id, TEXT_NONE);
    add_member(&buffer, "errors", TEXT_NONE, reply->errors);
    add_member(&buffer, "result", TEXT_NONE, reply->result);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

static struct text raw_member(const struct json *object, struct text name, enum json_value_type type)
{
    const struct json *member = json_member(object, name);

    return member != NULL && member->type == type ? json_raw(member) : TEXT_NONE;
}

enum status task_answer_stored(struct run *run, struct task *task, struct text outcome)
{
    const struct json *root;
    struct text word;

    /* The reply of the store is gone with the next phase. */
    if (json_read(run->arena, text_copy(run->arena, outcome), &root) != STATUS_OK)
        return STATUS_BROKEN;
    word = json_string(run->arena, json_member(root, TEXT("outcome")));
    if (!text_equals(word, TEXT("succeeded")) && !text_equals(word, TEXT("refused")))
        return STATUS_BROKEN;
    answer(task, word, json_string(run->arena, json_member(root, TEXT("reason"))),
           raw_member(root, TEXT("result"), JSON_OBJECT));
    task->reply.product_id = json_string(run->arena, json_member(root, TEXT("productId")));
    task->reply.errors = raw_member(root, TEXT("errors"), JSON_ARRAY);
    return STATUS_OK;
}

/* ---- reading ---- */

static const struct worker_command *find_command(const struct worker *worker, struct text type)
{
    for (size_t i = 0; i < worker->command_count; i++)
        if (text_equals(type, text_of(worker->commands[i].type)))
            return &worker->commands[i];
    return NULL;
}

/* Why a record is no command that could be answered; NULL when it can be. */
static const char *command_problem(struct run *run, const struct worker *worker, const struct record *record,
                                   struct command *out_command, enum status *out_status, const struct json **out_root)
{
    if (record->value.length > COMMAND_BYTES_FACTOR * (size_t)run->settings->message_bytes_max)
        return "too_large";
    if (json_read(run->arena, record->value, out_root) != STATUS_OK)
        return "not_json";
    if ((*out_root)->type != JSON_OBJECT)
        return "not_an_object";
    *out_status = command_read(run->arena, *out_root, out_command);
    if (!text_is_there(out_command->order_id))
        return "no_order_id";
    if (!text_is_there(out_command->command_id) || find_command(worker, out_command->type) == NULL)
        return "unknown_type";
    return NULL;
}

/* Completes a task whose command is usable; what is missing in it is answered at once. */
static void begin_task(struct run *run, const struct worker *worker, struct task *task, enum status command_status,
                       const struct json *root)
{
    const struct command *command = task->command;
    const struct json *order = json_member(root, TEXT("order"));

    task->reply = (struct reply){.command_id = command->command_id,
                                 .order_id = command->order_id,
                                 .type = command->type,
                                 .attempt = command->attempt > 0 ? command->attempt : 1};
    if (order != NULL && order->type == JSON_OBJECT)
        task->order_json = order;
    if (command_status != STATUS_OK)
        task_fail(task, TEXT("bad_command"));
    else if (find_command(worker, command->type)->needs_order &&
             (order_read_object(run->arena, order, &task->order) != STATUS_OK ||
              !text_equals(task->order.order_id, command->order_id))) /* or the effect would be another order's */
        task_fail(task, TEXT("bad_order"));
}

static struct tasks read_tasks(struct run *run, const struct worker *worker)
{
    struct tasks tasks = {.list = arena_take(run->arena, run->record_count * sizeof(*tasks.list)),
                          .misfits = arena_take(run->arena, run->record_count * sizeof(*tasks.misfits))};

    for (size_t i = 0; i < run->record_count; i++) {
        const struct record *record = &run->records[i];
        struct command *command = arena_take_zeroed(run->arena, 1, sizeof(*command));
        enum status command_status = STATUS_OK;
        const struct json *root = NULL;
        const char *problem = command_problem(run, worker, record, command, &command_status, &root);
        struct task *task = &tasks.list[tasks.count];
        if (problem != NULL) {
            tasks.misfits[tasks.misfit_count++] = (struct misfit){record, problem};
            continue;
        }
        task->record = record;
        task->command = command;
        task->order_json = NULL;
        task->answered = task->was_stored = false;
        task->queued = 0;
        task->facts = NULL;
        task->fails = false;
        begin_task(run, worker, task, command_status, root);
        tasks.count++;
    }
    return tasks;
}

/* ---- phases ---- */

/* What is done in the place of a command that is to fail. */
static const struct worker_command failing = {.apply = queue_mark, .answer = answer_mark};

static enum status run_phase(struct run *run, const struct worker *worker, struct tasks *tasks, size_t phase_offset)
{
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = &tasks->list[i];
        const struct worker_command *command = task->fails ? &failing : find_command(worker, task->command->type);
        phase handle = *(const phase *)(const void *)((const char *)command + phase_offset);
        enum status status;
        if (task->answered || handle == NULL)
            continue;
        status = handle(run, task);
        if (status == STATUS_BROKEN)
            task_fail(task, TEXT("stored_data_broken")); /* one order's broken data must not stop the others */
        else if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* ---- metrics ---- */

enum { OUTCOMES, REDELIVERIES };
enum { SUCCEEDED, REFUSED, FAILED, OUTCOME_COUNT };

static const struct text outcomes[OUTCOME_COUNT] = {{"succeeded", 9}, {"refused", 7}, {"failed", 6}};

const struct metric_family worker_metrics[WORKER_METRIC_COUNT] = {
    [OUTCOMES] = {.name = "orderly_outcomes_total",
                  .help = "Commands answered, by what was asked and the outcome; a command that is delivered again is answered again",
                  .type = METRIC_COUNTER,
                  .labels = {"type", "outcome"},
                  .series_max = WORKER_TYPES_MAX * OUTCOME_COUNT},
    [REDELIVERIES] = {.name = "orderly_redeliveries_total",
                      .help = "Commands among them that got the outcome of the first time, as it was stored with their effect; the validator "
                              "stores nothing and counts none",
                      .type = METRIC_COUNTER,
                      .labels = {"type"},
                      .series_max = WORKER_TYPES_MAX},
};

/* What was counted of one batch. */
struct answer_tally {
    int64_t outcomes[OUTCOME_COUNT], redeliveries;
};

/* The scripts say which outcomes they found. */
static void find_stored(struct run *run, const struct worker *worker, struct tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = &tasks->list[i];
        if (!task->answered && find_command(worker, task->command->type)->apply != NULL)
            task->was_stored = store_is_status(store_value(run->store, task->queued));
    }
}

static void publish_tally(struct metrics *metrics, const char *type, const struct answer_tally *tally)
{
    struct text values[] = {text_of(type), TEXT_NONE};

    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        values[1] = outcomes[i];
        metric_add(metrics_series(metrics, &worker_metrics[OUTCOMES], values), tally->outcomes[i]);
    }
    metric_add(metrics_series(metrics, &worker_metrics[REDELIVERIES], values), tally->redeliveries);
}

static void count_answers(struct run *run, const struct worker *worker, const struct tasks *tasks)
{
    struct answer_tally tallies[WORKER_TYPES_MAX] = {0};

    for (size_t i = 0; i < tasks->count; i++) {
        const struct task *task = &tasks->list[i];
        struct answer_tally *tally = &tallies[find_command(worker, task->command->type) - worker->commands];
        size_t outcome = 0;
        while (outcome < FAILED && !text_equals(task->reply.outcome, outcomes[outcome]))
            outcome++;
        tally->outcomes[outcome]++;
        tally->redeliveries += task->was_stored;
    }
    for (size_t i = 0; i < worker->command_count; i++)
        publish_tally(run->metrics, worker->commands[i].type, &tallies[i]);
}

/* ---- failures and slowness on demand ---- */

/* Decides which attempts are to fail; what the command itself would have done is left out. */
static void choose_failures(struct run *run, const struct worker *worker, const struct simulation *simulation,
                            struct tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = &tasks->list[i];
        const struct reply *reply = &task->reply;
        const struct worker_command *command = find_command(worker, reply->type);
        if (task->answered || !simulation_fails(simulation, reply->type, reply->command_id, reply->attempt))
            continue;
        task->fails = true;
        task->mark_key = command->mark_key == NULL ? TEXT_NONE : command->mark_key(run->arena, task);
    }
}

/* The mark comes first here too: a command that was done, at another attempt or before the settings were changed, keeps its
 * outcome. It is asked for in its turn among the scripts, for what is done in the same batch. */
static enum status queue_mark(struct run *run, struct task *task)
{
    if (text_is_there(task->mark_key))
        task->queued = store_queue(run->store, task->mark_key, (struct text[]){TEXT("HGET"), task->mark_key, task->reply.type}, 3);
    else
        task_fail(task, TEXT(SIMULATED_REASON));
    return STATUS_OK;
}

static enum status answer_mark(struct run *run, struct task *task)
{
    struct text outcome = store_text(store_value(run->store, task->queued));

    if (text_is_there(outcome))
        return task_answer_stored(run, task, outcome);
    task_fail(task, TEXT(SIMULATED_REASON));
    return STATUS_OK;
}

/* The whole batch waits once, for the last of its commands; those that have lain in the queue for long enough wait no longer.
 * What was done is done by then: only the answers are late, as those of a slow gateway are. */
static enum status wait_latency(struct run *run, const struct simulation *simulation)
{
    int64_t newest_ms = 0;

    if (simulation->latency_ms == 0)
        return STATUS_OK;
    for (size_t i = 0; i < run->record_count; i++)
        if (run->records[i].timestamp_ms > newest_ms)
            newest_ms = run->records[i].timestamp_ms;
    return service_idle(run, simulation_wait_ms(simulation, newest_ms, clock_wall_ms()));
}

/* ---- sending ---- */

static struct text reply_id(struct arena *arena, const struct reply *reply)
{
    struct buffer buffer = buffer_in(arena, reply->command_id.length + 24);

    buffer_add(&buffer, reply->command_id);
    buffer_add(&buffer, TEXT("/"));
    buffer_add_number(&buffer, reply->attempt);
    buffer_add(&buffer, TEXT("/reply"));
    return buffer_text(&buffer);
}

static struct text reply_type(struct arena *arena, const struct reply *reply)
{
    struct buffer buffer = buffer_in(arena, reply->type.length + 8);

    buffer_add(&buffer, reply->type);
    buffer_add(&buffer, TEXT(".reply"));
    return buffer_text(&buffer);
}

static enum status send_reply(struct run *run, const struct worker *worker, const struct task *task)
{
    struct header headers[ENVELOPE_HEADERS];
    struct buffer value = buffer_in(run->arena, task->reply.result.length + task->reply.errors.length + 384);
    struct envelope envelope = {
        .id = reply_id(run->arena, &task->reply),
        .type = reply_type(run->arena, &task->reply),
        .subject = task->reply.order_id,
        .source = worker->source,
        .time = time_text(run->arena, task->record->timestamp_ms),
    };

    envelope.trace = trace_continue(run->arena, trace_of(task->record), envelope.id, task->reply.order_id);
    reply_write(&value, &task->reply);
    return bus_send(run->bus, &(struct outgoing){.topic = topic_name(TOPIC_INBOX),
                                                 .partition = -1,
                                                 .key = task->reply.order_id,
                                                 .value = buffer_text(&value),
                                                 .headers = headers,
                                                 .header_count = envelope_headers(&envelope, headers)});
}

static void log_reply(const struct task *task)
{
    bool failed = text_equals(task->reply.outcome, TEXT("failed"));
    enum log_level level = failed ? LOG_WARNING : LOG_DEBUG;

    if (log_wants(level))
        log_event(level, "answered", "order=%.*s command=%s attempt=%" PRId64 " outcome=%.*s reason=%.*s",
                  TEXT_ARG(task->reply.order_id), LOG_QUOTED(task->reply.type), task->reply.attempt,
                  TEXT_ARG(task->reply.outcome), TEXT_ARG(task->reply.reason));
}

static enum status send_replies(struct run *run, const struct worker *worker, const struct tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++) {
        log_reply(&tasks->list[i]);
        TRY(send_reply(run, worker, &tasks->list[i]));
    }
    return STATUS_OK;
}

static enum status bury(struct run *run, const struct record *record, const char *reason)
{
    bool masked = false;
    struct text value = mask_bytes(run->arena, record->value, &masked);

    log_event(LOG_WARNING, "buried", "topic=%.*s partition=%" PRId32 " offset=%" PRId64 " reason=%s", TEXT_ARG(record->topic),
              record->partition, record->offset, reason);
    metrics_count_buried(run->metrics, record->topic, reason);
    return bus_bury_record(run->bus, record, run->service->name, reason, masked ? value : TEXT_NONE);
}

static enum status bury_misfits(struct run *run, const struct tasks *tasks)
{
    for (size_t i = 0; i < tasks->misfit_count; i++)
        TRY(bury(run, tasks->misfits[i].record, tasks->misfits[i].reason));
    return STATUS_OK;
}
