/* main.c - the orchestrator: admits orders, folds what every saga hears, sends the next commands. Start reading at handle(). */
#include "age.h"
#include "batch.h"
#include "log.h"
#include "mask.h"
#include "measures.h"
#include "outbox.h"
#include "parts.h"
#include "patience_settings.h"
#include "service_metrics.h"
#include "tick.h"
#include "timers.h"

#define SECOND_MS 1000
#define RETENTION_MARGIN_DAYS 2 /* marks and sagas live longer than the topics that can still bring a record of theirs */
#define REASON_CONFLICT "conflict"
#define REASON_SAGA_BROKEN "saga_broken"

static const struct orchestrator_settings *settings_of(const struct run *run)
{
    return run->own_settings;
}

/* ---- records of `orders` ---- */

/* order_id: of an order that is whole; there it stands as it is. TEXT_NONE: all is masked by bytes. */
static enum status bury(struct run *run, const struct record *record, const char *reason, struct text masked_value, struct text order_id)
{
    struct dead_letter letter = bus_letter_of(run->arena, record, run->service->name, reason, masked_value);

    letter.id = order_id;
    log_event(LOG_WARNING, "buried", "topic=%.*s partition=%d offset=%lld reason=%s", TEXT_ARG(record->topic),
              (int)record->partition, (long long)record->offset, reason);
    metrics_count_buried(run->metrics, record->topic, reason);
    return bus_bury(run->bus, &letter);
}

/* The same for a record of saga.inbox, with what could be a card number masked: nobody has looked at it yet. */
static enum status bury_masked(struct run *run, const struct record *record, const char *reason)
{
    bool masked = false;
    struct text value = mask_bytes(run->arena, record->value, &masked);

    return bury(run, record, reason, masked ? value : TEXT_NONE, TEXT_NONE);
}

static struct text header_of(const struct record *record, const char *name)
{
    struct text value = TEXT_NONE;

    return record_header(record, name, &value) ? value : TEXT_NONE;
}

static bool is_too_old(const struct admission *admission)
{
    return admission->dead_reason != NULL && strcmp(admission->dead_reason, "too_old") == 0;
}

/* Redis says that an order is too old, and no broker was heard yet: the answer to a nudge, which changes nothing, brings the
 * brokers' word, and the batch is handled again. */
static enum status ask_brokers(struct run *run, struct text order_id, int64_t now_ms)
{
    TRY(outbox_nudge(run, order_id, now_ms));
    return STATUS_UNAVAILABLE;
}

static enum status send_admitted(struct run *run, const struct admission_rules *rules, const struct record *record)
{
    struct application application = {
        .topic = record->topic,
        .value = record->value,
        .partition = record->partition,
        .offset = record->offset,
        .time_ms = record->timestamp_ms,
        .made_ms = age_made_ms(record->timestamp_ms, header_of(record, "dlq-timestamp"), header_of(record, "ce_time")),
    };
    const struct clocks *clocks = &((struct orchestrator_state *)run->state)->clocks;
    int64_t now_ms = clocks_now_ms(clocks, bus_clock_ms());
    struct admission admission = admission_decide(run->arena, rules, &application, now_ms);

    if (is_too_old(&admission) && !clocks->brokers_known)
        return ask_brokers(run, admission.order_id, now_ms);
    if (admission.dead_reason != NULL)
        return bury(run, record, admission.dead_reason, admission.masked_value, admission.order_id);
    return outbox_admit(run, record, &admission);
}

static struct admission_rules rules_of(struct run *run)
{
    struct policy policy = policy_of_settings(settings_of(run));

    return (struct admission_rules){
        .bytes_max = (size_t)run->settings->message_bytes_max,
        .retention_ms = run->settings->retention_days * settings_of(run)->day_seconds * SECOND_MS,
        .policy = policy_text(run->arena, &policy),
    };
}

static enum status send_all_admitted(struct run *run, size_t *out_count)
{
    struct admission_rules rules = {0};

    *out_count = 0;
    for (size_t i = 0; i < run->record_count; i++) {
        if (!topic_is(run->records[i].topic, TOPIC_ORDERS))
            continue;
        if (*out_count == 0) /* most batches of a steady rate have no order */
            rules = rules_of(run);
        TRY(send_admitted(run, &rules, &run->records[i]));
        ++*out_count;
    }
    return STATUS_OK;
}

/* ---- records of saga.inbox ---- */

/* Why a record can't be handled, or NULL. */
static const char *inbox_problem(struct run *run, const struct record *record, struct inbox_record *out_said)
{
    const struct json *root;
    struct text order_id;
    const char *problem;

    if (record->value.length > COMMAND_BYTES_FACTOR * (size_t)run->settings->message_bytes_max)
        return "too_large";
    problem = record_problem(run->arena, record->value, 1, &root, &order_id);
    if (problem == NULL && inbox_read(run->arena, root, out_said) != STATUS_OK)
        problem = "unknown_type";
    return problem;
}

