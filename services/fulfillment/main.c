/* main.c - the fulfillment service: books the shipment, cancels it. Start reading at the table of commands. */
#include "carrier.h"
#include "keys.h"
#include "shipment.h"
#include "worker.h"

static struct text outcome(struct run *run, const char *word, const char *reason, struct text result)
{
    return outcome_text(run->arena, &(struct reply){.outcome = text_of(word), .reason = text_of(reason), .result = result});
}

static enum status ship_apply(struct run *run, struct task *task)
{
    struct shipment shipment = {.order_id = task->command->order_id,
                                .status = TEXT("refused"),
                                .outcome = outcome(run, "refused", "fulfillment_refused", TEXT_NONE),
                                .outcome_cancelled = outcome(run, "refused", "already_cancelled", TEXT_NONE)};

    if (simulated_carrier.delivers(&task->order)) {
        shipment.status = TEXT("shipped");
        shipment.tracking_number = tracking_number(run->arena, task->command->command_id);
        shipment.outcome = outcome(run, "succeeded", NULL,
                                   text_format(run->arena, "{\"trackingNumber\":\"%.*s\"}", TEXT_ARG(shipment.tracking_number)));
    }
    task->queued = shipment_queue_ship(run->store, run->arena, &shipment);
    return STATUS_OK;
}

static enum status ship_answer(struct run *run, struct task *task)
{
    return task_answer_stored(run, task, store_text(store_value(run->store, task->queued)));
}

static enum status cancel_apply(struct run *run, struct task *task)
{
    task->queued = shipment_queue_cancel(run->store, run->arena, task->command->order_id,
                                         outcome(run, "succeeded", NULL, TEXT("{\"cancelled\":true}")));
    return STATUS_OK;
}

/* A shipment that has left can't be cancelled: the refusal carries its result, so that the saga can go forward. */
static enum status cancel_answer(struct run *run, struct task *task)
{
    const struct store_value *reply = store_value(run->store, task->queued);
    struct text result;

    if (store_count(reply) < 2)
        return task_answer_stored(run, task, store_text(reply));
    TRY(task_answer_stored(run, task, store_text(store_element(reply, 1))));
    result = task->reply.result;
    task_refuse(task, TEXT("already_shipped"));
    task->reply.result = result;
    return STATUS_OK;
}

static struct text mark_key(struct arena *arena, const struct task *task)
{
    return key_shipment(arena, task->command->order_id);
}

static const struct worker_command commands[] = {
    {.type = "fulfillment.ship", .needs_order = true, .mark_key = mark_key, .apply = ship_apply, .answer = ship_answer},
    {.type = "fulfillment.cancel", .mark_key = mark_key, .apply = cancel_apply, .answer = cancel_answer},
};

static enum status handle(struct run *run)
{
    static const struct worker fulfillment = {"/orderly/fulfillment", commands, COUNT_OF(commands)};

    return worker_handle(run, &fulfillment);
}

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_FULFILLMENT};
    static const enum topic sends_to[] = {TOPIC_INBOX};
    static const struct store_script *const scripts[] = {&ship_script, &cancel_script, NULL};
    static const struct service fulfillment = {
        .name = "fulfillment",
        .purpose = "books the shipment of an order, cancels it",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .scripts = scripts,
        .handle = handle,
        .own_metrics = WORKER_METRICS,
        WORKER_SETTINGS,
    };

    return service_run(&fulfillment, argc, argv);
}
