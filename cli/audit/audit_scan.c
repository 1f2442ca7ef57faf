/* audit_scan.c - going through Redis in pages: SCAN gives every key that is there from beginning to end, perhaps twice, and keys
 * that come or go meanwhile perhaps. So what is found here is only suspected: it is looked at again. */
#include "audit.h"
#include "saga_load.h"

#include <inttypes.h>

#define CURSOR_SIZE 24
#define PAGE_COUNT "1000"   /* keys or members that Redis goes through in one step */
#define MATCH_COUNT "10000" /* the same when few of them match */

/* A page of SCAN, SSCAN or ZSCAN: what it gave, in the arena, and where to go on. */
struct page {
    char cursor[CURSOR_SIZE];
    struct text *texts;
    size_t count;
    bool is_last;
};

static int next_page(struct audit *audit, struct text words[], size_t count, size_t cursor_at, struct page *page)
{
    const struct store_value *reply, *list;
    int code;

    arena_reset(audit->arena);
    words[cursor_at] = text_of(page->cursor);
    code = cli_ask(audit->store, words, count, &reply);
    if (code != CLI_DONE)
        return code;
    if (store_count(reply) != 2)
        return cli_fail(CLI_ENDED_BADLY, "Redis gives no list of %.*s", TEXT_ARG(words[1]));
    list = store_element(reply, 1);
    page->count = store_count(list);
    page->texts = arena_take(audit->arena, page->count * sizeof(*page->texts));
    for (size_t i = 0; i < page->count; i++)
        page->texts[i] = text_copy(audit->arena, store_text(store_element(list, i)));
    snprintf(page->cursor, sizeof(page->cursor), "%.*s", TEXT_ARG(store_text(store_element(reply, 0))));
    page->is_last = strcmp(page->cursor, "0") == 0;
    return CLI_DONE;
}

/* ---- orders ---- */

static int look_at_sagas(struct audit *audit, const struct audit_subject subjects[], size_t count)
{
    int code = CLI_DONE;

    for (size_t done = 0; code == CLI_DONE && done < count; done += AUDIT_LOOK_MAX) {
        size_t some = count - done < AUDIT_LOOK_MAX ? count - done : AUDIT_LOOK_MAX;
        struct audit_seen seen[AUDIT_LOOK_MAX];
        code = audit_look(audit, subjects + done, some, false, seen);
        for (size_t i = 0; code == CLI_DONE && i < some; i++)
            if (seen[i].violations != 0 || seen[i].moved)
                audit_findings_note(&audit->findings, seen[i].order.order_id, TEXT_NONE, seen[i].version, seen[i].violations);
    }
    return code;
}

/* ---- what has to belong to an order ---- */

static enum audit_violation orphan_of(enum key_kind kind)
{
    switch (kind) {
    case KEY_PAYMENT:
        return AUDIT_ORPHAN_PAYMENT;
    case KEY_SHIPMENT:
        return AUDIT_ORPHAN_SHIPMENT;
    case KEY_RESERVATION:
        return AUDIT_ORPHAN_RESERVATION;
    default:
        return AUDIT_ORPHAN_HISTORY;
    }
}

static void queue_owner(struct audit *audit, const struct key_parts *key)
{
    struct text saga = key_saga(audit->arena, key->order_id);

    store_queue(audit->store, saga, (struct text[]){TEXT("HMGET"), saga, TEXT("version"), TEXT("order")}, 4);
}

/* What its saga says of it, if there is one. A hash that is none, or without version, is found when the saga itself is read. */
static void judge_owner(struct audit *audit, const struct key_parts *key, const struct store_value *reply)
{
    struct text order, warehouse;
    int64_t version = 0;

    if (store_count(reply) != 2)
        return;
    order = text_copy(audit->arena, store_text(store_element(reply, 1)));
    (void)!text_to_number(store_text(store_element(reply, 0)), &version);
    if (!text_is_there(order) && version == 0) {
        audit_findings_note(&audit->findings, key->order_id, key->warehouse, 0, AUDIT_SET(orphan_of(key->kind)));
        return;
    }
    if (key->kind != KEY_RESERVATION)
        return;
    warehouse = order_warehouse(audit->arena, order);
    if (!text_equals(warehouse, key->warehouse))
        audit_findings_note(&audit->findings, key->order_id, key->warehouse, version, AUDIT_SET(AUDIT_RESERVATION_ELSEWHERE));
}

static int look_at_owners(struct audit *audit, const struct key_parts keys[], size_t count)
{
    int code;

    store_begin(audit->store);
    for (size_t i = 0; i < count; i++)
        queue_owner(audit, &keys[i]);
    code = cli_flush(audit->store);
    for (size_t i = 0; code == CLI_DONE && i < count; i++)
        judge_owner(audit, &keys[i], store_value(audit->store, i));
    return code;
}

