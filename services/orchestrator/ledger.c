#include "ledger.h"

#include "log.h"
#include "transition.lua.h"

#include <assert.h>

const struct store_script transition_script = {.name = "transition", .source = transition_lua};

/* ---- sagas ---- */

size_t ledger_queue_history(struct store *store, struct arena *arena, struct text order_id)
{
    struct text key = key_history(arena, order_id);
    struct text words[] = {TEXT("LRANGE"), key, TEXT("0"), TEXT("-1")};

    return store_queue(store, key, words, COUNT_OF(words));
}

/* ---- transitions ---- */

#define TRANSITION_HEAD 7 /* two keys, what is compared, the seconds, two counts */

/* Appends the names of the fields that the saga no longer has. */
static size_t add_removed(struct text arguments[], size_t count, const struct text old_values[], const struct text values[])
{
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        if (text_is_there(old_values[i]) && !text_is_there(values[i]))
            arguments[count++] = saga_field_names()[i];
    return count;
}

/* Appends name and value of the fields that changed. */
static size_t add_set(struct text arguments[], size_t count, const struct text old_values[], const struct text values[])
{
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++) {
        if (!text_is_there(values[i]) || (text_is_there(old_values[i]) && text_equals(values[i], old_values[i])))
            continue;
        arguments[count++] = saga_field_names()[i];
        arguments[count++] = values[i];
    }
    return count;
}

size_t ledger_queue_transition(struct store *store, struct arena *arena, const struct ledger_change *change,
                               int64_t seconds_to_live)
{
    const struct saga *saga = change->saga;
    const struct effects *effects = change->effects;
    size_t room = TRANSITION_HEAD + effects->event_count + 3 * SAGA_FIELD_COUNT, count = TRANSITION_HEAD;
    struct text *arguments = arena_take(arena, room * sizeof(*arguments));
    bool ended = saga_status_is_terminal(saga->status) && !saga_status_is_terminal(change->old_status);

    saga_write(arena, saga, change->values);
    for (size_t i = 0; i < effects->event_count; i++)
        arguments[count++] = event_history_line(arena, &effects->events[i]);
    count = add_removed(arguments, count, change->old_values, change->values);
    arguments[6] = text_of_number(arena, (int64_t)(count - TRANSITION_HEAD - effects->event_count));
    count = add_set(arguments, count, change->old_values, change->values);
    assert(count <= room);
    arguments[0] = key_saga(arena, saga->order_id);
    arguments[1] = key_history(arena, saga->order_id);
    arguments[2] = change->old_values[SAGA_FIELD_VERSION];
    arguments[3] = change->old_values[SAGA_FIELD_LAST_INPUT];
    arguments[4] = text_of_number(arena, ended ? seconds_to_live : 0);
    arguments[5] = text_of_number(arena, (int64_t)effects->event_count);
    return store_call(store, &transition_script, 2, arguments, count);
}

enum status ledger_transition_result(const struct store_value *reply)
{
    if (text_is_there(store_error(reply)))
        return STATUS_BROKEN;
    return store_number(reply) == 1 ? STATUS_OK : STATUS_CONFLICT;
}

/* ---- indexes and timers ---- */

/* One command that grows by a member for each saga. */
struct wide_command {
    struct text *words;
    size_t count;
};

static void wide_begin(struct arena *arena, struct wide_command *command, const char *name, struct text key, size_t members)
{
    command->words = arena_take(arena, (2 + 2 * members) * sizeof(*command->words));
    command->words[0] = text_of(name);
    command->words[1] = key;
    command->count = 2;
}

static void wide_queue(struct store *store, const struct wide_command *command)
{
    if (command->count > 2)
        store_queue(store, command->words[1], command->words, command->count);
}

/* Whether both statuses are listed in the same place. */
static bool shares_index(enum saga_status a, enum saga_status b)
{
    return strcmp(saga_status_index(a), saga_status_index(b)) == 0;
}

/* Whether a saga has to be taken out of an index that it may have stood in. The entry of a saga that has ended and expired stays:
 * the sweep needs it. */
static bool leaves_index(const struct ledger_change *change, enum saga_status listed)
{
    if (change->saga->version == 0 && saga_status_is_terminal(listed))
        return false;
    return !shares_index(change->saga->status, listed) &&
           (change->effects->mend_indexes || shares_index(change->old_status, listed));
}

static void queue_index(struct store *store, struct arena *arena, enum saga_status listed, const struct ledger_change changes[],
                        size_t count)
{
    struct text key = key_index(arena, listed);
    struct wide_command add, remove;

    wide_begin(arena, &add, "ZADD", key, count);
    wide_begin(arena, &remove, "ZREM", key, count);
    for (size_t i = 0; i < count; i++) {
        const struct saga *saga = changes[i].saga;
        if (!changes[i].effects->write_index)
            continue;
        if (shares_index(saga->status, listed)) {
            add.words[add.count++] = text_of_number(arena, saga->since_ms);
            add.words[add.count++] = saga->order_id;
        } else if (leaves_index(&changes[i], listed)) {
            remove.words[remove.count++] = saga->order_id;
        }
    }
    wide_queue(store, &add);
    wide_queue(store, &remove);
}

static void queue_timers(struct store *store, struct arena *arena, uint64_t shard, const struct ledger_change changes[],
                         size_t count)
{
    struct text key = key_timers(arena, shard);
    struct wide_command add, remove;

    wide_begin(arena, &add, "ZADD", key, count);
    wide_begin(arena, &remove, "ZREM", key, count);
    for (size_t i = 0; i < count; i++) {
        const struct saga *saga = changes[i].saga;
        if (!changes[i].effects->write_timer || timer_shard(saga->order_id) != shard)
            continue;
        if (saga->timer_ms == 0) {
            remove.words[remove.count++] = saga->order_id;
            continue;
        }
        add.words[add.count++] = text_of_number(arena, saga->timer_ms);
        add.words[add.count++] = saga->order_id;
    }
    wide_queue(store, &add);
    wide_queue(store, &remove);
}

void ledger_queue_indexes(struct store *store, struct arena *arena, const struct ledger_change changes[], size_t count)
{
    for (enum saga_status status = SAGA_CAPTURING_PAYMENT; status < SAGA_STATUS_COUNT; status++)
        queue_index(store, arena, status, changes, count); /* the five running ones share one index */
    for (uint64_t shard = 0; shard < TIMER_SHARDS; shard++)
        queue_timers(store, arena, shard, changes, count);
}

void ledger_queue_taking_out(struct store *store, struct text key, struct text member)
{
    store_queue(store, key, (struct text[]){TEXT("ZREM"), key, member}, 3);
    log_event(LOG_WARNING, "taken_out", "key=%.*s member=%s problem=\"no id of an order that belongs there\"", TEXT_ARG(key),
              LOG_QUOTED(member));
}

void ledger_queue_broken(struct store *store, struct arena *arena, struct text order_id)
{
    struct text words[] = {TEXT("SADD"), key_broken(arena), order_id};
    struct text timer[] = {TEXT("ZREM"), key_timers(arena, timer_shard(order_id)), order_id};

    store_queue(store, words[1], words, COUNT_OF(words));
    store_queue(store, timer[1], timer, COUNT_OF(timer));
}
