/* main.c - the validator: checks the whole order, answers with all the errors at once. It owns nothing. */
#include "catalog_read.h"
#include "validator.h"
#include "worker.h"

/* What is known of an order between the phases. */
struct lookup {
    struct text product_ids[ORDER_LINES_MAX];
    size_t count;
};

static enum status validate_load(struct run *run, struct work *work)
{
    struct lookup *lookup = arena_take(run->arena, sizeof(*lookup));

    if (work->order_json == NULL) {
        work_fail(work, TEXT("bad_order"));
        return STATUS_OK;
    }
    lookup->count = validation_product_ids(run->arena, work->order_json, lookup->product_ids);
    catalog_want_presence(work->catalog);
    catalog_want(work->catalog, lookup->product_ids, lookup->count);
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
    struct product products[ORDER_LINES_MAX];
    struct validation validation;

    if (!catalog_is_there(work->catalog)) {
        work_fail(work, TEXT("catalog_missing"));
        return STATUS_OK;
    }
    TRY(catalog_products(work->catalog, lookup->product_ids, lookup->count, products));
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
    struct catalog_batch *catalog = catalog_begin(run->arena, run->store);

    store_begin(run->store);
    catalog_want_presence(catalog);
    catalog_queue(catalog);
    if (store_flush(run->store) != STATUS_OK)
        return "waiting for Redis";
    return !catalog_is_there(catalog) ? "there is no catalog (orderly catalog load)" : NULL;
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