/* The partition that a record belongs to when it lies elsewhere; -1 when it is where it belongs. A record is moved once only, so that two
 * programs that count the partitions differently can't pass it back and forth. */
static int32_t other_partition(struct run *run, const struct record *record, struct text order_id)
{
    int32_t partition = bus_partition(run->bus, topic_name(TOPIC_INBOX), order_id);
    struct text forwarded;

    if (partition < 0 || partition == record->partition || record_header(record, HEADER_FORWARDED, &forwarded))
        return -1;
    return partition;
}

/* What a reply says goes on, as far as it can; what could not be read of it, or is too large to go on, is said here. */
static void take_reply(struct run *run, struct reply *reply)
{
    reply_bound_result(run->arena, reply, (size_t)run->settings->message_bytes_max);
    for (size_t i = 0; i < REPLY_MEMBERS && reply->mended != 0; i++) {
        if ((reply->mended >> i & 1) == 0)
            continue;
        log_event(LOG_WARNING, "mended", "order=%.*s command=%s member=%s problem=\"cut or left out\"", TEXT_ARG(reply->order_id),
                  LOG_QUOTED(reply->command_id), reply_member(i));
        measure_mended(run->metrics, reply_member(i));
    }
}

/* A record that is not for a saga of this batch. */
struct astray {
    const struct record *record;
    const struct inbox_record *said;
    const char *problem; /* it is buried; NULL: it goes to */
    int32_t partition;
};

struct all_astray {
    struct astray *list;
    size_t count;
};

static void sort_record(struct run *run, struct batch *batch, const struct record *record, struct all_astray *all)
{
    struct inbox_record *said = arena_take_zeroed(run->arena, 1, sizeof(*said));
    struct astray astray = {.record = record, .said = said, .problem = inbox_problem(run, record, said)};

    if (astray.problem == NULL)
        astray.partition = other_partition(run, record, said->order_id);
    if (astray.problem != NULL || astray.partition >= 0) {
        all->list[all->count++] = astray;
        return;
    }
    if (text_equals(said->kind, TEXT("reply")))
        take_reply(run, &said->reply);
    batch_add(batch, record, said);
}

static struct all_astray sort_all(struct run *run, struct batch *batch)
{
    struct all_astray all = {.list = arena_take(run->arena, run->record_count * sizeof(*all.list))};

    for (size_t i = 0; i < run->record_count; i++)
        if (!topic_is(run->records[i].topic, TOPIC_ORDERS))
            sort_record(run, batch, &run->records[i], &all);
    return all;
}

static enum status send_astray(struct run *run, const struct astray *astray)
{
    if (astray->problem != NULL)
        return bury_masked(run, astray->record, astray->problem);
    measure_forwarded(run->metrics, astray->said->kind);
    return outbox_forward(run, astray->record, astray->said->order_id, astray->partition);
}

static enum status send_all_astray(struct run *run, const struct all_astray *all)
{
    for (size_t i = 0; i < all->count; i++)
        TRY(send_astray(run, &all->list[i]));
    return STATUS_OK;
}

/* ---- what the sagas send ---- */

static void log_hearing(const struct hearing_entry *entry)
{
    log_event(LOG_DEBUG, "heard", "order=%.*s kind=%.*s became=%s", TEXT_ARG(entry->heard.said->order_id),
              TEXT_ARG(entry->heard.said->kind), hearing_name(entry->hearing));
}

/* As the record of orders that it came from. */
static enum status bury_order(struct run *run, const struct hearing_entry *entry, const char *reason)
{
    const struct inbox_record *said = entry->heard.said;

    log_event(LOG_WARNING, "buried", "topic=%s order=%.*s reason=%s", topic_name(TOPIC_ORDERS), TEXT_ARG(said->order_id), reason);
    metrics_count_buried(run->metrics, text_of(topic_name(TOPIC_ORDERS)), reason);
    return outbox_bury_order(run, entry->record, said, reason);
}

/* Nothing of what a saga that is set aside has heard is folded: its dead letters are all that is left of it, to be sent back
 * when the saga is mended. A nudge says nothing that could get lost: the reconciler gives the saga a timer again, and that
 * makes others. */
static enum status bury_unheard(struct run *run, const struct group *group)
{
    for (size_t i = 0; i < group->entry_count; i++) {
        const struct hearing_entry *entry = &group->entries[i];
        if (text_equals(entry->heard.said->kind, TEXT("order")))
            TRY(bury_order(run, entry, REASON_SAGA_BROKEN));
        else if (!text_equals(entry->heard.said->kind, TEXT("nudge")))
            TRY(bury_masked(run, entry->record, REASON_SAGA_BROKEN));
    }
    return STATUS_OK;
}

