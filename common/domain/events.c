#include "events.h"

#include "message.h"
#include "schema.h"

static const struct field history_fields[] = {
    FIELD_TEXT(struct saga_event, at, "at", 1, TIME_SIZE),
    FIELD_TEXT(struct saga_event, type, "event", 1, 64),
    FIELD_NUMBER(struct saga_event, version, "version", 1, INT64_MAX),
    FIELD_TEXT(struct saga_event, input, "input", 1, 64),
    FIELD_OBJECT(struct saga_event, detail, "detail"),
};

struct text event_history_line(struct arena *arena, const struct saga_event *event)
{
    struct buffer buffer = buffer_in(arena, event->detail.length + 160);

    schema_write(&buffer, history_fields, COUNT_OF(history_fields), event);
    return buffer_text(&buffer);
}

enum status event_of_history_line(struct arena *arena, struct text line, struct saga_event *out_event)
{
    const struct json *root;
    struct saga_event event = {0};

    if (json_read(arena, line, &root) != STATUS_OK ||
        schema_read(arena, history_fields, COUNT_OF(history_fields), root, &event, NULL) != STATUS_OK)
        return STATUS_BROKEN;
    *out_event = event;
    return STATUS_OK;
}

struct text event_id(struct arena *arena, struct text order_id, const struct saga_event *event)
{
    struct buffer buffer = buffer_in(arena, order_id.length + event->type.length + 24);

    if (text_is_there(event->id))
        return event->id;
    buffer_add(&buffer, order_id);
    buffer_add(&buffer, TEXT("/"));
    buffer_add_number(&buffer, event->version);
    buffer_add(&buffer, TEXT("/"));
    buffer_add(&buffer, event->type);
    return buffer_text(&buffer);
}

static void add_member(struct buffer *buffer, struct text name, struct text raw)
{
    if (buffer->bytes[buffer->length - 1] != '{')
        buffer_add(buffer, TEXT(","));
    buffer_add(buffer, TEXT("\""));
    buffer_add(buffer, name);
    buffer_add(buffer, TEXT("\":"));
    buffer_add(buffer, raw);
}

static void add_string(struct buffer *buffer, struct text name, struct text string)
{
    if (!text_is_there(string))
        return;
    add_member(buffer, name, TEXT(""));
    buffer_add_json_string(buffer, string);
}

static void add_number(struct buffer *buffer, struct text name, int64_t number)
{
    add_member(buffer, name, TEXT(""));
    buffer_add_number(buffer, number);
}

static void add_raw(struct buffer *buffer, struct text name, struct text raw)
{
    if (text_is_there(raw))
        add_member(buffer, name, raw);
}

static struct buffer object_in(struct arena *arena, size_t room)
{
    struct buffer buffer = buffer_in(arena, room);

    buffer_add(&buffer, TEXT("{"));
    return buffer;
}

static struct text object_end(struct buffer *buffer)
{
    buffer_add(buffer, TEXT("}"));
    return buffer_text(buffer);
}

struct text event_record(struct arena *arena, struct text order_id, const struct saga_event *event)
{
    struct buffer buffer = object_in(arena, event->detail.length + 256);
    struct text inside = {event->detail.at + 1, event->detail.length - 2}; /* without its braces */

    add_string(&buffer, TEXT("eventId"), event_id(arena, order_id, event));
    add_string(&buffer, TEXT("type"), event->type);
    add_string(&buffer, TEXT("orderId"), order_id);
    add_string(&buffer, TEXT("at"), event->at);
    if (inside.length > 0)
        buffer_add(&buffer, TEXT(","));
    buffer_add(&buffer, inside);
    return object_end(&buffer);
}

struct text event_input(struct arena *arena, const struct input *input)
{
    struct buffer buffer = buffer_in(arena, 32);

    buffer_add_number(&buffer, input->partition);
    buffer_add(&buffer, TEXT("/"));
    buffer_add_number(&buffer, input->offset);
    return buffer_text(&buffer);
}

/* ---- details ---- */

