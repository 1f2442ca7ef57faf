/* main.c - the inventory service: allocates every line of an order or none, and releases. The rule is allocate.lua, atomic with the stock:
 * there is nothing to load and nothing to decide here. */
#include "inventory.h"
#include "keys.h"
#include "stock.h"
#include "worker.h"

static struct text outcome(struct run *run, const char *word, const char *reason, struct text result)
{
    return outcome_text(run->arena, &(struct reply){.outcome = text_of(word), .reason = text_of(reason), .result = result});
}

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

static enum status allocate_apply(struct run *run, struct task *task)
{
    struct text items = items_text(run->arena, &task->order);
    const struct allocation_outcomes outcomes = {
        .allocated = outcome(run, "succeeded", NULL, items_result(run, "allocated", items)),
        .released_before = outcome(run, "refused", "already_released", TEXT_NONE),
        .short_before_id = TEXT("{\"outcome\":\"refused\",\"reason\":\"insufficient_inventory\",\"productId\":\""),
        .short_after_id = TEXT("\"}"),
    };

    task->queued = stock_queue_allocate(run->store, run->arena, &task->order, items, &outcomes);
    return STATUS_OK;
}

/* The outcome of the first time, or the product whose stock makes no sense. */
static enum status stock_answer(struct run *run, struct task *task)
{
    const struct store_value *reply = store_value(run->store, task->queued);

    if (store_count(reply) < 2)
        return task_answer_stored(run, task, store_text(reply));
    task_fail(task, TEXT("stock_broken"));
    task->reply.product_id = text_copy(run->arena, store_text(store_element(reply, 1)));
    return STATUS_OK;
}

static enum status release_apply(struct run *run, struct task *task)
{
    task->queued = stock_queue_release(run->store, run->arena, &task->order,
                                       outcome(run, "succeeded", NULL, TEXT("{\"released\":true}")));
    return STATUS_OK;
}

static struct text mark_key(struct arena *arena, const struct task *task)
{
    return key_reservation(arena, task->order.warehouse, task->order.order_id);
}

static const struct worker_command commands[] = {
    {.type = "inventory.allocate", .needs_order = true, .mark_key = mark_key, .apply = allocate_apply, .answer = stock_answer},
    {.type = "inventory.release", .needs_order = true, .mark_key = mark_key, .apply = release_apply, .answer = stock_answer},
};

static enum status handle(struct run *run)
{
    static const struct worker inventory = {"/orderly/inventory", commands, COUNT_OF(commands)};

    return worker_handle(run, &inventory);
}

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_INVENTORY};
    static const enum topic sends_to[] = {TOPIC_INBOX};
    static const struct store_script *const scripts[] = {&allocate_script, &release_script, NULL};
    static const struct service inventory = {
        .name = "inventory",
        .purpose = "takes every line of an order from the stock, or none, and puts back",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .scripts = scripts,
        .handle = handle,
        .own_metrics = WORKER_METRICS,
        WORKER_SETTINGS,
    };

    return service_run(&inventory, argc, argv);
}
