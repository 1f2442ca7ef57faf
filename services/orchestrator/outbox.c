#include "outbox.h"

#include "log.h"
#include "mask.h"
#include "trace.h"

#define KEPT_MORE 2 /* headers beside the order's own */

static enum status send(struct run *run, const struct outgoing *outgoing, struct text order_id)
{
    enum status status = bus_send(run->bus, outgoing);

    if (status != STATUS_BAD_MESSAGE)
        return status;
    log_event(LOG_ERROR, "left_out", "order=%.*s topic=%s problem=\"too large to send\"", TEXT_ARG(order_id), outgoing->topic);
    return STATUS_OK;
}

/* Sends a record with the needed headers alone when all of its headers are too many: an order must not be lost because of what
 * came along with it. */
static enum status send_at_least(struct run *run, struct outgoing outgoing, size_t needed, struct text order_id)
{
    enum status status = bus_send(run->bus, &outgoing);

    if (status != STATUS_BAD_MESSAGE)
        return status;
    log_event(LOG_WARNING, "headers_left_out", "order=%.*s topic=%s problem=\"too large to send\"", TEXT_ARG(order_id),
              outgoing.topic);
    outgoing.header_count = needed;
    return send(run, &outgoing, order_id);
}

static struct text joined(struct arena *arena, struct text a, const char *between, struct text b)
{
    struct buffer buffer = buffer_in(arena, a.length + b.length + 8);

    buffer_add(&buffer, a);
    buffer_add(&buffer, text_of(between));
    buffer_add(&buffer, b);
    return buffer_text(&buffer);
}

/* ---- admitted orders ---- */

/* The order's own key and headers travel along, so that a dead letter can have them: untouched but for card numbers, which get
 * no further than
 * here. */
static size_t keep_headers(struct arena *arena, const struct dead_letter *letter, struct header out[])
{
    size_t count = 0;

    if (!text_is_there(letter->key) || !text_equals(letter->key, letter->id))
        out[count++] = (struct header){TEXT(HEADER_OWN_KEY), letter->key};
    for (size_t i = 0; i < letter->header_count; i++)
        out[count++] = (struct header){joined(arena, TEXT(HEADER_OWN), "", letter->headers[i].name), letter->headers[i].value};
    if (letter->masked)
        out[count++] = (struct header){TEXT(HEADER_OWN_MASKED), TEXT("true")};
    return count;
}

/* What would be buried of an order, if it has to be. */
static struct dead_letter letter_of(struct run *run, const struct record *record, struct text order_id)
{
    struct dead_letter letter = bus_letter_of(run->arena, record, run->service->name, "conflict", TEXT_NONE);

    letter.id = order_id;
    bus_mask_letter(run->arena, &letter);
    return letter;
}

/* The trace that an order brings; its state is free text. */
static struct trace masked_trace(struct arena *arena, const struct record *record)
{
    struct trace trace = trace_of(record);
    bool masked;

    if (text_is_there(trace.state))
        trace.state = mask_bytes(arena, trace.state, &masked);
    return trace;
}

enum status outbox_admit(struct run *run, const struct record *record, const struct admission *admission)
{
    struct dead_letter letter = letter_of(run, record, admission->order_id);
    struct header *headers = arena_take(run->arena, (ENVELOPE_HEADERS + letter.header_count + KEPT_MORE) * sizeof(*headers));
    struct text id = joined(run->arena, event_input(run->arena, &(struct input){record->partition, record->offset, 0}), "/",
                            admission->order_id);
    struct envelope envelope = {
        .id = id,
        .type = TEXT("order.submitted"),
        .subject = admission->order_id,
        .source = ORCHESTRATOR_SOURCE,
        .time = time_text(run->arena, record->timestamp_ms),
        .trace = trace_continue(run->arena, masked_trace(run->arena, record), id, id),
    };
    size_t needed = envelope_headers(&envelope, headers);
    size_t kept = keep_headers(run->arena, &letter, headers + needed);

