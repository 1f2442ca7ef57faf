#include "reconcile.h"

#include "log.h"
#include "outbox.h"
#include "set_back.h"

#include <stdio.h>

static const enum saga_status under_way[] = {SAGA_VALIDATING, SAGA_COMPENSATING}; /* one status of each of the two indexes */

/* ---- pages ---- */

void walk_begin_page(const struct walk *walk, struct store_scan *page)
{
    memcpy(page->cursor, walk->cursor, sizeof(page->cursor));
}

bool walk_end_page(struct walk *walk, const struct store_scan *page)
{
    snprintf(walk->cursor, sizeof(walk->cursor), "%s", page->ended ? "" : page->cursor);
    return page->ended;
}

static enum status read_page(struct run *run, const struct walk *walk, struct store_scan *page)
{
    enum status status;

    walk_begin_page(walk, page);
    status = store_scan_next(run->store, run->arena, page);
    return status == STATUS_BROKEN ? STATUS_OK : status; /* the key is no sorted set: there is nothing to walk */
}

/* ---- the indexes ---- */

/* When the timer is to be due: at the time since when the saga stands in its index, which is long past; or now, when a clock that
 * was wrong has put that time into the future. */
static struct text due_now(struct run *run, struct text since, const struct reconcile_rules *rules)
{
    int64_t since_ms;

    return text_to_number(since, &since_ms) && since_ms <= rules->now_ms ? since : text_of_number(run->arena, rules->now_ms);
}

/* members: orderId, since, orderId, since, ... A timer that is there stays. What can't be an id is removed: it would count as an
 * order under way for ever. */
static enum status give_timers(struct run *run, struct text index, const struct text members[], size_t count,
                               const struct reconcile_rules *rules)
{
    store_begin(run->store);
    for (size_t i = 0; i + 1 < count; i += 2) {
        struct text timer = key_timers(run->arena, timer_shard(members[i]));
        if (id_is_good(members[i]))
            store_queue(run->store, timer,
                        (struct text[]){TEXT("ZADD"), timer, TEXT("NX"), due_now(run, members[i + 1], rules), members[i]}, 5);
        else
            ledger_queue_taking_out(run->store, index, members[i]);
    }
    return store_flush(run->store);
}

static enum status walk_indexes(struct run *run, struct walk *walk, const struct reconcile_rules *rules)
{
    struct store_scan page = {.verb = "ZSCAN", .key = key_index(run->arena, under_way[walk->place]), .count = RECONCILE_PAGE};

    TRY(read_page(run, walk, &page));
    TRY(give_timers(run, page.key, page.texts, page.text_count, rules));
    if (!walk_end_page(walk, &page))
        return STATUS_OK;
    walk->place = (walk->place + 1) % COUNT_OF(under_way);
    if (walk->place == 0)
        walk->resume_ms = rules->here_ms + rules->rest_ms;
    return STATUS_OK;
}

/* ---- the keys ---- */

/* One saga of a page. */
struct suspect {
    struct text order_id;
    enum saga_status status;
    bool present, broken, listed, settled, astray;
    bool ahead;            /* it has not ended, and its updatedAt lies in the future */
    size_t queued, scores; /* its look-up; its score in the index and, next to it, of one that waits in the timers */
};

enum { LOOK_STATUS, LOOK_SINCE, LOOK_UPDATED, LOOK_FIELDS };

static void queue_look(struct run *run, struct suspect *suspect)
{
    struct text key = key_saga(run->arena, suspect->order_id);

    suspect->queued =
        store_queue(run->store, key, (struct text[]){TEXT("HMGET"), key, TEXT("status"), TEXT("since"), TEXT("updatedAt")}, 5);
}

/* A saga that ended long ago has been swept out of its index; one that is being handled now may not be in it yet. */
static void read_look(struct run *run, struct suspect *suspect, const struct reconcile_rules *rules)
{
    const struct store_value *answer = store_value(run->store, suspect->queued);
    struct text values[LOOK_FIELDS];
    int64_t since_ms, updated_ms;

    suspect->broken = store_count(answer) != LOOK_FIELDS;
    if (suspect->broken)
        return;
    for (size_t i = 0; i < LOOK_FIELDS; i++)
        values[i] = store_text(store_element(answer, i));
    suspect->present = text_is_there(values[LOOK_STATUS]);
    if (!suspect->present)
        return; /* it has expired meanwhile; or it has no status, which is found out when the whole saga is read */
    suspect->status = saga_status_of(values[LOOK_STATUS]);
    suspect->broken = suspect->status == SAGA_NONE || !time_read(values[LOOK_SINCE], &since_ms) ||
                      !time_read(values[LOOK_UPDATED], &updated_ms);
    if (suspect->broken)
        return;
    suspect->listed = !saga_status_is_terminal(suspect->status) || rules->now_ms - since_ms < rules->listed_ms;
    suspect->ahead = !saga_status_is_terminal(suspect->status) && updated_ms - rules->now_ms > SAGA_AHEAD_MAX_MS;
    suspect->settled = rules->now_ms - updated_ms >= RECONCILE_SETTLED_MS;
}