/* An order that contradicts the saga changes nothing of it; handled again, it raises the same event and is buried again. */
static enum status send_conflicts(struct run *run, const struct group *group)
{
    for (size_t i = 0; i < group->entry_count; i++) {
        const struct hearing_entry *entry = &group->entries[i];
        struct saga_event event;
        if (log_wants(LOG_DEBUG))
            log_hearing(entry);
        if (entry->hearing != HEARING_CONFLICT)
            continue;
        event = event_of_conflict(run->arena, &group->saga, entry->heard.said->source, &entry->heard.input);
        TRY(outbox_event(run, &group->saga, &event));
        TRY(bury_order(run, entry, REASON_CONFLICT));
    }
    return STATUS_OK;
}

static enum status send_group(struct run *run, const struct group *group, const struct saga_event events[], size_t event_count)
{
    if (group->broken)
        return bury_unheard(run, group);
    TRY(send_conflicts(run, group));
    for (size_t i = 0; i < event_count; i++)
        TRY(outbox_event(run, &group->saga, &events[i]));
    if (group->effects.send_command && saga_has_something_to_send(&group->saga))
        TRY(outbox_command(run, &group->saga));
    return STATUS_OK;
}

/* With partitions come sagas that others have handled meanwhile. Redis refuses what is folded into an old copy, unless it has
 * lost writes since and the saga came back to the very same version and input; a copy that is gone can't be folded into. */
static struct saga_cache *cache_of(struct run *run)
{
    struct orchestrator_state *state = run->state;

    if (state->cache == NULL)
        state->cache = saga_cache_create();
    if (state->assignments != bus_assignments(run->bus))
        saga_cache_clear(state->cache);
    state->assignments = bus_assignments(run->bus);
    return state->cache;
}

/* service->measure(). Before Redis has said what time it is there is nothing to show. */
static void measure(struct run *run)
{
    int64_t now_ms = clocks_redis_ms(&((struct orchestrator_state *)run->state)->clocks, bus_clock_ms());

    if (now_ms != 0)
        measure_ledger(run, now_ms);
}

static void end_state(void *state)
{
    saga_cache_destroy(((struct orchestrator_state *)state)->cache);
}

static enum status handle_part(struct run *run, struct batch *part)
{
    int64_t days = run->settings->retention_days + RETENTION_MARGIN_DAYS;
    struct saga_event **events;
    size_t *event_counts;

    TRY(batch_settle(part, run->store, days * settings_of(run)->day_seconds));
    TRY(batch_events(part, run->store, &events, &event_counts));
    for (size_t i = 0; i < part->group_count; i++) {
        measure_group(run->metrics, &part->groups[i]);
        TRY(send_group(run, &part->groups[i], events[i], event_counts[i]));
    }
    return STATUS_OK;
}

/* Most batches are one part. What one of several has made is forgotten before the next. */
static enum status handle_parts(struct run *run, const struct batch *batch)
{
    struct arena_mark mark = arena_mark(run->arena);

    for (size_t done = 0; done < batch->group_count;) {
        struct batch part = batch_part(batch, done);
        if (done > 0)
            TRY(bus_drain(run->bus, run->stop));
        TRY(handle_part(run, &part));
        done += part.group_count;
        arena_rewind(run->arena, mark);
    }
    return STATUS_OK;
}

/* The whole batch, start to end. Nothing of a saga is sent before Redis has taken everything of its part: as long as it is away the batch is handled
 * again and again, and what was sent would be sent each time. */
static enum status handle(struct run *run)
{
    struct batch batch = batch_in(run->arena, cache_of(run), run->record_count);
    struct all_astray astray;
    size_t order_count;

    TRY(tick_know_time(run));
    batch.latest_ms = clocks_redis_ms(&((struct orchestrator_state *)run->state)->clocks, bus_clock_ms());
    astray = sort_all(run, &batch);
    TRY(handle_parts(run, &batch));
    TRY(send_all_admitted(run, &order_count));
    TRY(send_all_astray(run, &astray));
    tick_adjust_gate(run, order_count);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_ORDERS, TOPIC_INBOX};
    static const enum topic sends_to[] = {TOPIC_PAYMENT,   TOPIC_INVENTORY, TOPIC_FULFILLMENT,
                                          TOPIC_VALIDATOR, TOPIC_INBOX,     TOPIC_EVENTS};
    static const struct store_script *const scripts[] = {&transition_script, &due_script, &sweep_script, &memory_script, NULL};
    struct service orchestrator = {
        .name = "orchestrator",
        .purpose = "admits orders, keeps every order's saga, sends commands and compensations",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .scripts = scripts,
        .own_settings_size = sizeof(struct orchestrator_settings),
        .handle = handle,
        .own_metrics = measures_table(),
        .measure = measure,
        .tick = orchestrator_tick,
        .state_size = sizeof(struct orchestrator_state),
        .end_state = end_state,
    };

    orchestrator.own_settings = orchestrator_settings_table(&orchestrator.own_setting_count);
    return service_run(&orchestrator, argc, argv);
}
