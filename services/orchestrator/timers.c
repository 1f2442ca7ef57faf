#include "timers.h"

#include "due.lua.h"
#include "log.h"
#include "measures.h"
#include "outbox.h"

const struct store_script due_script = {.name = "due", .source = due_lua};

size_t timers_limit(int64_t redis_ahead_ms) { return redis_ahead_ms > TIMER_AHEAD_MAX_MS ? TIMER_TRICKLE : TIMER_BATCH_MAX; }

void timers_queue(struct store *store, struct arena *arena, size_t limit, struct due *out_due)
{
    struct text many = text_of_number(arena, (int64_t)limit), lease = text_of_number(arena, TIMER_LEASE_MS);

    for (uint64_t shard = 0; shard < TIMER_SHARDS; shard++)
        out_due->queued[shard] = store_call(store, &due_script, 1, (struct text[]){key_timers(arena, shard), many, lease}, 3);
}

/* Members of shards that do not belong there. */
struct strays {
    size_t count;
    struct {
        uint64_t shard;
        struct text member;
    } list[TIMER_SHARDS * TIMER_BATCH_MAX];
};

/* Nearly always there are none: the room for them is taken with the first. */
static void note_stray(struct arena *arena, struct strays **strays, uint64_t shard, struct text member)
{
    if (*strays == NULL) {
        *strays = arena_take(arena, sizeof(**strays));
        (*strays)->count = 0;
    }
    (*strays)->list[(*strays)->count].shard = shard;
    (*strays)->list[(*strays)->count++].member = text_copy(arena, member);
}

static enum status take_out(struct run *run, const struct strays *strays)
{
    store_begin(run->store);
    for (size_t i = 0; i < strays->count; i++)
        ledger_queue_taking_out(run->store, key_timers(run->arena, strays->list[i].shard), strays->list[i].member);
    return store_flush(run->store);
}

/* Tells once of a shard that somebody has spoilt, not ten times a second: until it can be read again. */
static void tell_misread(struct run *run, const struct store_value *answer, uint64_t shard, uint32_t *misread)
{
    const struct text key = key_timers(run->arena, shard);

    if ((*misread >> shard & 1) == 0)
        log_event(LOG_ERROR, "misread", "key=%.*s problem=%s", TEXT_ARG(key), LOG_QUOTED(store_error(answer)));
    *misread |= UINT32_C(1) << shard;
}

/* An order's id in the shard of another is nudged all the same: that writes its timer where it belongs. */
static enum status nudge_shard(struct run *run, const struct store_value *answer, uint64_t shard, struct strays **strays,
                               uint32_t *misread)
{
    struct text key = key_timers(run->arena, shard);
    size_t count = store_count(answer), nudged = 0;
    int64_t now_ms;

    if (count == 0 || !text_to_number(store_text(store_element(answer, 0)), &now_ms)) {
        tell_misread(run, answer, shard, misread);
        return STATUS_OK;
    }
    *misread &= ~(UINT32_C(1) << shard);
    for (size_t i = 1; i < count; i++) {
        struct text member = store_text(store_element(answer, i));
        bool good = id_is_good(member);
        if (!good || !text_equals(key_timers(run->arena, timer_shard(member)), key))
            note_stray(run->arena, strays, shard, member);
        if (good)
            TRY(outbox_nudge(run, member, now_ms));
        nudged += good;
    }
    measure_nudges(run->metrics, nudged);
    return STATUS_OK;
}

enum status timers_nudge(struct run *run, const struct due *due, uint32_t *misread)
{
    struct strays *strays = NULL;

    for (uint64_t shard = 0; shard < TIMER_SHARDS; shard++)
        TRY(nudge_shard(run, store_value(run->store, due->queued[shard]), shard, &strays, misread));
    return strays == NULL ? STATUS_OK : take_out(run, strays);
}
