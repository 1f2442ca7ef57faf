/* main.c - the payment service: prices from the catalog, authorizes, captures, voids. Start reading at the table of commands. */
#include "catalog_read.h"
#include "charge.h"
#include "gateway.h"
#include "keys.h"
#include "pricing.h"
#include "worker.h"

static struct text outcome(struct run *run, const char *word, const char *reason, struct text result)
{
    return outcome_text(run->arena, &(struct reply){.outcome = text_of(word), .reason = text_of(reason), .result = result});
}

static struct text refusal(struct run *run, const char *reason)
{
    return outcome(run, "refused", reason, TEXT_NONE);
}

/* ---- payment.authorize ---- */

static enum status authorize_load(struct run *run, struct task *task)
{
    struct text ids[ORDER_LINES_MAX];

    for (size_t i = 0; i < task->order.line_count; i++)
        ids[i] = task->order.lines[i].product_id;
    task->queued = catalog_queue(run->store, run->arena, ids, task->order.line_count);
    return STATUS_OK;
}

static enum status authorize_decide(struct run *run, struct task *task)
{
    struct product *products = arena_take(run->arena, task->order.line_count * sizeof(*products));
    struct price *price = arena_take(run->arena, sizeof(*price));

    TRY(catalog_products(run->arena, store_value(run->store, task->queued), products, task->order.line_count));
    *price = price_order(&task->order, products);
    task->facts = price;
    if (price->result == PRICE_CATALOG_BROKEN) { /* a failure leaves no mark: it is tried again */
        task_fail(task, text_of(price_reason(price->result)));
        task->reply.product_id = price->product_id;
    }
    return STATUS_OK;
}

static struct text authorized_result(struct run *run, const struct charge *charge)
{
    struct buffer buffer = buffer_in(run->arena, 128);

    buffer_add(&buffer, TEXT("{\"authorizationId\":"));
    buffer_add_json_string(&buffer, charge->authorization_id);
    buffer_add(&buffer, TEXT(",\"amount\":"));
    buffer_add_number(&buffer, charge->amount);
    buffer_add(&buffer, TEXT(",\"currency\":"));
    buffer_add_json_string(&buffer, charge->currency);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

static void decide_charge(struct run *run, const struct task *task, const struct price *price, struct charge *charge)
{
    charge->status = TEXT("declined");
    if (price->result != PRICE_GOOD) {
        charge->amount = 0;
        charge->outcome = outcome_text(run->arena, &(struct reply){.outcome = TEXT("refused"),
                                                                   .reason = text_of(price_reason(price->result)),
                                                                   .product_id = price->product_id});
    } else if (!simulated_gateway.authorizes(&task->order)) {
        charge->outcome = refusal(run, "payment_declined");
    } else {
        charge->status = TEXT("authorized");
        charge->authorization_id = authorization_id(run->arena, task->command->command_id);
        charge->outcome = outcome(run, "succeeded", NULL, authorized_result(run, charge));
    }
}

static enum status authorize_apply(struct run *run, struct task *task)
{
    const struct price *price = task->facts;
    struct charge charge = {.order_id = task->command->order_id,
                            .amount = price->total,
                            .currency = text_is_there(price->currency) ? price->currency : TEXT(""),
                            .outcome_voided = refusal(run, "already_voided")};

    decide_charge(run, task, price, &charge);
    task->queued = charge_queue_authorize(run->store, run->arena, &charge);
    return STATUS_OK;
}

/* ---- payment.capture, payment.void ---- */

static enum status capture_apply(struct run *run, struct task *task)
{
    task->queued = charge_queue_capture(run->store, run->arena, task->command->order_id,
                                        outcome(run, "succeeded", NULL, TEXT("{\"captured\":true}")),
                                        refusal(run, "not_authorized"));
    return STATUS_OK;
}

static enum status void_apply(struct run *run, struct task *task)
{
    task->queued =
        charge_queue_void(run->store, run->arena, task->command->order_id,
                          outcome(run, "succeeded", NULL, TEXT("{\"voided\":true}")), refusal(run, "already_captured"));
    return STATUS_OK;
}

/* The scripts answer with the outcome of the first time. */
static enum status answer_stored(struct run *run, struct task *task)
{
    return task_answer_stored(run, task, store_text(store_value(run->store, task->queued)));
}

static struct text mark_key(struct arena *arena, const struct task *task)
{
    return key_payment(arena, task->command->order_id);
}

static const struct worker_command commands[] = {
    {.type = "payment.authorize",
     .needs_order = true,
     .mark_key = mark_key,
     .load = authorize_load,
     .decide = authorize_decide,
     .apply = authorize_apply,
     .answer = answer_stored},
    {.type = "payment.capture", .mark_key = mark_key, .apply = capture_apply, .answer = answer_stored},
    {.type = "payment.void", .mark_key = mark_key, .apply = void_apply, .answer = answer_stored},
};

static enum status handle(struct run *run)
{
    static const struct worker payment = {"/orderly/payment", commands, COUNT_OF(commands)};

    return worker_handle(run, &payment);
}

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_PAYMENT};
    static const enum topic sends_to[] = {TOPIC_INBOX};
    static const struct store_script *const scripts[] = {&authorize_script, &capture_script, &void_script, NULL};
    static const struct service payment = {
        .name = "payment",
        .purpose = "prices orders from the catalog, authorizes, captures and voids their payments",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .scripts = scripts,
        .handle = handle,
        .own_metrics = WORKER_METRICS,
        WORKER_SETTINGS,
    };

    return service_run(&payment, argc, argv);
}
