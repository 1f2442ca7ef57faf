#include "worker_internal.h"

#include "log.h"
#include "mask.h"
#include "service_metrics.h"
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

#define SOURCE_SIZE 64

/* ---- replies ---- */

static struct text reply_id(struct arena *arena, const struct reply *reply)
{
    struct buffer buffer = buffer_in(arena, reply->command_id.length + 24);

    buffer_add(&buffer, reply->command_id);
    buffer_add(&buffer, TEXT("/"));
    buffer_add_number(&buffer, reply->attempt);
    buffer_add(&buffer, TEXT("/reply"));
    return buffer_text(&buffer);
}

static struct text reply_type(struct arena *arena, const struct reply *reply)
{
    struct buffer buffer = buffer_in(arena, reply->type.length + 8);

    buffer_add(&buffer, reply->type);
    buffer_add(&buffer, TEXT(".reply"));
    return buffer_text(&buffer);
}

static enum status send_reply(struct run *run, const char *source, const struct work *work)
{
    struct header headers[ENVELOPE_HEADERS];
    struct buffer value = buffer_in(run->arena, work->reply.result.length + work->reply.errors.length + 384);
    struct envelope envelope = {
        .id = reply_id(run->arena, &work->reply),
        .type = reply_type(run->arena, &work->reply),
        .subject = work->reply.order_id,
        .source = source,
        .time = time_text(run->arena, work->record->timestamp_ms),
    };

    envelope.trace = trace_continue(run->arena, trace_of(work->record), envelope.id, work->reply.order_id);
    reply_write(&value, &work->reply);
    return bus_send(run->bus, &(struct outgoing){.topic = topic_name(TOPIC_INBOX),
                                                 .partition = -1,
                                                 .key = work->reply.order_id,
                                                 .value = buffer_text(&value),
                                                 .headers = headers,
                                                 .header_count = envelope_headers(&envelope, headers)});
}

static void log_reply(const struct reply *reply)
{
    enum log_level level = text_equals(reply->outcome, TEXT("failed")) ? LOG_WARNING : LOG_DEBUG;

    if (log_wants(level))
        log_event(level, "answered", "order=%.*s command=%s attempt=%" PRId64 " outcome=%.*s reason=%.*s",
                  TEXT_ARG(reply->order_id), LOG_QUOTED(reply->type), reply->attempt, TEXT_ARG(reply->outcome),
                  TEXT_ARG(reply->reason));
}

/* ---- misfits ---- */

static enum status bury(struct run *run, const struct misfit *misfit)
{
    const struct record *record = misfit->record;
    bool masked = false;
    struct text value = mask_bytes(run->arena, record->value, &masked);

    log_event(LOG_WARNING, "buried", "topic=%.*s partition=%" PRId32 " offset=%" PRId64 " reason=%s", TEXT_ARG(record->topic),
              record->partition, record->offset, misfit->reason);
    metrics_count_buried(run->metrics, record->topic, misfit->reason);
    return bus_bury_record(run->bus, record, run->service->name, misfit->reason, masked ? value : TEXT_NONE);
}

enum status worker_send(struct run *run, const struct worker_batch *batch)
{
    char source[SOURCE_SIZE];

    snprintf(source, sizeof(source), "/orderly/%s", run->service->name);
    for (size_t i = 0; i < batch->count; i++) {
        log_reply(&batch->works[i].reply);
        TRY(send_reply(run, source, &batch->works[i]));
    }
    for (size_t i = 0; i < batch->misfit_count; i++)
        TRY(bury(run, &batch->misfits[i]));
    return STATUS_OK;
}