/* ---- reservations ---- */

static int hold_reservations(struct audit *audit, const struct key_parts keys[], size_t count)
{
    int code;

    store_begin(audit->store);
    for (size_t i = 0; i < count; i++) {
        struct text key = key_reservation(audit->arena, keys[i].warehouse, keys[i].order_id);
        store_queue(audit->store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("items")}, 4);
    }
    code = cli_flush(audit->store);
    for (size_t i = 0; code == CLI_DONE && i < count; i++) {
        const struct store_value *reply = store_value(audit->store, i);
        if (store_count(reply) == 2 && text_equals(store_text(store_element(reply, 0)), TEXT("allocated")))
            audit_stock_hold(audit->stock, keys[i].warehouse, store_text(store_element(reply, 1)));
    }
    return code;
}

/* ---- all keys ---- */

/* The keys of a page, apart. */
struct sorted {
    struct audit_subject *sagas;
    struct key_parts *parts, *reservations;
    size_t saga_count, part_count, reservation_count;
};

static void sort_key(struct audit *audit, struct sorted *sorted, struct text name)
{
    struct key_parts key = key_read(name);

    audit->totals.keys[key.kind]++;
    switch (key.kind) {
    case KEY_SAGA:
        sorted->sagas[sorted->saga_count++] = (struct audit_subject){.order_id = key.order_id};
        break;
    case KEY_STOCK:
        audit_stock_know(audit->stock, key.warehouse);
        break;
    case KEY_RESERVATION:
        sorted->reservations[sorted->reservation_count++] = key;
        sorted->parts[sorted->part_count++] = key;
        break;
    case KEY_PAYMENT:
    case KEY_SHIPMENT:
    case KEY_HISTORY:
        sorted->parts[sorted->part_count++] = key;
        break;
    default:
        break;
    }
}

static struct sorted sort_page(struct audit *audit, const struct page *page)
{
    struct sorted sorted = {
        .sagas = arena_take(audit->arena, page->count * sizeof(*sorted.sagas)),
        .parts = arena_take(audit->arena, page->count * sizeof(*sorted.parts)),
        .reservations = arena_take(audit->arena, page->count * sizeof(*sorted.reservations)),
    };

    for (size_t i = 0; i < page->count; i++)
        sort_key(audit, &sorted, page->texts[i]);
    return sorted;
}

static int judge_page(struct audit *audit, const struct page *page)
{
    struct sorted sorted = sort_page(audit, page);
    int code = audit_read_clock(audit);

    if (code == CLI_DONE)
        code = hold_reservations(audit, sorted.reservations, sorted.reservation_count);
    if (code == CLI_DONE)
        code = look_at_sagas(audit, sorted.sagas, sorted.saga_count);
    return code == CLI_DONE ? look_at_owners(audit, sorted.parts, sorted.part_count) : code;
}

static int count_keys(struct audit *audit, size_t *out_count)
{
    int code;

    store_begin(audit->store);
    store_queue(audit->store, TEXT_NONE, &TEXT("DBSIZE"), 1);
    code = cli_flush(audit->store);
    if (code == CLI_DONE)
        *out_count = (size_t)store_number(store_value(audit->store, 0));
    return code;
}

int audit_scan_keys(struct audit *audit)
{
    struct page page = {.cursor = "0"};
    size_t total = 0, done = 0;
    int code = count_keys(audit, &total);

    while (code == CLI_DONE && !page.is_last) {
        code = next_page(audit, (struct text[]){TEXT("SCAN"), TEXT_NONE, TEXT("COUNT"), TEXT(PAGE_COUNT)}, 4, 1, &page);
        if (code == CLI_DONE)
            code = judge_page(audit, &page);
        done += page.count;
        progress_draw(&audit->progress, "keys", done, total);
    }
    return code;
}

int audit_scan_reservations(struct audit *audit)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create();
    struct text pattern = keys_of_reservations(kept);
    struct page page = {.cursor = "0"};
    size_t done = 0;
    int code = CLI_DONE;

    while (code == CLI_DONE && !page.is_last) {
        struct key_parts *keys;
        code = next_page(
            audit, (struct text[]){TEXT("SCAN"), TEXT_NONE, TEXT("MATCH"), pattern, TEXT("COUNT"), TEXT(MATCH_COUNT)}, 6, 1, &page);
        if (code != CLI_DONE)
            return code;
        keys = arena_take(audit->arena, page.count * sizeof(*keys));
        for (size_t i = 0; i < page.count; i++)
            keys[i] = key_read(page.texts[i]);
        code = hold_reservations(audit, keys, page.count);
        done += page.count;
        progress_draw(&audit->progress, "stock again", done, audit->totals.keys[KEY_RESERVATION]);
    }
    return code;
}

