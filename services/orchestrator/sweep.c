#include "sweep.h"

#include "log.h"
#include "outbox.h"
#include "sweep.lua.h"

#include <stdio.h>

#define KEYS_OF_AN_ORDER 2 /* payment:<orderId>, shipment:<orderId> */

const struct store_script sweep_script = {.name = "sweep", .source = sweep_lua};

static const enum saga_status ended[] = {SAGA_COMPLETED, SAGA_REJECTED, SAGA_FAILED, SAGA_CANCELLED};

enum fate {
    FATE_SWEPT,     /* it ended long ago, and says in which warehouse */
    FATE_GONE,      /* it has expired: any warehouse may hold its reservation */
    FATE_MISPLACED, /* it does not belong in this index, or it ended too late to be swept: it is nudged, which mends that */
    FATE_BROKEN     /* it can't be understood: nothing of it is touched */
};

/* What is left of an order whose saga stands in the index. */
struct remains {
    struct text order_id;
    enum fate fate;
    struct text warehouse; /* FATE_SWEPT; TEXT_NONE: of an order that can't have a reservation */
    size_t queued;
};

/* ---- what is in the index ---- */

/* What can't be an order's id has left nothing behind: its entry in the index is removed, and nothing else. */
static enum status take_out_rubbish(struct run *run, struct text key, struct remains all[], size_t *count)
{
    size_t good = 0;

    store_begin(run->store);
    for (size_t i = 0; i < *count; i++) {
        if (id_is_good(all[i].order_id))
            all[good++] = all[i];
        else
            ledger_queue_taking_out(run->store, key, all[i].order_id);
    }
    *count = good;
    return store_flush(run->store);
}

/* Reads a batch of the index. out_read: how many entries there were, rubbish too. */
static enum status read_index(struct run *run, const struct sweep *sweep, const struct sweep_rules *rules, struct remains **out,
                              size_t *out_count, size_t *out_read)
{
    struct text key = key_index(run->arena, ended[sweep->place]);
    struct text words[] = {TEXT("ZRANGEBYSCORE"),
                           key,
                           TEXT("-inf"),
                           text_format(run->arena, "%lld", (long long)rules->ended_before_ms),
                           TEXT("LIMIT"),
                           TEXT("0"),
                           text_format(run->arena, "%d", SWEEP_BATCH)};
    const struct store_value *answer;

    store_begin(run->store);
    store_queue(run->store, key, words, COUNT_OF(words));
    TRY(store_flush(run->store));
    answer = store_value(run->store, 0);
    *out_count = *out_read = store_count(answer);
    *out = arena_take_zeroed(run->arena, *out_count, sizeof(**out));
    for (size_t i = 0; i < *out_count; i++)
        (*out)[i].order_id = text_copy(run->arena, store_text(store_element(answer, i)));
    return take_out_rubbish(run, key, *out, out_count);
}

/* ---- what is known of each ---- */

enum { FACT_STATUS, FACT_SINCE, FACT_ORDER, FACT_COUNT };

static void judge(struct run *run, struct remains *remains, const struct sweep_rules *rules)
{
    const struct store_value *answer = store_value(run->store, remains->queued);
    struct text facts[FACT_COUNT];
    enum saga_status status;
    int64_t since_ms;

    remains->fate = FATE_BROKEN;
    if (store_count(answer) != FACT_COUNT)
        return;
    for (size_t i = 0; i < FACT_COUNT; i++)
        facts[i] = store_text(store_element(answer, i));
    status = saga_status_of(facts[FACT_STATUS]);
    if (!text_is_there(facts[FACT_STATUS]) && !text_is_there(facts[FACT_ORDER])) {
        remains->fate = FATE_GONE;
    } else if (status != SAGA_NONE && time_read(facts[FACT_SINCE], &since_ms)) {
        bool misplaced = !saga_status_is_terminal(status) || since_ms > rules->ended_before_ms;
        remains->fate = misplaced ? FATE_MISPLACED : FATE_SWEPT;
        remains->warehouse = order_warehouse(run->arena, text_copy(run->arena, facts[FACT_ORDER]));
    }
}

static enum status judge_all(struct run *run, struct remains all[], size_t count, const struct sweep_rules *rules)
{
    store_begin(run->store);
    for (size_t i = 0; i < count; i++) {
        struct text key = key_saga(run->arena, all[i].order_id);
        all[i].queued =
            store_queue(run->store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("since"), TEXT("order")}, 5);
    }
    TRY(store_flush(run->store));
    for (size_t i = 0; i < count; i++)
        judge(run, &all[i], rules);
    return STATUS_OK;
}

/* ---- warehouses ---- */

static void add_warehouse(struct sweep *sweep, struct text warehouse)
{
    for (size_t i = 0; i < sweep->warehouse_count; i++)
        if (text_equals(warehouse, text_of(sweep->warehouses[i])))
            return;
    if (sweep->warehouse_count == WAREHOUSES_MAX) {
        log_event(LOG_ERROR, "left_out", "warehouse=%.*s problem=\"too many warehouses\"", TEXT_ARG(warehouse));
        return;
    }
    snprintf(sweep->warehouses[sweep->warehouse_count++], ORDER_ID_MAX + 1, "%.*s", TEXT_ARG(warehouse));
}

