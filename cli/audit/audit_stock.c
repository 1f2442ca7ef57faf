/* audit_stock.c - the books of the warehouses, product by product.
 *
 * The four numbers of a product are read in one transaction, so supplied = stock + taken can be judged at once. What the
 * reservations hold is added up while orders go on: it is compared only when the numbers are the same before and after, or agrees
 * with them anyway. What is wrong has to be wrong in the same way in two rounds. */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_SIZE (PRODUCT_ID_MAX + 1)
#define SLOTS_FIRST ((size_t)256)
#define PRODUCTS_MAX ((size_t)1 << 20) /* of all warehouses; with more nothing is added up, and a line says so */
#define WAREHOUSES_MAX 1000
#define PRODUCTS_SCANNED 1000 /* products that Redis goes through in one step */
#define PRODUCT_PAGE 500      /* products in one transaction: Redis serves nobody else meanwhile */
#define UNITS_MAX MONEY_MAX

enum number { NUMBER_SUPPLIED, NUMBER_LEFT, NUMBER_TAKEN, NUMBER_SWEPT, NUMBER_COUNT };
static const struct {
    enum stock_book book;
    const char *word;
} numbers_of[NUMBER_COUNT] = {
    {STOCK_SUPPLIED, "supplied"}, {STOCK_LEFT, "stock"}, {STOCK_TAKEN, "taken"}, {STOCK_SWEPT, "swept"}};

struct numbers {
    bool are_known, make_sense;
    int64_t of[NUMBER_COUNT];
};

struct product_books {
    size_t warehouse;
    char id[ID_SIZE];
    struct numbers before, after, last; /* last: of the round before, when something was wrong then */
    int64_t held, last_held;
    audit_set last_found;
    bool is_done;
};

struct audit_stock {
    char (*warehouses)[ID_SIZE];
    size_t warehouse_count;
    struct product_books *products;
    size_t product_count, product_room;
    size_t *slots, slot_count; /* place of the product + 1; a power of two */
    bool is_full;
};

static void *grow(void *bytes, size_t size)
{
    void *grown = realloc(bytes, size);

    if (grown == NULL)
        abort();
    return grown;
}

struct audit_stock *audit_stock_create(void)
{
    struct audit_stock *stock = calloc(1, sizeof(*stock));

    if (stock == NULL)
        abort();
    return stock;
}

void audit_stock_destroy(struct audit_stock *stock)
{
    if (stock == NULL)
        return;
    free(stock->warehouses);
    free(stock->products);
    free(stock->slots);
    free(stock);
}

/* ---- the table ---- */

/* The place of a warehouse; SIZE_MAX: no warehouse can have this name, or there are too many. */
static size_t warehouse_place(struct audit_stock *stock, struct text warehouse)
{
    for (size_t i = 0; i < stock->warehouse_count; i++)
        if (text_equals(text_of(stock->warehouses[i]), warehouse))
            return i;
    if (!warehouse_is_good(warehouse))
        return SIZE_MAX;
    if (stock->warehouse_count == WAREHOUSES_MAX) {
        stock->is_full = true;
        return SIZE_MAX;
    }
    stock->warehouses = grow(stock->warehouses, (stock->warehouse_count + 1) * sizeof(*stock->warehouses));
    snprintf(stock->warehouses[stock->warehouse_count], ID_SIZE, "%.*s", TEXT_ARG(warehouse));
    return stock->warehouse_count++;
}

static size_t *slot_of(struct audit_stock *stock, size_t warehouse, struct text id)
{
    size_t slot = (size_t)(text_hash(id) + warehouse) & (stock->slot_count - 1);

    for (; stock->slots[slot] != 0; slot = (slot + 1) & (stock->slot_count - 1)) {
        const struct product_books *product = &stock->products[stock->slots[slot] - 1];
        if (product->warehouse == warehouse && text_equals(text_of(product->id), id))
            break;
    }
    return &stock->slots[slot];
}

static void make_room(struct audit_stock *stock)
{
    if (stock->product_count * 2 < stock->slot_count)
        return;
    free(stock->slots);
    stock->slot_count = stock->slot_count == 0 ? SLOTS_FIRST : stock->slot_count * 2;
    stock->slots = calloc(stock->slot_count, sizeof(*stock->slots));
    if (stock->slots == NULL)
        abort();
    stock->product_room = stock->slot_count / 2 + 1;
    stock->products = grow(stock->products, stock->product_room * sizeof(*stock->products));
    for (size_t i = 0; i < stock->product_count; i++)
        *slot_of(stock, stock->products[i].warehouse, text_of(stock->products[i].id)) = i + 1;
}

/* The books of a product, new ones when it is not known yet. NULL: no product can have this id, or there are too many. */
static struct product_books *product_of(struct audit_stock *stock, size_t warehouse, struct text id)
{
    size_t *slot;