int audit_scan_stock_keys(struct audit *audit)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create();
    struct text pattern = keys_of_stock(kept);
    struct page page = {.cursor = "0"};
    int code = CLI_DONE;

    while (code == CLI_DONE && !page.is_last) {
        code = next_page(
            audit, (struct text[]){TEXT("SCAN"), TEXT_NONE, TEXT("MATCH"), pattern, TEXT("COUNT"), TEXT(MATCH_COUNT)}, 6, 1, &page);
        for (size_t i = 0; code == CLI_DONE && i < page.count; i++)
            audit_stock_know(audit->stock, key_read(page.texts[i]).warehouse);
    }
    return code;
}

/* ---- indexes, timers, sagas:broken ---- */

/* A sorted set, or a set, and what a saga in it must be like. */
struct listing {
    struct text key;
    size_t width; /* texts for each member: it alone, or with its score */
    audit_set violation;
    bool (*belongs)(const struct listing *listing, struct text order_id, enum saga_status status);
    enum saga_status index; /* of an index */
    uint64_t shard;         /* of timers */
};

static bool belongs_in_index(const struct listing *listing, struct text order_id, enum saga_status status)
{
    (void)order_id;
    return status != SAGA_NONE && audit_index_bit(status) == audit_index_bit(listing->index);
}

static bool belongs_in_timers(const struct listing *listing, struct text order_id, enum saga_status status)
{
    bool active = status != SAGA_NONE && !saga_status_is_terminal(status) && !saga_status_is_parked(status);

    return active && timer_shard(order_id) == listing->shard;
}

static bool belongs_nowhere(const struct listing *listing, struct text order_id, enum saga_status status)
{
    (void)listing, (void)order_id, (void)status;
    return false;
}

static int judge_members(struct audit *audit, const struct listing *listing, const struct page *page)
{
    int code;

    store_begin(audit->store);
    for (size_t i = 0; i < page->count; i += listing->width) {
        struct text key = key_saga(audit->arena, page->texts[i]);
        store_queue(audit->store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("version")}, 4);
    }
    code = cli_flush(audit->store);
    for (size_t i = 0; code == CLI_DONE && i < page->count; i += listing->width) {
        const struct store_value *reply = store_value(audit->store, i / listing->width);
        enum saga_status status = SAGA_NONE;
        int64_t version = 0;
        if (store_count(reply) == 2) {
            status = saga_status_of(store_text(store_element(reply, 0)));
            (void)!text_to_number(store_text(store_element(reply, 1)), &version);
        }
        if (!listing->belongs(listing, page->texts[i], status))
            audit_findings_note(&audit->findings, page->texts[i], TEXT_NONE, version, listing->violation);
        audit->totals.listed++;
    }
    return code;
}

static int scan_listing(struct audit *audit, const struct listing *listing, const char *verb)
{
    struct page page = {.cursor = "0"};
    int code = CLI_DONE;

    while (code == CLI_DONE && !page.is_last) {
        code = next_page(audit, (struct text[]){text_of(verb), listing->key, TEXT_NONE, TEXT("COUNT"), TEXT(PAGE_COUNT)}, 5, 2,
                         &page);
        if (code == CLI_DONE)
            code = judge_members(audit, listing, &page);
        progress_draw(&audit->progress, "indexes", audit->totals.listed, 0);
    }
    return code;
}

int audit_scan_listings(struct audit *audit)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create(); /* the audit's own is reset with every page */
    struct listing broken = {
        .key = key_broken(kept), .width = 1, .violation = AUDIT_SET(AUDIT_SAGA_SET_ASIDE), .belongs = belongs_nowhere};
    int code = scan_listing(audit, &broken, "SSCAN");

    for (enum saga_status status = SAGA_CAPTURING_PAYMENT; code == CLI_DONE && status < SAGA_STATUS_COUNT; status++) {
        code = scan_listing(audit,
                            &(struct listing){.key = key_index(kept, status),
                                              .width = 2,
                                              .violation = AUDIT_SET(AUDIT_INDEX_STRAY),
                                              .belongs = belongs_in_index,
                                              .index = status},
                            "ZSCAN");
    }
    for (uint64_t shard = 0; code == CLI_DONE && shard < TIMER_SHARDS; shard++) {
        code = scan_listing(audit,
                            &(struct listing){.key = key_timers(kept, shard),
                                              .width = 2,
                                              .violation = AUDIT_SET(AUDIT_TIMER_STRAY),
                                              .belongs = belongs_in_timers,
                                              .shard = shard},
                            "ZSCAN");
    }
    return code;
}