/* Looks for warehouses in one page of all keys. */
static enum status look_for_warehouses(struct run *run, struct sweep *sweep)
{
    struct store_scan page = {.verb = "SCAN", .match = keys_of_stock(run->arena), .count = SWEEP_SCAN_PAGE};

    walk_begin_page(&sweep->scan, &page);
    if (store_scan_next(run->store, run->arena, &page) != STATUS_OK)
        return STATUS_UNAVAILABLE;
    for (size_t i = 0; i < page.text_count; i++) {
        struct text warehouse = key_read(page.texts[i]).warehouse;
        if (warehouse_is_good(warehouse))
            add_warehouse(sweep, warehouse);
    }
    sweep->warehouses_known = walk_end_page(&sweep->scan, &page);
    return STATUS_OK;
}

/* ---- away with it ---- */

static void queue_reservation(struct run *run, struct text warehouse, struct text order_id)
{
    struct arena *arena = run->arena;

    store_call(run->store, &sweep_script, 2,
               (struct text[]){key_reservation(arena, warehouse, order_id), key_stock(arena, warehouse, STOCK_SWEPT)}, 2);
}

static void queue_removal(struct run *run, const struct sweep *sweep, const struct remains *remains)
{
    struct text keys[KEYS_OF_AN_ORDER] = {key_payment(run->arena, remains->order_id),
                                          key_shipment(run->arena, remains->order_id)};

    if (remains->fate == FATE_SWEPT && text_is_there(remains->warehouse))
        queue_reservation(run, remains->warehouse, remains->order_id);
    for (size_t i = 0; remains->fate == FATE_GONE && i < sweep->warehouse_count; i++)
        queue_reservation(run, text_of(sweep->warehouses[i]), remains->order_id);
    for (size_t i = 0; i < KEYS_OF_AN_ORDER; i++)
        store_queue(run->store, keys[i], (struct text[]){TEXT("DEL"), keys[i]}, 2);
}

/* How many orders are swept at once: every warehouse costs a script. */
static size_t portion(const struct sweep *sweep, const struct remains all[], size_t count)
{
    size_t commands = 0, taken = 0;

    while (taken < count && commands < SWEEP_COMMANDS_MAX)
        commands += all[taken++].fate == FATE_GONE ? sweep->warehouse_count : 1;
    return taken;
}

static enum status remove_all(struct run *run, const struct sweep *sweep, const struct remains all[], size_t count,
                              int64_t now_ms)
{
    store_begin(run->store);
    for (size_t i = 0; i < count; i++) {
        if (all[i].fate == FATE_SWEPT || all[i].fate == FATE_GONE)
            queue_removal(run, sweep, &all[i]);
        else if (all[i].fate == FATE_BROKEN)
            ledger_queue_broken(run->store, run->arena, all[i].order_id);
    }
    TRY(store_flush(run->store));
    for (size_t i = 0; i < count; i++)
        if (all[i].fate == FATE_MISPLACED)
            TRY(outbox_nudge(run, all[i].order_id, now_ms));
    return STATUS_OK;
}

/* Comes last: as long as the entry is there, everything before is done again. */
static enum status remove_from_index(struct run *run, const struct sweep *sweep, const struct remains all[], size_t count)
{
    struct text *words = arena_take(run->arena, (count + 2) * sizeof(*words));

    words[0] = TEXT("ZREM");
    words[1] = key_index(run->arena, ended[sweep->place]);
    for (size_t i = 0; i < count; i++)
        words[i + 2] = all[i].order_id;
    store_begin(run->store);
    store_queue(run->store, words[1], words, count + 2);
    return store_flush(run->store);
}

/* ---- one step ---- */

static void go_on(struct sweep *sweep, const struct sweep_rules *rules)
{
    sweep->place = (sweep->place + 1) % COUNT_OF(ended);
    if (sweep->place > 0)
        return;
    sweep->resume_ms = rules->here_ms + rules->rest_ms;
    sweep->warehouses_known = false;
    sweep->warehouse_count = 0;
}

static bool has_gone(const struct remains all[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].fate == FATE_GONE)
            return true;
    return false;
}

enum status sweep_step(struct run *run, struct sweep *sweep, const struct sweep_rules *rules)
{
    struct remains *all = NULL;
    size_t count, read;

    if (rules->here_ms < sweep->resume_ms)
        return STATUS_OK;
    TRY(read_index(run, sweep, rules, &all, &count, &read));
    if (count == 0) {
        if (read == 0)
            go_on(sweep, rules);
        return STATUS_OK;
    }
    if (!rules->clocks_agree) {
        sweep->resume_ms = rules->here_ms + SWEEP_ASK_REST_MS;
        return outbox_nudge(run, all[0].order_id, rules->now_ms);
    }
    TRY(judge_all(run, all, count, rules));
    if (has_gone(all, count) && !sweep->warehouses_known)
        return look_for_warehouses(run, sweep);
    count = portion(sweep, all, count);
    TRY(remove_all(run, sweep, all, count, rules->now_ms));
    TRY(remove_from_index(run, sweep, all, count));
    log_event(LOG_INFO, "swept", "status=%s orders=%zu", saga_status_text(ended[sweep->place]), count);
    return STATUS_OK;
}
