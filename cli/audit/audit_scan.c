/* audit_scan.c - going through Redis in pages: SCAN gives every key that is there from beginning to end, perhaps twice, and keys
 * that come or go meanwhile perhaps. So what is found here is only suspected: it is looked at again. */
#include "audit.h"

#define PAGE_COUNT 1000   /* keys or members that Redis goes through in one step */
#define MATCH_COUNT 10000 /* the same when few of them match */

/* The next page, in the audit's arena, which is emptied before. */
static enum cli_exit next_page(struct audit *audit, struct store_scan *scan)
{
    arena_reset(audit->arena);
    return cli_scan(audit->store, audit->arena, scan);
}

/* ---- orders ---- */

static void note_what_is_wrong(struct audit *audit, const struct audit_seen *seen)
{
    if (seen->violations != 0 || seen->moved)
        audit_findings_note(&audit->findings, seen->order.order_id, TEXT_NONE, seen->version, seen->violations);
}

static enum cli_exit look_at_sagas(struct audit *audit, const struct audit_subject subjects[], size_t count)
{
    struct audit_seen seen[AUDIT_LOOK_MAX];

    for (size_t done = 0; done < count; done += AUDIT_LOOK_MAX) {
        size_t some = count - done < AUDIT_LOOK_MAX ? count - done : AUDIT_LOOK_MAX;
        CLI_TRY(audit_look(audit, subjects + done, some, false, seen));
        for (size_t i = 0; i < some; i++)
            note_what_is_wrong(audit, &seen[i]);
    }
    return CLI_DONE;
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

static enum cli_exit look_at_owners(struct audit *audit, const struct key_parts keys[], size_t count)
{
    store_begin(audit->store);
    for (size_t i = 0; i < count; i++)
        queue_owner(audit, &keys[i]);
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < count; i++)
        judge_owner(audit, &keys[i], store_value(audit->store, i));
    return CLI_DONE;
}

/* ---- reservations ---- */

static enum cli_exit hold_reservations(struct audit *audit, const struct key_parts keys[], size_t count)
{
    store_begin(audit->store);
    for (size_t i = 0; i < count; i++) {
        struct text key = key_reservation(audit->arena, keys[i].warehouse, keys[i].order_id);
        store_queue(audit->store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("items")}, 4);
    }
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < count; i++) {
        const struct store_value *reply = store_value(audit->store, i);
        if (store_count(reply) == 2 && text_equals(store_text(store_element(reply, 0)), TEXT("allocated")))
            audit_stock_hold(audit->stock, keys[i].warehouse, store_text(store_element(reply, 1)));
    }
    return CLI_DONE;
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

static struct sorted sort_page(struct audit *audit, const struct store_scan *page)
{
    struct sorted sorted = {
        .sagas = arena_take(audit->arena, page->text_count * sizeof(*sorted.sagas)),
        .parts = arena_take(audit->arena, page->text_count * sizeof(*sorted.parts)),
        .reservations = arena_take(audit->arena, page->text_count * sizeof(*sorted.reservations)),
    };

    for (size_t i = 0; i < page->text_count; i++)
        sort_key(audit, &sorted, page->texts[i]);
    return sorted;
}

static enum cli_exit judge_page(struct audit *audit, const struct store_scan *page)
{
    struct sorted sorted = sort_page(audit, page);

    CLI_TRY(audit_read_clock(audit));
    CLI_TRY(hold_reservations(audit, sorted.reservations, sorted.reservation_count));
    CLI_TRY(look_at_sagas(audit, sorted.sagas, sorted.saga_count));
    return look_at_owners(audit, sorted.parts, sorted.part_count);
}

static enum cli_exit count_keys(struct audit *audit, size_t *out_count)
{
    store_begin(audit->store);
    store_queue(audit->store, TEXT_NONE, &TEXT("DBSIZE"), 1);
    CLI_TRY(cli_flush(audit->store));
    *out_count = (size_t)store_number(store_value(audit->store, 0));
    return CLI_DONE;
}

enum cli_exit audit_scan_keys(struct audit *audit)
{
    struct store_scan page = {.verb = "SCAN", .count = PAGE_COUNT};
    size_t total = 0, done = 0;

    CLI_TRY(count_keys(audit, &total));
    while (!page.ended) {
        CLI_TRY(next_page(audit, &page));
        CLI_TRY(judge_page(audit, &page));
        done += page.text_count;
        progress_draw(&audit->progress, "keys", done, total);
    }
    return CLI_DONE;
}

static enum cli_exit hold_page(struct audit *audit, const struct store_scan *page)
{
    struct key_parts *keys = arena_take(audit->arena, page->text_count * sizeof(*keys));

