#include "sending.h"

#include "admission.h"
#include "age.h"
#include "bury.h"
#include "clock.h"
#include "log.h"
#include "measures.h"
#include "outbox.h"
#include "tick.h"

#define SECOND_MS 1000

/* ---- what the sagas send ---- */

static void log_heard(const struct heard *heard)
{
    log_event(LOG_DEBUG, "heard", "order=%.*s kind=%.*s became=%s", TEXT_ARG(heard->message->order_id),
              TEXT_ARG(heard->message->kind), hearing_name(heard->hearing));
}

/* Nothing of what a saga that is set aside has heard is folded: its dead letters are all that is left of it, to be sent back
 * when the saga is mended. A nudge says nothing that could get lost: the reconciler gives the saga a timer again, and that
 * makes others. */
static enum status bury_unheard(struct run *run, const struct group *group)
{
    for (size_t i = 0; i < group->heard_count; i++) {
        const struct heard *heard = &group->heard[i];
        if (text_equals(heard->message->kind, TEXT("order")))
            TRY(bury_order(run, heard, REASON_SAGA_BROKEN));
        else if (!text_equals(heard->message->kind, TEXT("nudge")))
            TRY(bury_unseen(run, heard->record, REASON_SAGA_BROKEN));
    }
    return STATUS_OK;
}

/* An order that contradicts the saga changes nothing of it; handled again, it raises the same event and is buried again. */
static enum status send_conflict(struct run *run, const struct saga *saga, const struct heard *heard)
{
    struct saga_event event = event_of_conflict(run->arena, saga, heard->message->source, &heard->input);

    TRY(outbox_event(run, saga, &event));
    return bury_order(run, heard, REASON_CONFLICT);
}

static enum status send_conflicts(struct run *run, const struct group *group)
{
    for (size_t i = 0; i < group->heard_count; i++) {
        const struct heard *heard = &group->heard[i];
        if (log_wants(LOG_DEBUG))
            log_heard(heard);
        if (heard->hearing == HEARING_CONFLICT)
            TRY(send_conflict(run, &group->saga, heard));
    }
    return STATUS_OK;
}

static enum status send_group(struct run *run, const struct group *group)
{
    if (group->broken)
        return bury_unheard(run, group);
    TRY(send_conflicts(run, group));
    for (size_t i = 0; i < group->event_count; i++)
        TRY(outbox_event(run, &group->saga, &group->events[i]));
    if (group->effects.send_command && saga_has_something_to_send(&group->saga))
        TRY(outbox_command(run, &group->saga));
    return STATUS_OK;
}

enum status send_groups(struct run *run, const struct batch *batch)
{
    for (size_t i = 0; i < batch->group_count; i++) {
        measure_group(run->metrics, &batch->groups[i]);
        TRY(send_group(run, &batch->groups[i]));
    }
    return STATUS_OK;
}

/* ---- orders ---- */

static struct admission_rules rules_of(struct run *run)
{
    const struct orchestrator_settings *settings = run->own_settings;
    struct policy policy = policy_of_settings(settings);

    return (struct admission_rules){
        .bytes_max = (size_t)run->settings->message_bytes_max,
        .retention_ms = run->settings->retention_days * settings->day_seconds * SECOND_MS,
        .policy = policy_text(run->arena, &policy),
    };
}

static struct text header_of(const struct record *record, const char *name)
{
    struct text value = TEXT_NONE;

    return record_header(record, name, &value) ? value : TEXT_NONE;
}

static struct application application_of(const struct record *record)
{
    return (struct application){
        .topic = record->topic,
        .value = record->value,
        .partition = record->partition,
        .offset = record->offset,
        .time_ms = record->timestamp_ms,
        .made_ms = age_made_ms(record->timestamp_ms, &(struct age_headers){.dlq_timestamp = header_of(record, "dlq-timestamp"),
                                                                           .dlq_redrives = header_of(record, "dlq-redrives"),
                                                                           .ce_time = header_of(record, "ce_time")}),
    };
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

static enum status send_order(struct run *run, const struct admission_rules *rules, const struct record *record)
{
    const struct orchestrator_state *state = run->state;
    int64_t now_ms = clocks_now_ms(&state->clocks, clock_running_ms());
    struct application application = application_of(record);
    struct admission admission = admission_decide(run->arena, rules, &application, now_ms);

    if (is_too_old(&admission) && !state->clocks.brokers_known)
        return ask_brokers(run, admission.order_id, now_ms);
    if (admission.dead_reason != NULL)
        return bury_record(run, record,
                           &(struct burial){.reason = admission.dead_reason,
                                            .masked_value = admission.masked_value,
                                            .order_id = admission.order_id});
    return outbox_admit(run, record, &admission);
}

enum status send_orders(struct run *run, const struct intake *intake)
{
    struct admission_rules rules;

    if (intake->order_count == 0) /* most batches of a steady rate have no order */
        return STATUS_OK;
    rules = rules_of(run);
    for (size_t i = 0; i < intake->order_count; i++)
        TRY(send_order(run, &rules, intake->orders[i]));
    return STATUS_OK;
}

/* ---- strays ---- */

static enum status send_stray(struct run *run, const struct stray *stray)
{
    if (stray->problem != NULL)
        return bury_unseen(run, stray->record, stray->problem);
    measure_forwarded(run->metrics, stray->message->kind);
    return outbox_forward(run, stray->record, stray->message->order_id, stray->partition);
}

enum status send_strays(struct run *run, const struct intake *intake)
{
    for (size_t i = 0; i < intake->stray_count; i++)
        TRY(send_stray(run, &intake->strays[i]));
    return STATUS_OK;
}