    if (warehouse == SIZE_MAX || id.length == 0 || id.length > PRODUCT_ID_MAX)
        return NULL;
    make_room(stock);
    slot = slot_of(stock, warehouse, id);
    if (*slot == 0) {
        struct product_books *product = &stock->products[stock->product_count];
        if (stock->product_count == PRODUCTS_MAX) {
            stock->is_full = true;
            return NULL;
        }
        *product = (struct product_books){.warehouse = warehouse};
        snprintf(product->id, sizeof(product->id), "%.*s", TEXT_ARG(id));
        *slot = ++stock->product_count;
    }
    return &stock->products[*slot - 1];
}

void audit_stock_know(struct audit_stock *stock, struct text warehouse) { (void)warehouse_place(stock, warehouse); }

/* One item, "KEYBOARD=2". */
static void hold_item(struct audit_stock *stock, size_t warehouse, struct text item)
{
    struct product_books *product;
    struct text id;
    int64_t units;

    if (!text_split(&item, '=', &id) || !text_to_number_between(item, 1, INT64_MAX, &units))
        return;
    product = product_of(stock, warehouse, id);
    if (product != NULL && __builtin_add_overflow(product->held, units, &product->held))
        product->held = INT64_MAX;
}

void audit_stock_hold(struct audit_stock *stock, struct text warehouse, struct text items)
{
    size_t place = warehouse_place(stock, warehouse);
    struct text item;
    bool more = true;

    while (more) {
        more = text_split(&items, ' ', &item);
        hold_item(stock, place, item);
    }
}

size_t audit_stock_open(const struct audit_stock *stock)
{
    size_t open = 0;

    for (size_t i = 0; i < stock->product_count; i++)
        open += !stock->products[i].is_done;
    return open;
}

/* ---- reading ---- */

static struct text number_key(struct arena *arena, enum number number, const char *warehouse)
{
    return key_stock(arena, text_of(warehouse), numbers_of[number].book);
}

/* Every product that one of the hashes knows of. */
static enum cli_exit find_products(struct audit *audit, size_t warehouse, enum number number)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create();
    struct store_scan scan = {
        .verb = "HSCAN", .key = number_key(kept, number, audit->stock->warehouses[warehouse]), .count = PRODUCTS_SCANNED};

    while (!scan.ended) {
        arena_reset(audit->arena);
        CLI_TRY(cli_scan(audit->store, audit->arena, &scan));
        for (size_t i = 0; i + 1 < scan.text_count; i += 2)
            (void)product_of(audit->stock, warehouse, scan.texts[i]);
    }
    return CLI_DONE;
}

/* Reads a whole number that a script can compute with, written as a script writes it (not 007); TEXT_NONE is 0. */
static bool read_number(struct text text, int64_t *out_number)
{
    bool is_plain = text.length == 1 || (text.length > 1 && text.at[0] >= '1' && text.at[0] <= '9');

    *out_number = 0;
    return !text_is_there(text) || (is_plain && text_to_number(text, out_number) && *out_number <= UNITS_MAX);
}

static struct numbers numbers_read(const struct store_value *reply, size_t i)
{
    struct numbers numbers = {.are_known = true, .make_sense = true};

    for (enum number number = 0; number < NUMBER_COUNT; number++)
        if (!read_number(store_text(store_element(store_element(reply, number), i)), &numbers.of[number]))
            numbers.make_sense = false;
    return numbers;
}

/* words: HMGET, room for the key, the products. */
static void queue_numbers(struct audit *audit, const char *warehouse, struct text words[], size_t count)
{
    store_begin(audit->store);
    words[1] = number_key(audit->arena, NUMBER_LEFT, warehouse);
    store_queue(audit->store, words[1], &TEXT("MULTI"), 1);
    for (enum number number = 0; number < NUMBER_COUNT; number++) {
        words[1] = number_key(audit->arena, number, warehouse);
        store_queue(audit->store, words[1], words, count);
    }
    store_queue(audit->store, words[1], &TEXT("EXEC"), 1);
}

/* The numbers of these products of one warehouse, in one transaction. */
static enum cli_exit read_page(struct audit *audit, struct product_books *const products[], size_t count, bool before)
{
    const char *warehouse = audit->stock->warehouses[products[0]->warehouse];
    struct text words[PRODUCT_PAGE + 2] = {TEXT("HMGET")};
    const struct store_value *reply;

