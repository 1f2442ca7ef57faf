#include "batch.h"

#include "log.h"
#include "trace.h"

/* ---- grouping ---- */

struct batch batch_in(struct arena *arena, struct saga_cache *cache, size_t record_count)
{
    struct batch batch = {.arena = arena, .cache = cache, .group_size = record_count, .slot_count = 16};

    while (batch.slot_count < 2 * record_count)
        batch.slot_count *= 2;
    batch.groups = arena_take(arena, record_count * sizeof(*batch.groups));
    batch.slots = arena_take_zeroed(arena, batch.slot_count, sizeof(*batch.slots));
    return batch;
}

static struct group *group_of(struct batch *batch, struct text order_id)
{
    size_t slot = (size_t)text_hash(order_id) & (batch->slot_count - 1);
    struct group *group;

    for (; batch->slots[slot] != 0; slot = (slot + 1) & (batch->slot_count - 1)) {
        group = &batch->groups[batch->slots[slot] - 1];
        if (text_equals(group->order_id, order_id))
            return group;
    }
    group = &batch->groups[batch->group_count++];
    batch->slots[slot] = batch->group_count;
    *group = (struct group){.order_id = order_id};
    return group;
}

/* Only an order's own trace is kept, and looking for it among the headers is expensive. */
static struct trace trace_to_keep(const struct record *record, const struct inbox_record *message)
{
    return text_equals(message->kind, TEXT("order")) ? trace_of(record) : (struct trace){.parent = TEXT_NONE};
}

void batch_add(struct batch *batch, const struct record *record, const struct inbox_record *message)
{
    struct group *group = group_of(batch, message->order_id);
    struct trace trace = trace_to_keep(record, message);

    group->heard = arena_list_room(batch->arena, group->heard, group->heard_count, sizeof(*group->heard));
    group->heard[group->heard_count++] = (struct heard){
        .record = record,
        .message = message,
        .input = {record->partition, record->offset, record->timestamp_ms},
        .latest_ms = batch->latest_ms,
        .trace_parent = trace.parent,
        .trace_state = trace.state,
    };
}

/* ---- load, fold, write ---- */

/* A saga that this process has written last is not read again. When another process has changed the saga since, Redis refuses the
 * write. */
static bool find_cached(struct batch *batch, struct group *group)
{
    return batch->cache != NULL && !group->conflicted &&
           saga_cache_find(batch->cache, batch->arena, group->order_id, group->old_values, &group->loaded);
}

static enum status load(struct batch *batch, struct store *store)
{
    store_begin(store);
    for (size_t i = 0; i < batch->group_count; i++) {
        struct group *group = &batch->groups[i];
        group->cached = !group->folded && find_cached(batch, group);
        if (!group->folded && !group->cached)
            group->queued = saga_queue_load(store, batch->arena, group->order_id);
    }
    TRY(store_flush(store));
    for (size_t i = 0; i < batch->group_count; i++) {
        struct group *group = &batch->groups[i];
        if (group->folded || group->cached)
            continue;
        group->broken = saga_take(batch->arena, store_value(store, group->queued), group->order_id, group->old_values,
                                  &group->loaded) != STATUS_OK;
    }
    return STATUS_OK;
}

static struct move move_of(const struct saga *before, const struct saga *after, const struct effects *effects)
{
    return (struct move){
        .from = before->status,
        .to = after->status,
        .answered = effects->answered,
        .waited_ms = effects->waited_ms,
        .order_ms = after->completed_ms - after->created_ms,
        .passed_deadline = before->version > 0 && !saga_status_is_terminal(before->status) &&
                           before->updated_ms < before->deadline_ms && after->updated_ms >= after->deadline_ms,
    };
}

static void fold_group(struct batch *batch, struct group *group)
{
    group->saga = group->loaded;
    group->effects = (struct effects){0};
    for (size_t i = 0; i < group->heard_count && !group->broken; i++) {
        struct heard *heard = &group->heard[i];
        struct saga before = group->saga;
        heard->hearing = saga_hear(batch->arena, &group->saga, heard, &group->effects);
        heard->move = move_of(&before, &group->saga, &group->effects);
        group->broken = heard->hearing == HEARING_BROKEN;
    }
    if (group->conflicted && group->saga.version > 0) /* what was written beside the refused transition is wrong */
        group->effects.write_index = group->effects.write_timer = group->effects.mend_indexes = true;
}

static struct ledger_change change_of(struct group *group)
{
    return (struct ledger_change){
        .old_values = group->old_values,
        .values = group->values,
        .old_status = group->loaded.status,
        .saga = &group->saga,
        .effects = &group->effects,
    };
}

static bool is_changed(const struct group *group) { return group->saga.version != group->loaded.version; }

/* Queues everything that the unsettled groups write. */
static void queue_writes(struct batch *batch, struct store *store, int64_t seconds_to_live)
{
    struct ledger_change *changes = arena_take(batch->arena, batch->group_count * sizeof(*changes));
    size_t count = 0;

    for (size_t i = 0; i < batch->group_count; i++) {
        struct group *group = &batch->groups[i];
        if (group->settled)
            continue;
        if (group->broken) {
            ledger_queue_broken(store, batch->arena, group->order_id);
            continue;
        }
        changes[count] = change_of(group);
        if (is_changed(group))
            group->queued = ledger_queue_transition(store, batch->arena, &changes[count], seconds_to_live);
        count++;
    }
    ledger_queue_indexes(store, batch->arena, changes, count);
}

static void remember(struct batch *batch, const struct group *group)
{
    if (batch->cache == NULL)
        return;
    if (group->broken || group->conflicted)
        saga_cache_drop(batch->cache, group->order_id);
    else if (is_changed(group))
        saga_cache_keep(batch->cache, &group->saga, group->values);
}

