/* main.c - the inventory service: allocates every line of an order or none, and releases. The rule is allocate.lua, atomic with
 * the stock: there is nothing to load and nothing to decide here. */
#include "inventory.h"
#include "keys.h"
#include "stock.h"
#include "worker.h"

static struct text items_result(struct run *run, const char *name, struct text items)
{
    struct buffer buffer = buffer_in(run->arena, items.length + 32);

    buffer_add(&buffer, TEXT("{"));
    buffer_add_json_string(&buffer, text_of(name));
    buffer_add(&buffer, TEXT(":"));
    buffer_add_json_string(&buffer, items);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

static enum status allocate_apply(struct run *run, struct work *work)
{
    struct text items = items_text(run->arena, &work->order);
    const struct allocation_outcomes outcomes = {
        .allocated = outcome_succeeded(run->arena, items_result(run, "allocated", items)),
        .released_before = outcome_refused(run->arena, TEXT("already_released")),
        .short_before_id = TEXT("{\"outcome\":\"refused\",\"reason\":\"insufficient_inventory\",\"productId\":\""),
        .short_after_id = TEXT("\"}"),
    };

    work->queued = stock_queue_allocate(run->store, run->arena, &work->order, items, &outcomes);
    return STATUS_OK;
}

/* The outcome of the first time, or the product whose stock makes no sense. */
static enum status stock_answer(struct run *run, struct work *work)
{
    const struct store_value *reply = store_value(run->store, work->queued);

    if (store_count(reply) < 2)
        return work_answer_stored(run, work, store_text(reply));
    work_fail(work, TEXT("stock_broken"));
    work->reply.product_id = text_copy(run->arena, store_text(store_element(reply, 1)));
    return STATUS_OK;
}

static enum status release_apply(struct run *run, struct work *work)
{
    work->queued =
        stock_queue_release(run->store, run->arena, &work->order, outcome_succeeded(run->arena, TEXT("{\"released\":true}")));
    return STATUS_OK;
}

static struct text mark_key(struct arena *arena, const struct work *work)
{
    return key_reservation(arena, work->order.warehouse, work->order.order_id);
}

static const struct worker inventory = {
    .topic = TOPIC_INVENTORY,
    .purpose = "takes every line of an order from the stock, or none, and puts back",
    .mark_key = mark_key,
    .commands =
        {
            {.type = "inventory.allocate", .needs_order = true, .apply = allocate_apply, .answer = stock_answer},
            {.type = "inventory.release", .needs_order = true, .apply = release_apply, .answer = stock_answer},
        },
    .scripts = {&allocate_script, &release_script},
};

int main(int argc, char **argv) { return worker_run(&inventory, argc, argv); }
