/* main.c - the orchestrator: admits orders, folds what every saga hears, sends the next commands. Start reading at handle(). */
#include "age.h"
#include "batch.h"
#include "log.h"
#include "mask.h"
#include "measures.h"
#include "outbox.h"
#include "patience_settings.h"
#include "service_metrics.h"
#include "tick.h"
#include "timers.h"

#define SECOND_MS 1000
#define RETENTION_MARGIN_DAYS 2 /* marks and sagas live longer than the topics that can still bring a record of theirs */
#define INBOX_BYTES_FACTOR 8    /* replies may be this much larger than an order */

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

static struct text header_of(const struct record *record, const char *name)
{
    struct text value = TEXT_NONE;

    return record_header(record, name, &value) ? value : TEXT_NONE;
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
    struct admission admission = admission_decide(run->arena, rules, &application, wall_clock_ms());

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
        if (!text_equals(run->records[i].topic, TEXT(TOPIC_ORDERS)))
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

    if (record->value.length > INBOX_BYTES_FACTOR * (size_t)run->settings->message_bytes_max)
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
    int32_t partition = bus_partition(run->bus, TOPIC_INBOX, order_id);
    struct text forwarded;

    if (partition < 0 || partition == record->partition || record_header(record, HEADER_FORWARDED, &forwarded))
        return -1;
    return partition;
}

static enum status sort_record(struct run *run, struct batch *batch, const struct record *record)
{
    struct inbox_record *said = arena_take_zeroed(run->arena, 1, sizeof(*said));
    const char *problem = inbox_problem(run, record, said);
    int32_t partition;
    bool masked = false;

    if (problem != NULL) {
        struct text value = mask_bytes(run->arena, record->value, &masked);
        return bury(run, record, problem, masked ? value : TEXT_NONE, TEXT_NONE);
    }
    partition = other_partition(run, record, said->order_id);
    if (partition >= 0) {
        measure_forwarded(run->metrics, said->kind);
        return outbox_forward(run, record, said->order_id, partition);
    }
    batch_add(batch, record, said);
    return STATUS_OK;
}

static enum status sort_all(struct run *run, struct batch *batch)
{
    for (size_t i = 0; i < run->record_count; i++)
        if (!text_equals(run->records[i].topic, TEXT(TOPIC_ORDERS)))
            TRY(sort_record(run, batch, &run->records[i]));
    return STATUS_OK;
}

/* ---- what the sagas send ---- */

static void log_hearing(const struct hearing_entry *entry)
{
    log_event(LOG_DEBUG, "heard", "order=%.*s kind=%.*s became=%s", TEXT_ARG(entry->heard.said->order_id),
              TEXT_ARG(entry->heard.said->kind), hearing_name(entry->hearing));
}

static enum status send_conflicts(struct run *run, const struct group *group)
{
    for (size_t i = 0; i < group->entry_count; i++) {
        const struct hearing_entry *entry = &group->entries[i];
        if (log_wants(LOG_DEBUG))
            log_hearing(entry);
        if (entry->hearing != HEARING_CONFLICT)
            continue;
        log_event(LOG_WARNING, "conflicted", "order=%.*s", TEXT_ARG(group->order_id));
        metrics_count_buried(run->metrics, TEXT(TOPIC_ORDERS), "conflict");
        TRY(outbox_bury_conflict(run, entry->record, entry->heard.said));
    }
    return STATUS_OK;
}

static enum status send_group(struct run *run, const struct group *group, const struct saga_event events[], size_t event_count)
{
    if (group->broken)
        return STATUS_OK;
    TRY(send_conflicts(run, group));
    for (size_t i = 0; i < event_count; i++)
        TRY(outbox_event(run, &group->saga, &events[i]));
    if (group->effects.send_command && saga_has_something_to_send(&group->saga))
        TRY(outbox_command(run, &group->saga));
    return STATUS_OK;
}

static struct saga_cache *cache_of(struct run *run)
{
    struct orchestrator_state *state = run->state;

    if (state->cache == NULL)
        state->cache = saga_cache_create();
    return state->cache;
}

static void end_state(void *state)
{
    saga_cache_destroy(((struct orchestrator_state *)state)->cache);
}

/* The whole batch, start to end; nothing is sent of a saga before its transition is written. */
static enum status handle(struct run *run)
{
    struct batch batch = batch_in(run->arena, cache_of(run), run->record_count);
    int64_t days = run->settings->retention_days + RETENTION_MARGIN_DAYS;
    struct saga_event **events;
    size_t *event_counts, order_count;

    TRY(sort_all(run, &batch));
    TRY(batch_settle(&batch, run->store, days * settings_of(run)->day_seconds));
    TRY(batch_events(&batch, run->store, &events, &event_counts));
    for (size_t i = 0; i < batch.group_count; i++) {
        measure_group(run->metrics, &batch.groups[i]);
        TRY(send_group(run, &batch.groups[i], events[i], event_counts[i]));
    }
    TRY(send_all_admitted(run, &order_count));
    tick_adjust_gate(run, order_count);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    static const char *const topics[] = {TOPIC_ORDERS, TOPIC_INBOX, NULL};
    static const char *const sends_to[] = {"payment.commands", "inventory.commands", "fulfillment.commands", "validator.commands",
                                           TOPIC_INBOX,        TOPIC_EVENTS,         NULL};
    static const struct store_script *const scripts[] = {&transition_script, &due_script, &sweep_script, NULL};
    struct service orchestrator = {
        .name = "orchestrator",
        .purpose = "admits orders, keeps every order's saga, sends commands and compensations",
        .topics = topics,
        .sends_to = sends_to,
        .scripts = scripts,
        .own_settings_size = sizeof(struct orchestrator_settings),
        .handle = handle,
        .own_metrics = measures_table(),
        .measure = measure_ledger,
        .tick = orchestrator_tick,
        .state_size = sizeof(struct orchestrator_state),
        .end_state = end_state,
    };

    orchestrator.own_settings = orchestrator_settings_table(&orchestrator.own_setting_count);
    return service_run(&orchestrator, argc, argv);
}