    arena_reset(audit->arena);
    for (size_t i = 0; i < count; i++)
        words[i + 2] = text_of(products[i]->id);
    queue_numbers(audit, warehouse, words, count + 2);
    CLI_TRY(cli_flush(audit->store));
    reply = store_value(audit->store, NUMBER_COUNT + 1);
    for (enum number number = 0; number < NUMBER_COUNT; number++)
        if (store_count(reply) != NUMBER_COUNT || store_count(store_element(reply, number)) != count)
            return cli_fail(CLI_ENDED_BADLY, "the stock of %s can't be read: look at it with redis-cli TYPE", warehouse);
    for (size_t i = 0; i < count; i++)
        *(before ? &products[i]->before : &products[i]->after) = numbers_read(reply, i);
    return CLI_DONE;
}

static enum cli_exit read_numbers(struct audit *audit, size_t warehouse, bool before)
{
    struct product_books *page[PRODUCT_PAGE];
    size_t count = 0;

    for (size_t i = 0; i < audit->stock->product_count; i++) {
        struct product_books *product = &audit->stock->products[i];
        if (product->warehouse == warehouse && !product->is_done)
            page[count++] = product;
        if (count == PRODUCT_PAGE) {
            CLI_TRY(read_page(audit, page, count, before));
            count = 0;
        }
    }
    return count > 0 ? read_page(audit, page, count, before) : CLI_DONE;
}

static enum cli_exit read_all(struct audit *audit, bool before)
{
    for (size_t i = 0; i < audit->stock->warehouse_count; i++) {
        for (enum number number = 0; number < NUMBER_COUNT; number++)
            CLI_TRY(find_products(audit, i, number));
        CLI_TRY(read_numbers(audit, i, before));
    }
    return CLI_DONE;
}

enum cli_exit audit_stock_begin(struct audit *audit)
{
    for (size_t i = 0; i < audit->stock->product_count; i++) {
        audit->stock->products[i].held = 0;
        audit->stock->products[i].before.are_known = false;
    }
    return read_all(audit, true);
}

/* ---- judging ---- */

static bool are_same(const struct numbers *a, const struct numbers *b)
{
    return a->are_known && b->are_known && memcmp(a->of, b->of, sizeof(a->of)) == 0;
}

static audit_set judge_numbers(const struct numbers *numbers)
{
    if (!numbers->make_sense)
        return AUDIT_SET(AUDIT_STOCK_NONSENSE);
    return numbers->of[NUMBER_SUPPLIED] == numbers->of[NUMBER_LEFT] + numbers->of[NUMBER_TAKEN] ? 0 : AUDIT_SET(AUDIT_STOCK_SUM);
}

static bool is_held_right(const struct product_books *product)
{
    return product->after.of[NUMBER_TAKEN] - product->after.of[NUMBER_SWEPT] == product->held;
}

/* What is wrong in this round, and wrong in the same way as in the one before. */
static audit_set confirm(const struct product_books *product, audit_set found)
{
    bool same = are_same(&product->last, &product->after) && product->last_held == product->held;

    return found & product->last_found & (same ? ~(audit_set)0 : ~AUDIT_SET(AUDIT_STOCK_HELD));
}

static void report(struct audit *audit, const struct product_books *product, audit_set violations)
{
    const int64_t *of = product->after.of;
    struct text detail =
        text_format(audit->arena, "supplied=%" PRId64 " stock=%" PRId64 " taken=%" PRId64 " swept=%" PRId64 " held=%" PRId64,
                    of[NUMBER_SUPPLIED], of[NUMBER_LEFT], of[NUMBER_TAKEN], of[NUMBER_SWEPT], product->held);

    for (enum audit_violation violation = 0; violation < AUDIT_VIOLATION_COUNT; violation++)
        if ((violations & AUDIT_SET(violation)) != 0)
            audit_report_product(audit, violation, text_of(audit->stock->warehouses[product->warehouse]), text_of(product->id),
                                 detail);
}

static void judge(struct audit *audit, struct product_books *product)
{
    audit_set found = judge_numbers(&product->after), sure;
    bool stood_still = are_same(&product->before, &product->after), agrees = is_held_right(product);

    if (product->after.make_sense && stood_still && !agrees)
        found |= AUDIT_SET(AUDIT_STOCK_HELD);
    sure = confirm(product, found);
    if (sure != 0)
        report(audit, product, sure);
    product->is_done = sure != 0 || (found == 0 && agrees);
    product->last = product->after;
    product->last_held = product->held;
    product->last_found = found;
}

enum cli_exit audit_stock_end(struct audit *audit)
{
    struct audit_stock *stock = audit->stock;

    CLI_TRY(read_all(audit, false));
    arena_reset(audit->arena);
    for (size_t i = 0; i < stock->product_count; i++)
        if (!stock->products[i].is_done)
            judge(audit, &stock->products[i]);
    audit->totals.products = stock->product_count;
    if (stock->is_full)
        return cli_fail(CLI_ENDED_BADLY, "more than %zu products or %d warehouses: the audit can't add them up", PRODUCTS_MAX,
                        WAREHOUSES_MAX);
    return CLI_DONE;
}
