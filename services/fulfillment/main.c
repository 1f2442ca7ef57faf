/* main.c - the fulfillment service: books the shipment, cancels it. Start reading at the table of commands. */
#include "carrier.h"
#include "keys.h"
#include "shipment.h"
#include "worker.h"

static enum status ship_apply(struct run *run, struct work *work)
{
    struct shipment shipment = {.order_id = work->command->order_id,
                                .status = TEXT("refused"),
                                .outcome = outcome_refused(run->arena, TEXT("fulfillment_refused")),
                                .outcome_cancelled = outcome_refused(run->arena, TEXT("already_cancelled"))};

    if (simulated_carrier.delivers(&work->order)) {
        shipment.status = TEXT("shipped");
        shipment.tracking_number = tracking_number(run->arena, work->command->command_id);
        shipment.outcome = outcome_succeeded(
            run->arena, text_format(run->arena, "{\"trackingNumber\":\"%.*s\"}", TEXT_ARG(shipment.tracking_number)));
    }
    work->queued = shipment_queue_ship(run->store, run->arena, &shipment);
    return STATUS_OK;
}

static enum status cancel_apply(struct run *run, struct work *work)
{
    work->queued = shipment_queue_cancel(run->store, run->arena, work->command->order_id,
                                         outcome_succeeded(run->arena, TEXT("{\"cancelled\":true}")));
    return STATUS_OK;
}

/* A shipment that has left can't be cancelled: the refusal carries its result, so that the saga can go forward. */
static enum status cancel_answer(struct run *run, struct work *work)
{
    const struct store_value *reply = store_value(run->store, work->queued);
    struct text result;

    if (store_count(reply) < 2)
        return work_answer_stored(run, work, store_text(reply));
    TRY(work_answer_stored(run, work, store_text(store_element(reply, 1))));
    result = work->reply.result;
    work_refuse(work, TEXT("already_shipped"));
    work->reply.result = result;
    return STATUS_OK;
}

static struct text mark_key(struct arena *arena, const struct work *work) { return key_shipment(arena, work->command->order_id); }

static const struct worker fulfillment = {
    .topic = TOPIC_FULFILLMENT,
    .purpose = "books the shipment of an order, cancels it",
    .mark_key = mark_key,
    .commands =
        {
            {.type = "fulfillment.ship", .needs_order = true, .apply = ship_apply},
            {.type = "fulfillment.cancel", .apply = cancel_apply, .answer = cancel_answer},
        },
    .scripts = {&ship_script, &cancel_script},
};

int main(int argc, char **argv) { return worker_run(&fulfillment, argc, argv); }