    return send_at_least(run,
                         (struct outgoing){.topic = topic_name(TOPIC_INBOX),
                                           .partition = -1,
                                           .key = admission->order_id,
                                           .value = admission->inbox_value,
                                           .headers = headers,
                                           .header_count = needed + kept},
                         needed, admission->order_id);
}

/* ---- commands and events ---- */

static enum status send_of_saga(struct run *run, const struct saga *saga, const char *topic, struct envelope *envelope,
                                struct text value)
{
    struct header headers[ENVELOPE_HEADERS];
    size_t count;

    envelope->subject = saga->order_id;
    envelope->source = ORCHESTRATOR_SOURCE;
    envelope->trace =
        trace_continue(run->arena, (struct trace){saga->trace_parent, saga->trace_state}, envelope->id, saga->order_id);
    count = envelope_headers(envelope, headers);
    return send(
        run,
        &(struct outgoing){
            .topic = topic, .partition = -1, .key = saga->order_id, .value = value, .headers = headers, .header_count = count},
        saga->order_id);
}

enum status outbox_command(struct run *run, const struct saga *saga)
{
    struct command command = saga_command(run->arena, saga);
    struct buffer value = buffer_in(run->arena, command.order.length + command.results.length + 512);
    struct envelope envelope = {
        .id = joined(run->arena, command.command_id, "/", text_of_number(run->arena, command.attempt)),
        .type = command.type,
        .time = command.issued_at,
    };

    command_write(&value, &command);
    return send_of_saga(run, saga, topic_name(ask_topic(saga->pending)), &envelope, buffer_text(&value));
}

enum status outbox_event(struct run *run, const struct saga *saga, const struct saga_event *event)
{
    struct envelope envelope = {
        .id = event_id(run->arena, saga->order_id, event),
        .type = event->type,
        .time = event->at,
    };

    return send_of_saga(run, saga, topic_name(TOPIC_EVENTS), &envelope, event_record(run->arena, saga->order_id, event));
}

enum status outbox_nudge(struct run *run, struct text order_id, int64_t at_ms)
{
    struct header headers[ENVELOPE_HEADERS];
    struct buffer value = buffer_in(run->arena, order_id.length + 40);
    struct text id = joined(run->arena, order_id, "/nudge/", text_of_number(run->arena, at_ms));
    struct envelope envelope = {
        .id = id,
        .type = TEXT("order.nudge"),
        .subject = order_id,
        .source = ORCHESTRATOR_SOURCE,
        .time = time_text(run->arena, at_ms),
        .trace = trace_continue(run->arena, (struct trace){TEXT_NONE, TEXT_NONE}, id, order_id),
    };
    size_t count = envelope_headers(&envelope, headers);

    buffer_add(&value, TEXT("{\"kind\":\"nudge\",\"orderId\":"));
    buffer_add_json_string(&value, order_id);
    buffer_add(&value, TEXT("}"));
    return send(run,
                &(struct outgoing){.topic = topic_name(TOPIC_INBOX),
                                   .partition = -1,
                                   .key = order_id,
                                   .value = buffer_text(&value),
                                   .headers = headers,
                                   .header_count = count},
                order_id);
}

/* ---- records that belong elsewhere ---- */

enum status outbox_forward(struct run *run, const struct record *record, struct text order_id, int32_t partition)
{
    size_t own_count;
    const struct header *own = record_headers(run->arena, record, &own_count);
    struct header *headers = arena_take(run->arena, (own_count + 1) * sizeof(*headers));

    headers[0] = (struct header){TEXT(HEADER_FORWARDED), TEXT("true")};
    for (size_t i = 0; i < own_count; i++)
        headers[i + 1] = own[i];
    return send_at_least(run,
                         (struct outgoing){.topic = topic_name(TOPIC_INBOX),
                                           .partition = partition,
                                           .key = order_id,
                                           .value = record->value,
                                           .headers = headers,
                                           .header_count = own_count + 1},
                         1, order_id);
}