static struct buffer detail_in(struct arena *arena, const struct saga *saga)
{
    struct buffer buffer = object_in(arena, 160);

    add_string(&buffer, TEXT("status"), text_of(saga_status_text(saga->status)));
    return buffer;
}

struct text detail_of_step(struct arena *arena, const struct saga *saga, struct text result)
{
    struct buffer buffer = detail_in(arena, saga);

    add_raw(&buffer, TEXT("result"), result);
    return object_end(&buffer);
}

static void add_why(struct buffer *buffer, const struct saga *saga)
{
    add_string(buffer, TEXT("reason"), saga->reason);
    add_raw(buffer, TEXT("errors"), saga->errors);
    add_string(buffer, TEXT("productId"), saga->product_id);
    add_string(buffer, TEXT("cancelledBy"), saga->cancelled_by);
    add_string(buffer, TEXT("cancelReason"), saga->cancel_reason);
}

struct text detail_of_compensation(struct arena *arena, const struct saga *saga)
{
    struct buffer buffer = detail_in(arena, saga);

    add_why(&buffer, saga);
    return object_end(&buffer);
}

struct text detail_of_parking(struct arena *arena, const struct saga *saga, struct text failure)
{
    struct buffer buffer = detail_in(arena, saga);

    add_why(&buffer, saga);
    add_string(&buffer, TEXT("failure"), failure);
    if (!text_equals(saga->last_failure, failure)) /* the worker may have said `failed` before the step timed out */
        add_string(&buffer, TEXT("lastFailure"), saga->last_failure);
    add_string(&buffer, TEXT("pendingCommandId"), saga_command_id(arena, saga, saga->pending));
    add_number(&buffer, TEXT("attempt"), saga->attempt);
    return object_end(&buffer);
}

struct text detail_of_end(struct arena *arena, const struct saga *saga)
{
    struct buffer buffer = detail_in(arena, saga);

    add_why(&buffer, saga);
    if (text_is_there(saga->currency)) {
        add_number(&buffer, TEXT("total"), saga->total);
        add_string(&buffer, TEXT("currency"), saga->currency);
    }
    add_string(&buffer, TEXT("createdAt"), time_text(arena, saga->created_ms));
    add_string(&buffer, TEXT("completedAt"), time_text(arena, saga->completed_ms));
    return object_end(&buffer);
}

/* ---- a conflict ---- */

/* Reads where the order lay. False: the source does not say. */
static bool read_source(struct arena *arena, struct text source, struct text *out_topic, struct input *out_place)
{
    const struct json *root;
    int64_t partition;

    if (json_read(arena, source, &root) != STATUS_OK || !json_integer(json_member(root, TEXT("partition")), &partition) ||
        !json_integer(json_member(root, TEXT("offset")), &out_place->offset) ||
        !json_integer(json_member(root, TEXT("timestamp")), &out_place->time_ms))
        return false;
    *out_topic = json_string(arena, json_member(root, TEXT("topic")));
    out_place->partition = (int32_t)partition;
    return partition >= 0 && partition <= INT32_MAX && out_place->offset >= 0 && out_place->time_ms > 0 && id_is_good(*out_topic);
}

struct saga_event event_of_conflict(struct arena *arena, const struct saga *saga, struct text source, const struct input *input)
{
    struct buffer detail = detail_in(arena, saga), id = buffer_in(arena, saga->order_id.length + 64);
    struct text topic = TEXT("saga.inbox");
    struct input place = *input;

    if (!read_source(arena, source, &topic, &place)) {
        topic = TEXT("saga.inbox");
        place = *input;
    }
    buffer_add(&id, saga->order_id);
    buffer_add(&id, TEXT("/conflict/"));
    buffer_add(&id, topic);
    buffer_add(&id, TEXT("/"));
    buffer_add(&id, event_input(arena, &place));
    add_raw(&detail, TEXT("source"), source);
    return (struct saga_event){
        .id = buffer_text(&id),
        .type = TEXT("order.conflict"),
        .at = time_text(arena, place.time_ms),
        .detail = object_end(&detail),
    };
}
