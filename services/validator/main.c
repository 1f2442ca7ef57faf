/* main.c - the validator: checks the whole order, answers with all the errors at once. It owns nothing. */
#include "catalog_read.h"
#include "validator.h"
#include "worker.h"

/* What is known of an order between the phases. */
struct lookup {
    struct text product_ids[ORDER_LINES_MAX];
    size_t count;
    size_t presence; /* number of the question whether there is a catalog */
};

static enum status validate_load(struct run *run, struct task *task)
{
    struct lookup *lookup = arena_take(run->arena, sizeof(*lookup));
    struct text asked[ORDER_LINES_MAX];

    if (task->order_json == NULL) {
        task_fail(task, TEXT("bad_order"));
        return STATUS_OK;
    }
    lookup->count = validation_product_ids(run->arena, task->order_json, lookup->product_ids);
    for (size_t i = 0; i < lookup->count; i++)
        asked[i] = text_is_there(lookup->product_ids[i]) ? lookup->product_ids[i] : TEXT("");
    lookup->presence = catalog_queue_presence(run->store, run->arena);
    if (lookup->count > 0)
        task->queued = catalog_queue(run->store, run->arena, asked, lookup->count);
    task->facts = lookup;
    return STATUS_OK;
}

static struct text good_result(struct run *run, const struct validation *validation)
{
    struct buffer buffer = buffer_in(run->arena, 48);

    buffer_add(&buffer, TEXT("{\"lines\":"));
    buffer_add_number(&buffer, (int64_t)validation->line_count);
    if (text_is_there(validation->currency)) {
        buffer_add(&buffer, TEXT(",\"currency\":"));
        buffer_add_json_string(&buffer, validation->currency);
    }
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

static enum status validate_decide(struct run *run, struct task *task)
{
    const struct lookup *lookup = task->facts;
    struct product *products = arena_take(run->arena, (lookup->count + 1) * sizeof(*products));
    struct validation validation;

    if (store_number(store_value(run->store, lookup->presence)) == 0) {
        task_fail(task, TEXT("catalog_missing"));
        return STATUS_OK;
    }
    if (lookup->count > 0)
        TRY(catalog_products(run->arena, store_value(run->store, task->queued), products, lookup->count));
    validation = validate_order(run->arena, task->order_json, lookup->product_ids, products, lookup->count);
    if (validation.error_count == 0) {
        task_succeed(task, good_result(run, &validation));
        return STATUS_OK;
    }
    task_refuse(task, TEXT("validation_failed"));
    task->reply.errors = validation.errors;
    return STATUS_OK;
}

static const struct worker_command commands[] = {
    {.type = "order.validate", .load = validate_load, .decide = validate_decide},
};

static enum status handle(struct run *run)
{
    static const struct worker validator = {"/orderly/validator", commands, COUNT_OF(commands)};

    return worker_handle(run, &validator);
}

/* Without a catalog every order would wait: somebody has to load it first. */
static const char *lack(struct run *run)
{
    size_t presence;

    store_begin(run->store);
    presence = catalog_queue_presence(run->store, run->arena);
    if (store_flush(run->store) != STATUS_OK)
        return "waiting for Redis";
    return store_number(store_value(run->store, presence)) == 0 ? "there is no catalog (orderly catalog load)" : NULL;
}

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_VALIDATOR};
    static const enum topic sends_to[] = {TOPIC_INBOX};
    static const struct service validator = {
        .name = "validator",
        .purpose = "checks whole orders, answers with all the errors at once",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .handle = handle,
        .own_metrics = WORKER_METRICS,
        WORKER_SETTINGS,
        .lack = lack,
    };

    return service_run(&validator, argc, argv);
}
