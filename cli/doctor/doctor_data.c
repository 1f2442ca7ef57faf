/* doctor_data.c - whether there is something to sell, and what waits for a person. */
#include "catalog.h"
#include "doctor.h"
#include "keys.h"

#include <inttypes.h>

#define SCAN_STEP 1000
#define KEYS_STEP 10000
#define NAMES_SHOWN 3
#define LACKING_MAX 1000 /* products without stock in `main` that are looked for elsewhere */
#define WAREHOUSES_MAX 200

/* ---- catalog ---- */

struct catalog_check {
    int64_t products, broken, lacking_count; /* lacking: no stock in main */
    struct buffer broken_names;
    struct text stock_refusal; /* TEXT_NONE: stock:main can be read */
    struct text lacking[LACKING_MAX];
};

static void add_name(struct buffer *names, int64_t count, struct text name)
{
    if (count > NAMES_SHOWN + 1)
        return;
    if (count > 1)
        buffer_add(names, TEXT(", "));
    buffer_add(names, count > NAMES_SHOWN ? TEXT("...") : name);
}

static void see_product(struct doctor *doctor, struct arena *arena, struct catalog_check *check, struct text id,
                        struct text entry)
{
    check->products++;
    if (product_read(arena, entry).state == PRODUCT_GOOD)
        return;
    check->broken++;
    add_name(&check->broken_names, check->broken, text_copy(doctor->arena, id));
}

/* Asks for the stock of these products in main, and remembers those that have none. */
static bool look_for_stock(struct doctor *doctor, struct catalog_check *check, struct text words[], size_t count)
{
    const struct store_value *reply;

    words[0] = TEXT("HMGET");
    words[1] = key_stock(doctor->arena, TEXT(WAREHOUSE_DEFAULT), STOCK_LEFT);
    if (count == 0 || text_is_there(check->stock_refusal))
        return true;
    reply = doctor_ask(doctor, "stock", words, count + 2, &check->stock_refusal);
    if (reply == NULL)
        return !doctor->redis_away;
    for (size_t i = 0; i < store_count(reply); i++) {
        if (text_is_there(store_text(store_element(reply, i))))
            continue;
        if (check->lacking_count < LACKING_MAX)
            check->lacking[check->lacking_count] = text_copy(doctor->arena, words[i + 2]);
        check->lacking_count++;
    }
    return true;
}

/* False: Redis is away. */
static bool see_page(struct doctor *doctor, struct arena *arena, struct catalog_check *check, const struct store_scan *page)
{
    size_t count = page->text_count / 2;
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));

    for (size_t i = 0; i < count; i++) {
        words[i + 2] = page->texts[2 * i];
        see_product(doctor, arena, check, page->texts[2 * i], page->texts[2 * i + 1]);
    }
    return look_for_stock(doctor, check, words, count);
}

static void tell_catalog(struct doctor *doctor, const struct catalog_check *check)
{
    if (check->products == 0)
        doctor_tell(doctor, FINDING_WRONG, "catalog", TEXT("orderly catalog load FILE"),
                    "there is none: no order can be validated");
    else if (check->broken > 0)
        doctor_tell(doctor, FINDING_WRONG, "catalog", TEXT("orderly catalog load FILE"),
                    "%" PRId64 " of %" PRId64 " products can't be understood: %.*s", check->broken, check->products,
                    TEXT_ARG(buffer_text(&check->broken_names)));
    else
        doctor_tell(doctor, FINDING_OK, "catalog", TEXT_NONE, "%" PRId64 " products", check->products);
}

/* ---- stock ---- */

/* The warehouses other than main: a look at every key of Redis, made only when main lacks something. Gives how many. */
static size_t find_warehouses(struct doctor *doctor, struct text out_keys[WAREHOUSES_MAX])
{
    struct store_scan scan = {.verb = "SCAN", .match = keys_of_stock(doctor->arena), .count = KEYS_STEP};
    struct text refusal;
    size_t count = 0;

    while (!scan.ended && doctor_scan(doctor, "stock", doctor->arena, &scan, &refusal))
        for (size_t i = 0; i < scan.text_count && count < WAREHOUSES_MAX; i++)
            out_keys[count++] = scan.texts[i];
    return count;
}

/* Strikes out of lacking what this warehouse has. */
static void look_elsewhere(struct doctor *doctor, struct catalog_check *check, struct text key)
{
    struct text *words = arena_take(doctor->arena, ((size_t)check->lacking_count + 2) * sizeof(*words)), refusal;
    const struct store_value *reply;
    int64_t kept = 0;

    words[0] = TEXT("HMGET");
    words[1] = key;
    for (int64_t i = 0; i < check->lacking_count; i++)
        words[i + 2] = check->lacking[i];
    reply = check->lacking_count == 0 ? NULL : doctor_ask(doctor, "stock", words, (size_t)check->lacking_count + 2, &refusal);
    if (reply == NULL || store_count(reply) != (size_t)check->lacking_count)
        return;
    for (int64_t i = 0; i < check->lacking_count; i++)
        if (!text_is_there(store_text(store_element(reply, (size_t)i))))
            check->lacking[kept++] = words[i + 2];
    check->lacking_count = kept;
}