static size_t queue_score(struct run *run, struct text key, struct text order_id)
{
    return store_queue(run->store, key, (struct text[]){TEXT("ZSCORE"), key, order_id}, 3);
}

static bool waits(enum saga_status status) { return !saga_status_is_terminal(status) && !saga_status_is_parked(status); }

/* Asks for the saga's entry in its index; for its timer when it waits; for the whole saga when it has not ended. Nearly all sagas
 * have ended, and cost least. */
static void queue_examination(struct run *run, struct suspect *suspect)
{
    if (suspect->present)
        suspect->scores = queue_score(run, key_index(run->arena, suspect->status), suspect->order_id);
    if (suspect->present && waits(suspect->status))
        queue_score(run, key_timers(run->arena, timer_shard(suspect->order_id)), suspect->order_id);
    if (!saga_status_is_terminal(suspect->status))
        suspect->queued = saga_queue_load(run->store, run->arena, suspect->order_id);
}

static bool has_score(const struct run *run, size_t number) { return text_is_there(store_text(store_value(run->store, number))); }

/* Whether a saga has to be nudged. On the way it is found out whether the saga can be read. */
static bool is_astray(struct run *run, struct suspect *suspect)
{
    struct text values[SAGA_FIELD_COUNT];
    struct saga saga;

    if (!saga_status_is_terminal(suspect->status))
        suspect->broken =
            saga_take(run->arena, store_value(run->store, suspect->queued), suspect->order_id, values, &saga) != STATUS_OK;
    if (suspect->broken || !suspect->present || !(suspect->settled || suspect->ahead))
        return false;
    if (suspect->ahead)
        return true; /* a nudge sets its times back */
    return !has_score(run, suspect->scores) || (waits(suspect->status) && !has_score(run, suspect->scores + 1));
}

static bool is_examined(const struct suspect *suspect) { return !suspect->broken && (suspect->listed || !suspect->present); }

/* Finds the sagas that have to be nudged, and those that can't be read. */
static enum status examine(struct run *run, struct suspect suspects[], size_t count)
{
    store_begin(run->store);
    for (size_t i = 0; i < count; i++)
        if (is_examined(&suspects[i]))
            queue_examination(run, &suspects[i]);
    TRY(store_flush(run->store));
    for (size_t i = 0; i < count; i++)
        suspects[i].astray = is_examined(&suspects[i]) && is_astray(run, &suspects[i]);
    return STATUS_OK;
}

static enum status set_aside(struct run *run, const struct suspect suspects[], size_t count)
{
    store_begin(run->store);
    for (size_t i = 0; i < count; i++) {
        if (!suspects[i].broken)
            continue;
        log_event(LOG_ERROR, "set_aside", "order=%.*s problem=\"its saga makes no sense\"", TEXT_ARG(suspects[i].order_id));
        ledger_queue_broken(run->store, run->arena, suspects[i].order_id);
    }
    return store_flush(run->store);
}

static enum status nudge_all(struct run *run, const struct suspect suspects[], size_t count, int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (!suspects[i].astray)
            continue;
        log_event(LOG_WARNING, "mended", "order=%.*s problem=\"%s\"", TEXT_ARG(suspects[i].order_id),
                  suspects[i].ahead ? "a clock was ahead that it has its times from"
                                    : "its timer or its place in the index was lost");
        TRY(outbox_nudge(run, suspects[i].order_id, now_ms));
    }
    return STATUS_OK;
}

static enum status walk_keys(struct run *run, struct walk *walk, const struct reconcile_rules *rules)
{
    struct store_scan page = {.verb = "SCAN", .match = keys_of_sagas(run->arena), .count = RECONCILE_PAGE};
    struct suspect *suspects;
    size_t count = 0;

    TRY(read_page(run, walk, &page));
    suspects = arena_take_zeroed(run->arena, page.text_count, sizeof(*suspects));
    store_begin(run->store);
    for (size_t i = 0; i < page.text_count; i++) {
        suspects[count].order_id = key_read(page.texts[i]).order_id;
        if (id_is_good(suspects[count].order_id))
            queue_look(run, &suspects[count++]);
    }
    TRY(store_flush(run->store));
    for (size_t i = 0; i < count; i++)
        read_look(run, &suspects[i], rules);
    TRY(examine(run, suspects, count));
    TRY(set_aside(run, suspects, count));
    TRY(nudge_all(run, suspects, count, rules->now_ms)); /* behind the writes: a tick that fails sends it again */
    if (walk_end_page(walk, &page))
        walk->resume_ms = rules->here_ms + rules->rest_ms;
    return STATUS_OK;
}

enum status reconcile_step(struct run *run, struct reconcile *reconcile, const struct reconcile_rules *rules)
{
    if (rules->here_ms >= reconcile->indexes.resume_ms)
        TRY(walk_indexes(run, &reconcile->indexes, rules));
    if (rules->here_ms >= reconcile->keys.resume_ms)
        TRY(walk_keys(run, &reconcile->keys, rules));
    return STATUS_OK;
}
