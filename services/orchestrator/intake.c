#include "intake.h"

#include "log.h"
#include "measures.h"
#include "outbox.h"

/* ---- records of saga.inbox ---- */

/* Why a record can't be handled, or NULL. */
static const char *problem_of(struct run *run, const struct record *record, struct inbox_record *out_message)
{
    const struct json *root;
    struct text order_id;
    const char *problem;

    if (record->value.length > COMMAND_BYTES_FACTOR * (size_t)run->settings->message_bytes_max)
        return "too_large";
    problem = record_problem(run->arena, record->value, 1, &root, &order_id);
    if (problem == NULL && inbox_read(run->arena, root, out_message) != STATUS_OK)
        problem = "unknown_type";
    return problem;
}

/* The partition that a record belongs to when it lies elsewhere; -1 when it is where it belongs. A record is moved once only, so
 * that two programs that count the partitions differently can't pass it back and forth. */
static int32_t other_partition(struct run *run, const struct record *record, struct text order_id)
{
    int32_t partition = bus_partition(run->bus, topic_name(TOPIC_INBOX), order_id);
    struct text forwarded;

    if (partition < 0 || partition == record->partition || record_header(record, HEADER_FORWARDED, &forwarded))
        return -1;
    return partition;
}

/* What a reply says goes on, as far as it can. What could not be read of it, or is too large to go on, is told here. */
static void bound_reply(struct run *run, struct reply *reply)
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

/* Whether a record is for no saga of this batch, and what is to be done with it. What it says is read on the way. */
static bool is_stray(struct run *run, const struct record *record, struct inbox_record *out_message, struct stray *out_stray)
{
    *out_stray = (struct stray){.record = record, .message = out_message, .problem = problem_of(run, record, out_message)};
    if (out_stray->problem == NULL)
        out_stray->partition = other_partition(run, record, out_message->order_id);
    return out_stray->problem != NULL || out_stray->partition >= 0;
}

static void sort_record(struct run *run, struct batch *batch, const struct record *record, struct intake *intake)
{
    struct inbox_record *message = arena_take_zeroed(run->arena, 1, sizeof(*message));

    if (is_stray(run, record, message, &intake->strays[intake->stray_count])) {
        intake->stray_count++;
        return;
    }
    if (text_equals(message->kind, TEXT("reply")))
        bound_reply(run, &message->reply);
    batch_add(batch, record, message);
}

/* ---- all of them ---- */

struct intake intake_sort(struct run *run, struct batch *batch)
{
    struct intake intake = {
        .orders = arena_take(run->arena, run->record_count * sizeof(*intake.orders)),
        .strays = arena_take(run->arena, run->record_count * sizeof(*intake.strays)),
    };

    for (size_t i = 0; i < run->record_count; i++) {
        if (topic_is(run->records[i].topic, TOPIC_ORDERS))
            intake.orders[intake.order_count++] = &run->records[i];
        else
            sort_record(run, batch, &run->records[i], &intake);
    }
    return intake;
}
