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

static enum status validate_load(struct run *run, struct work *work)
{
    struct lookup *lookup = arena_take(run->arena, sizeof(*lookup));
    struct text asked[ORDER_LINES_MAX];

    if (work->order_json == NULL) {
        work_fail(work, TEXT("bad_order"));
        return STATUS_OK;
    }
    lookup->count = validation_product_ids(run->arena, work->order_json, lookup->product_ids);
    for (size_t i = 0; i < lookup->count; i++)
        asked[i] = text_is_there(lookup->product_ids[i]) ? lookup->product_ids[i] : TEXT("");
    lookup->presence = catalog_queue_presence(run->store, run->arena);
    if (lookup->count > 0)
        work->queued = catalog_queue(run->store, run->arena, asked, lookup->count);
    work->facts = lookup;
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

static enum status validate_decide(struct run *run, struct work *work)
{
    const struct lookup *lookup = work->facts;
    struct product *products = arena_take(run->arena, (lookup->count + 1) * sizeof(*products));
    struct validation validation;

    if (store_number(store_value(run->store, lookup->presence)) == 0) {
        work_fail(work, TEXT("catalog_missing"));
        return STATUS_OK;
    }
    if (lookup->count > 0)
        TRY(catalog_products(run->arena, store_value(run->store, work->queued), products, lookup->count));
    validation = validate_order(run->arena, work->order_json, lookup->product_ids, products, lookup->count);
    if (validation.error_count == 0) {
        work_succeed(work, good_result(run, &validation));
        return STATUS_OK;
    }
    work_refuse(work, TEXT("validation_failed"));
    work->reply.errors = validation.errors;
    return STATUS_OK;
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

static const struct worker validator = {
    .topic = TOPIC_VALIDATOR,
    .purpose = "checks whole orders, answers with all the errors at once",
    .commands =
        {
            {.type = "order.validate", .load = validate_load, .decide = validate_decide},
        },
    .lack = lack,
};

int main(int argc, char **argv) { return worker_run(&validator, argc, argv); }