/* Settles a group by the answer to its transition. A saga that is found to be broken only now is set aside in the next round. */
static void settle(struct batch *batch, struct group *group, const struct store *store)
{
    enum status status = STATUS_OK;
    bool was_broken = group->broken;

    if (!group->broken && is_changed(group))
        status = ledger_transition_result(store_value(store, group->queued));
    group->broken = group->broken || status == STATUS_BROKEN;
    group->conflicted = status == STATUS_CONFLICT;
    group->folded = !group->conflicted;
    group->settled = group->folded && group->broken == was_broken;
    remember(batch, group);
    if (group->broken && group->settled)
        log_event(LOG_ERROR, "set_aside", "order=%.*s problem=\"its saga makes no sense\"", TEXT_ARG(group->order_id));
}

static enum status write(struct batch *batch, struct store *store, int64_t seconds_to_live, bool *out_all_settled)
{
    *out_all_settled = true;
    store_begin(store);
    queue_writes(batch, store, seconds_to_live);
    TRY(store_flush(store));
    for (size_t i = 0; i < batch->group_count; i++) {
        struct group *group = &batch->groups[i];
        if (!group->settled)
            settle(batch, group, store);
        *out_all_settled = *out_all_settled && group->settled;
    }
    return STATUS_OK;
}

/* Whether a saga of the cache heard something that it has no use for. Redis refuses what was folded into an overtaken saga, but
 * has no word on what was ignored: it could be the very answer that the saga, as it really is, waits for. */
static bool is_doubtful(const struct group *group)
{
    bool changed = !group->broken;

    for (size_t i = 0; i < group->heard_count && changed; i++)
        changed = group->heard[i].hearing == HEARING_CHANGED;
    return group->cached && !changed;
}

/* Loads and folds all groups that are not folded yet. A group is doubtful once at most: then it comes from Redis. */
static enum status load_and_fold(struct batch *batch, struct store *store)
{
    for (bool all_folded = false; !all_folded;) {
        all_folded = true;
        TRY(load(batch, store));
        for (size_t i = 0; i < batch->group_count; i++) {
            struct group *group = &batch->groups[i];
            if (group->folded)
                continue;
            fold_group(batch, group);
            group->folded = !is_doubtful(group);
            if (!group->folded)
                saga_cache_drop(batch->cache, group->order_id);
            all_folded = all_folded && group->folded;
        }
    }
    return STATUS_OK;
}

static void tell_unsettled(const struct batch *batch)
{
    for (size_t i = 0; i < batch->group_count; i++)
        if (!batch->groups[i].settled)
            log_event(LOG_WARNING, "overtaken", "order=%.*s rounds=%d", TEXT_ARG(batch->groups[i].order_id), BATCH_ROUNDS_MAX);
}

/* When a group is refused in a round, another process has changed that saga. That happens once or twice. Trying again without
 * end would keep the process from hearing a signal, and use up all memory, so after some rounds the loop is asked. A saga that
 * was refused is no longer in the cache: the next try reads it from Redis. */
enum status batch_settle(struct batch *batch, struct store *store, int64_t seconds_to_live)
{
    bool all_settled = batch->group_count == 0;

    for (int round = 0; round < BATCH_ROUNDS_MAX && !all_settled; round++) {
        TRY(load_and_fold(batch, store));
        TRY(write(batch, store, seconds_to_live, &all_settled));
    }
    if (!all_settled)
        tell_unsettled(batch);
    return all_settled ? STATUS_OK : STATUS_CONFLICT;
}

/* ---- events ---- */

static bool was_redelivered(struct arena *arena, const struct effects *effects, struct text input)
{
    for (size_t i = 0; i < effects->redelivered_count; i++)
        if (text_equals(event_input(arena, &effects->redelivered[i]), input))
            return true;
    return false;
}

/* Appends what the redelivered records had caused, as the history tells. events has room for all lines. */
static size_t add_redelivered(struct arena *arena, const struct group *group, const struct store_value *history,
                              struct saga_event events[])
{
    size_t count = 0;

    for (size_t i = 0; i < store_count(history); i++) {
        struct text line = text_copy(arena, store_text(store_element(history, i)));
        if (event_of_history_line(arena, line, &events[count]) == STATUS_OK && events[count].version <= group->loaded.version &&
            was_redelivered(arena, &group->effects, events[count].input))
            count++;
    }
    return count;
}

/* The group's own events go last: they are the later ones. */
static void put_history_before(struct arena *arena, struct group *group, const struct store_value *history)
{
    const struct effects *effects = &group->effects;
    struct saga_event *events = arena_take(arena, (store_count(history) + effects->event_count) * sizeof(*events));
    size_t count = add_redelivered(arena, group, history, events);

    if (effects->event_count > 0)
        memcpy(events + count, effects->events, effects->event_count * sizeof(*events));
    group->events = events;
    group->event_count = count + effects->event_count;
}

static bool needs_history(const struct group *group) { return !group->broken && group->effects.redelivered_count > 0; }

enum status batch_gather_events(struct batch *batch, struct store *store)
{
    store_begin(store);
    for (size_t i = 0; i < batch->group_count; i++) {
        struct group *group = &batch->groups[i];
        group->events = group->effects.events;
        group->event_count = group->broken ? 0 : group->effects.event_count;
        if (needs_history(group))
            group->queued = ledger_queue_history(store, batch->arena, group->order_id);
    }
    TRY(store_flush(store));
    for (size_t i = 0; i < batch->group_count; i++)
        if (needs_history(&batch->groups[i]))
            put_history_before(batch->arena, &batch->groups[i], store_value(store, batch->groups[i].queued));
    return STATUS_OK;
}
