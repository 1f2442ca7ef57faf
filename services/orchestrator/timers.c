#include "timers.h"

#include "due.lua.h"
#include "log.h"
#include "measures.h"
#include "outbox.h"

const struct store_script due_script = {"due", due_lua};

void timers_queue(struct store *store, struct arena *arena, struct due *out_due)
{
    struct text limit = text_format(arena, "%d", TIMER_BATCH_MAX), lease = text_format(arena, "%d", TIMER_LEASE_MS);

    for (uint64_t shard = 0; shard < TIMER_SHARDS; shard++)
        out_due->queued[shard] =
            store_call(store, &due_script, 1, (struct text[]){key_timers(arena, shard), limit, lease}, 3);
}

static enum status nudge_shard(struct run *run, const struct store_value *answer, uint64_t shard)
{
    int64_t now_ms;

    if (store_count(answer) == 0 || !text_to_number(store_text(store_element(answer, 0)), &now_ms)) {
        log_event(LOG_ERROR, "misread", "key=%.*s problem=%s", TEXT_ARG(key_timers(run->arena, shard)), LOG_QUOTED(store_error(answer)));
        return STATUS_OK;
    }
    for (size_t i = 1; i < store_count(answer); i++)
        TRY(outbox_nudge(run, store_text(store_element(answer, i)), now_ms));
    measure_nudges(run->metrics, store_count(answer) - 1);
    return STATUS_OK;
}

enum status timers_nudge(struct run *run, const struct due *due)
{
    for (uint64_t shard = 0; shard < TIMER_SHARDS; shard++)
        TRY(nudge_shard(run, store_value(run->store, due->queued[shard]), shard));
    return STATUS_OK;
}
