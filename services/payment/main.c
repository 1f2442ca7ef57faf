/* main.c - the payment service: prices from the catalog, authorizes, captures, voids. Start reading at the table of commands. */
#include "catalog_read.h"
#include "charge.h"
#include "gateway.h"
#include "keys.h"
#include "pricing.h"
#include "worker.h"

/* All outcomes of an order are kept with its payment. */
static struct text mark_key(struct arena *arena, const struct work *work) { return key_payment(arena, work->command->order_id); }

/* ---- payment.authorize ---- */

static void product_ids_of(const struct order *order, struct text out_ids[ORDER_LINES_MAX])
{
    for (size_t i = 0; i < order->line_count; i++)
        out_ids[i] = order->lines[i].product_id;
}

static enum status authorize_load(struct run *run, struct work *work)
{
    struct text ids[ORDER_LINES_MAX];

    (void)run;
    product_ids_of(&work->order, ids);
    catalog_want(work->catalog, ids, work->order.line_count);
    return STATUS_OK;
}

static enum status authorize_decide(struct run *run, struct work *work)
{
    struct text ids[ORDER_LINES_MAX];
    struct product products[ORDER_LINES_MAX];
    struct price *price = arena_take(run->arena, sizeof(*price));

    product_ids_of(&work->order, ids);
    TRY(catalog_products(work->catalog, ids, work->order.line_count, products));
    *price = price_order(&work->order, products);
    work->facts = price;
    if (price->result == PRICE_CATALOG_BROKEN) { /* a failure leaves no mark: it is tried again */
        work_fail(work, text_of(price_reason(price->result)));
        work->reply.product_id = price->product_id;
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

static void decide_charge(struct run *run, const struct work *work, const struct price *price, struct charge *charge)
{
    charge->status = TEXT("declined");
    if (price->result != PRICE_GOOD) {
        charge->amount = 0;
        charge->outcome = outcome_text(run->arena, &(struct reply){.outcome = TEXT("refused"),
                                                                   .reason = text_of(price_reason(price->result)),
                                                                   .product_id = price->product_id});
    } else if (!simulated_gateway.authorizes(&work->order)) {
        charge->outcome = outcome_refused(run->arena, TEXT("payment_declined"));
    } else {
        charge->status = TEXT("authorized");
        charge->authorization_id = authorization_id(run->arena, work->command->command_id);
        charge->outcome = outcome_succeeded(run->arena, authorized_result(run, charge));
    }
}

static enum status authorize_apply(struct run *run, struct work *work)
{
    const struct price *price = work->facts;
    struct charge charge = {.order_id = work->command->order_id,
                            .amount = price->total,
                            .currency = text_is_there(price->currency) ? price->currency : TEXT(""),
                            .outcome_voided = outcome_refused(run->arena, TEXT("already_voided"))};

    decide_charge(run, work, price, &charge);
    work->queued = charge_queue_authorize(run->store, run->arena, &charge);
    return STATUS_OK;
}

/* ---- payment.capture, payment.void ---- */

static enum status capture_apply(struct run *run, struct work *work)
{
    work->queued = charge_queue_capture(run->store, run->arena, work->command->order_id,
                                        outcome_succeeded(run->arena, TEXT("{\"captured\":true}")),
                                        outcome_refused(run->arena, TEXT("not_authorized")));
    return STATUS_OK;
}

static enum status void_apply(struct run *run, struct work *work)
{
    work->queued = charge_queue_void(run->store, run->arena, work->command->order_id,
                                     outcome_succeeded(run->arena, TEXT("{\"voided\":true}")),
                                     outcome_refused(run->arena, TEXT("already_captured")));
    return STATUS_OK;
}

static const struct worker payment = {
    .topic = TOPIC_PAYMENT,
    .purpose = "prices orders from the catalog, authorizes, captures and voids their payments",
    .mark_key = mark_key,
    .commands =
        {
            {.type = "payment.authorize",
             .needs_order = true,
             .load = authorize_load,
             .decide = authorize_decide,
             .apply = authorize_apply},
            {.type = "payment.capture", .apply = capture_apply},
            {.type = "payment.void", .apply = void_apply},
        },
    .scripts = {&authorize_script, &capture_script, &void_script},
};

int main(int argc, char **argv) { return worker_run(&payment, argc, argv); }