static void tell_stock(struct doctor *doctor, const struct catalog_check *check, bool and_more)
{
    struct buffer names = buffer_in(doctor->arena, 256);

    for (int64_t i = 0; i < check->lacking_count; i++)
        add_name(&names, i + 1, check->lacking[i]);
    if (check->lacking_count > 0)
        doctor_tell(doctor, FINDING_WARNING, "stock", TEXT("orderly catalog load FILE"),
                    "%" PRId64 "%s products were never supplied to any warehouse: %.*s", check->lacking_count,
                    and_more ? " or more" : "", TEXT_ARG(buffer_text(&names)));
    else
        doctor_tell(doctor, FINDING_OK, "stock", TEXT_NONE, "every product has been supplied to a warehouse");
}

/* What main lacks may be in another warehouse. */
static void look_everywhere(struct doctor *doctor, struct catalog_check *check)
{
    struct text warehouses[WAREHOUSES_MAX];
    const size_t count = check->lacking_count == 0 ? 0 : find_warehouses(doctor, warehouses);

    for (size_t i = 0; i < count && !doctor->redis_away; i++)
        look_elsewhere(doctor, check, warehouses[i]);
}

static void check_stock(struct doctor *doctor, struct catalog_check *check)
{
    const bool and_more = check->lacking_count > LACKING_MAX;

    if (and_more)
        check->lacking_count = LACKING_MAX;
    look_everywhere(doctor, check);
    if (doctor->redis_away)
        return;
    if (text_is_there(check->stock_refusal)) {
        const struct text stock = key_stock(doctor->arena, TEXT(WAREHOUSE_DEFAULT), STOCK_LEFT);
        doctor_tell(doctor, FINDING_WRONG, "stock", text_format(doctor->arena, "redis-cli TYPE %.*s", TEXT_ARG(stock)),
                    "it can't be read (%.*s)", TEXT_ARG(check->stock_refusal));
        return;
    }
    tell_stock(doctor, check, and_more);
}

void doctor_catalog(struct doctor *doctor)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct catalog_check *check = arena_take_zeroed(doctor->arena, 1, sizeof(*check));
    struct store_scan scan = {.verb = "HSCAN", .key = key_catalog(doctor->arena), .count = SCAN_STEP};
    struct text refusal = TEXT_NONE;

    check->broken_names = buffer_in(doctor->arena, 256);
    while (!scan.ended && doctor_scan(doctor, "catalog", arena, &scan, &refusal) && see_page(doctor, arena, check, &scan))
        arena_reset(arena);
    if (doctor->redis_away)
        return;
    if (text_is_there(refusal)) {
        doctor_tell(doctor, FINDING_WRONG, "catalog", text_format(doctor->arena, "redis-cli TYPE %.*s", TEXT_ARG(scan.key)),
                    "it can't be read (%.*s)", TEXT_ARG(refusal));
        return;
    }
    tell_catalog(doctor, check);
    if (check->products > 0)
        check_stock(doctor, check);
}

/* ---- sagas ---- */

/* Sets of orders that should be empty. */
static const struct waiting_set {
    const char *check, *count_word;
    enum saga_status index; /* SAGA_NONE: those that were set aside */
    enum finding finding;
    const char *said, *mend; /* mend NULL: to look at the set itself */
} waiting_sets[] = {
    {"sagas:broken", "SCARD", SAGA_NONE, FINDING_WRONG, "orders can't be understood and were set aside", NULL},
    {"compensation_failed", "ZCARD", SAGA_COMPENSATION_FAILED, FINDING_WARNING,
     "orders wait for a person: what was done could not be undone",
     "orderly list --status compensation_failed; orderly retry --all --status compensation_failed"},
    {"needs_attention", "ZCARD", SAGA_NEEDS_ATTENTION, FINDING_WARNING, "orders wait for a person: shipped, but not paid",
     "orderly list --status needs_attention; orderly retry --all --status needs_attention"},
};

static void check_waiting(struct doctor *doctor, const struct waiting_set *set)
{
    const struct text key = set->index == SAGA_NONE ? key_broken(doctor->arena) : key_index(doctor->arena, set->index);
    struct text refusal;
    const struct store_value *reply = doctor_ask(doctor, set->check, (struct text[]){text_of(set->count_word), key}, 2, &refusal);

    if (doctor->redis_away)
        return;
    if (reply == NULL)
        doctor_tell(doctor, FINDING_WRONG, set->check, text_format(doctor->arena, "redis-cli TYPE %.*s", TEXT_ARG(key)),
                    "it can't be read (%.*s)", TEXT_ARG(refusal));
    else if (store_number(reply) > 0)
        doctor_tell(doctor, set->finding, set->check,
                    set->mend != NULL ? text_of(set->mend) : text_format(doctor->arena, "redis-cli SMEMBERS %.*s", TEXT_ARG(key)),
                    "%" PRId64 " %s", store_number(reply), set->said);
    else
        doctor_tell(doctor, FINDING_OK, set->check, TEXT_NONE, "none");
}

void doctor_sagas(struct doctor *doctor)
{
    for (size_t i = 0; i < COUNT_OF(waiting_sets) && !doctor->redis_away; i++)
        check_waiting(doctor, &waiting_sets[i]);
}