    for (size_t i = 0; i < page->text_count; i++)
        keys[i] = key_read(page->texts[i]);
    return hold_reservations(audit, keys, page->text_count);
}

enum cli_exit audit_scan_reservations(struct audit *audit)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create();
    struct store_scan page = {.verb = "SCAN", .match = keys_of_reservations(kept), .count = MATCH_COUNT};
    size_t done = 0;

    while (!page.ended) {
        CLI_TRY(next_page(audit, &page));
        CLI_TRY(hold_page(audit, &page));
        done += page.text_count;
        progress_draw(&audit->progress, "stock again", done, audit->totals.keys[KEY_RESERVATION]);
    }
    return CLI_DONE;
}

enum cli_exit audit_scan_stock_keys(struct audit *audit)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create();
    struct store_scan page = {.verb = "SCAN", .match = keys_of_stock(kept), .count = MATCH_COUNT};

    while (!page.ended) {
        CLI_TRY(next_page(audit, &page));
        for (size_t i = 0; i < page.text_count; i++)
            audit_stock_know(audit->stock, key_read(page.texts[i]).warehouse);
    }
    return CLI_DONE;
}

/* ---- indexes, timers, sagas:broken ---- */

/* A sorted set, or a set, and what a saga in it must be like. */
struct listing {
    struct text key;
    size_t width; /* how many texts a page has for each member: 1, or 2 with its score */
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

static void judge_member(struct audit *audit, const struct listing *listing, struct text order_id,
                         const struct store_value *reply)
{
    enum saga_status status = SAGA_NONE;
    int64_t version = 0;

    if (store_count(reply) == 2) {
        status = saga_status_of(store_text(store_element(reply, 0)));
        (void)!text_to_number(store_text(store_element(reply, 1)), &version);
    }
    if (!listing->belongs(listing, order_id, status))
        audit_findings_note(&audit->findings, order_id, TEXT_NONE, version, listing->violation);
    audit->totals.listed++;
}

static enum cli_exit judge_members(struct audit *audit, const struct listing *listing, const struct store_scan *page)
{
    store_begin(audit->store);
    for (size_t i = 0; i < page->text_count; i += listing->width) {
        struct text key = key_saga(audit->arena, page->texts[i]);
        store_queue(audit->store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("version")}, 4);
    }
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < page->text_count; i += listing->width)
        judge_member(audit, listing, page->texts[i], store_value(audit->store, i / listing->width));
    return CLI_DONE;
}

static enum cli_exit scan_listing(struct audit *audit, const struct listing *listing)
{
    struct store_scan page = {.verb = listing->width == 1 ? "SSCAN" : "ZSCAN", .key = listing->key, .count = PAGE_COUNT};

    while (!page.ended) {
        CLI_TRY(next_page(audit, &page));
        CLI_TRY(judge_members(audit, listing, &page));
        progress_draw(&audit->progress, "indexes", audit->totals.listed, 0);
    }
    return CLI_DONE;
}

static enum cli_exit scan_index(struct audit *audit, struct arena *kept, enum saga_status status)
{
    return scan_listing(audit, &(struct listing){.key = key_index(kept, status),
                                                 .width = 2,
                                                 .violation = AUDIT_SET(AUDIT_INDEX_STRAY),
                                                 .belongs = belongs_in_index,
                                                 .index = status});
}

static enum cli_exit scan_timers(struct audit *audit, struct arena *kept, uint64_t shard)
{
    return scan_listing(audit, &(struct listing){.key = key_timers(kept, shard),
                                                 .width = 2,
                                                 .violation = AUDIT_SET(AUDIT_TIMER_STRAY),
                                                 .belongs = belongs_in_timers,
                                                 .shard = shard});
}

enum cli_exit audit_scan_listings(struct audit *audit)
{
    CLEANUP(arena_destroy) struct arena *kept = arena_create(); /* the audit's own is reset with every page */
    struct listing broken = {
        .key = key_broken(kept), .width = 1, .violation = AUDIT_SET(AUDIT_SAGA_SET_ASIDE), .belongs = belongs_nowhere};

    CLI_TRY(scan_listing(audit, &broken));
    for (enum saga_status status = SAGA_CAPTURING_PAYMENT; status < SAGA_STATUS_COUNT; status++)
        CLI_TRY(scan_index(audit, kept, status));
    for (uint64_t shard = 0; shard < TIMER_SHARDS; shard++)
        CLI_TRY(scan_timers(audit, kept, shard));
    return CLI_DONE;
}
