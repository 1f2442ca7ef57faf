#include "saga.h"

#include "json.h"
#include "message.h"

#include <assert.h>

#define VERSION_MAX (INT64_C(1) << 53) /* no saga is changed so often */

enum field_form { FORM_TEXT, FORM_NUMBER, FORM_TIME, FORM_STATUS, FORM_STEP, FORM_PENDING, FORM_INPUT };

struct saga_field {
    struct text name;
    enum field_form form;
    size_t offset;
    bool to_the_end;   /* kept only as long as the saga has not ended, because what is kept for days has to be small */
    struct text ended; /* what stands there afterwards */
};

#define ROW(name_, form_, member)                                                                                                \
    {                                                                                                                            \
        {name_, sizeof(name_) - 1}, (form_), offsetof(struct saga, member), false, { NULL, 0 }                                   \
    }
#define ROW_TO_THE_END(name_, form_, member, ...)                                                                                \
    {                                                                                                                            \
        {name_, sizeof(name_) - 1}, (form_), offsetof(struct saga, member), true, __VA_ARGS__                                    \
    }

static const struct saga_field fields[] = {
    ROW("status", FORM_STATUS, status),
    ROW("step", FORM_STEP, step),
    [SAGA_FIELD_VERSION] = ROW("version", FORM_NUMBER, version),
    ROW("reason", FORM_TEXT, reason),
    ROW("errors", FORM_TEXT, errors),
    ROW("productId", FORM_TEXT, product_id),
    ROW("total", FORM_NUMBER, total),
    ROW("currency", FORM_TEXT, currency),
    ROW("order", FORM_TEXT, order),
    ROW("results", FORM_TEXT, results),
    ROW_TO_THE_END("policy", FORM_TEXT, policy, {"{}", 2}), /* empty, not absent: a saga without a policy is broken */
    ROW("source", FORM_TEXT, source),
    ROW("pendingCommandId", FORM_PENDING, pending),
    ROW("attempt", FORM_NUMBER, attempt),
    ROW("backingOff", FORM_NUMBER, backing_off),
    ROW("nextDueAt", FORM_TIME, next_due_ms),
    ROW("stepDeadlineAt", FORM_TIME, step_deadline_ms),
    ROW("timerAt", FORM_TIME, timer_ms),
    ROW("endsAs", FORM_STATUS, ends_as),
    ROW("lastFailure", FORM_TEXT, last_failure),
    ROW("cancelRequested", FORM_NUMBER, cancel_requested),
    ROW("cancelledBy", FORM_TEXT, cancelled_by),
    ROW("cancelReason", FORM_TEXT, cancel_reason),
    [SAGA_FIELD_LAST_INPUT] = ROW("lastInput", FORM_INPUT, last_input),
    ROW("createdAt", FORM_TIME, created_ms),
    ROW("updatedAt", FORM_TIME, updated_ms),
    ROW("since", FORM_TIME, since_ms),
    ROW_TO_THE_END("deadlineAt", FORM_TIME, deadline_ms, {NULL, 0}),
    ROW("completedAt", FORM_TIME, completed_ms),
    ROW("traceparent", FORM_TEXT, trace_parent),
    ROW("tracestate", FORM_TEXT, trace_state),
};
_Static_assert(COUNT_OF(fields) == SAGA_FIELD_COUNT, "one row for each field");

const struct text *saga_field_names(void)
{
    static struct text names[SAGA_FIELD_COUNT];

    for (size_t i = 0; i < SAGA_FIELD_COUNT && names[i].at == NULL; i++)
        names[i] = fields[i].name;
    return names;
}

struct text saga_command_id(struct arena *arena, const struct saga *saga, enum ask ask)
{
    struct buffer buffer = buffer_in(arena, saga->order_id.length + 24);

    buffer_add(&buffer, saga->order_id);
    buffer_add(&buffer, TEXT("/"));
    buffer_add(&buffer, text_of(ask_type(ask)));
    return buffer_text(&buffer);
}

/* ---- reading ---- */

static bool read_status(struct text value, enum saga_status *out)
{
    *out = saga_status_of(value);
    return *out != SAGA_NONE;
}

/* The step of a forward command's type. */
static bool read_step(struct text value, int64_t *out)
{
    for (int i = 0; i < STEP_COUNT; i++)
        if (text_equals(value, text_of(ask_type(step_at(i)->ask)))) {
            *out = i;
            return true;
        }
    return false;
}

/* What is behind "<orderId>/". */
static bool read_pending(struct text order_id, struct text value, enum ask *out)
{
    size_t prefix = order_id.length + 1;

    if (value.length <= prefix || !text_begins(value, order_id))
        return false;
    *out = ask_of((struct text){value.at + prefix, value.length - prefix});
    return *out != ASK_NOTHING;
}

static bool split(struct text *rest, struct text *out_part)
{
    const char *slash = memchr(rest->at, '/', rest->length);

    if (slash == NULL)
        return false;
    *out_part = (struct text){rest->at, (size_t)(slash - rest->at)};
    *rest = (struct text){slash + 1, rest->length - out_part->length - 1};
    return true;
}

static bool read_input(struct text value, struct input *out)
{
    struct text partition_text, offset_text;
    int64_t partition;

    if (!split(&value, &partition_text) || !split(&value, &offset_text) || !text_to_number(partition_text, &partition) ||
        partition < 0 || partition > INT32_MAX || !text_to_number(offset_text, &out->offset))
        return false;
    out->partition = (int32_t)partition;
    return time_read(value, &out->time_ms);
}

static bool read_field(struct arena *arena, const struct saga_field *field, struct text value, struct saga *saga)
{
    void *member = (char *)saga + field->offset;

    (void)arena;
    switch (field->form) {
    case FORM_TEXT:
        *(struct text *)member = value;
        return true;
    case FORM_NUMBER:
        return text_to_number(value, member);
    case FORM_TIME:
        return time_read(value, member);
    case FORM_STATUS:
        return read_status(value, member);
    case FORM_STEP:
        return read_step(value, member);
    case FORM_PENDING:
        return read_pending(saga->order_id, value, member);
    case FORM_INPUT:
        return read_input(value, member);
    }
    return false;
}

/* ---- whether it makes sense: the hash can be edited by hand, and one saga that doesn't must not stop the others ---- */

/* Whether the text is one JSON value of this type, without spaces around it: the text becomes part of other JSON as it is. */
static bool is_json(struct arena *arena, struct text value, enum json_value_type type)
{
    const struct arena_mark mark = arena_mark(arena);
    const struct json *root;
    bool is = json_read(arena, value, &root) == STATUS_OK && root->type == type && json_raw(root).length == value.length;

    arena_rewind(arena, mark); /* an order of many small values takes far more memory when it is read */
    return is;
}

static bool is_json_or_absent(struct arena *arena, struct text value, enum json_value_type type)
{
    return !text_is_there(value) || is_json(arena, value, type);
}

/* Whether the pending command is one that a saga of this status can wait for. */
static bool is_asking_right(const struct saga *saga)
{
    const struct saga_step *step = step_at((int)saga->step);

    if (saga_status_is_terminal(saga->status))
        return saga->pending == ASK_NOTHING;
    if (saga->pending == ASK_NOTHING || saga->attempt < 1 || saga->attempt > ATTEMPT_MAX)
        return false;
    if (saga->status == SAGA_COMPENSATING || saga->status == SAGA_COMPENSATION_FAILED)
        return saga->pending == step->undo && saga_status_is_terminal(saga->ends_as);
    if (saga->status == SAGA_NEEDS_ATTENTION)
        return saga->pending == step->ask && step->refused_as == SAGA_NEEDS_ATTENTION;
    return saga->pending == step->ask && saga->status == step->status;
}

static bool is_whole(struct arena *arena, const struct saga *saga)
{
    return saga->status != SAGA_NONE && saga->version > 0 && saga->version < VERSION_MAX && is_asking_right(saga) &&
           is_json(arena, saga->order, JSON_OBJECT) && is_json(arena, saga->results, JSON_OBJECT) &&
           text_is_there(saga->policy) && is_json_or_absent(arena, saga->errors, JSON_ARRAY) &&
           (!text_is_there(saga->trace_parent) || saga->trace_parent.length == TRACEPARENT_LENGTH);
}

enum status saga_read(struct arena *arena, struct text order_id, const struct text values[SAGA_FIELD_COUNT],
                      struct saga *out_saga)
{
    struct saga saga = {.order_id = order_id};
    size_t present = 0;

    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++) {
        if (!text_is_there(values[i]))
            continue;
        present++;
        if (!read_field(arena, &fields[i], values[i], &saga))
            return STATUS_BROKEN;
    }
    if (present > 0 && !is_whole(arena, &saga))
        return STATUS_BROKEN;
    *out_saga = saga;
    return STATUS_OK;
}

/* ---- writing ---- */

static struct text input_text(struct arena *arena, const struct input *input)
{
    struct buffer buffer = buffer_in(arena, 64);

    buffer_add_number(&buffer, input->partition);
    buffer_add(&buffer, TEXT("/"));
    buffer_add_number(&buffer, input->offset);
    buffer_add(&buffer, TEXT("/"));
    buffer_add(&buffer, time_text(arena, input->time_ms));
    return buffer_text(&buffer);
}

/* A number or a time of 0 means that the field does not apply. But an order may cost nothing: total is there as soon as there is
 * a currency. */
static struct text write_number(struct arena *arena, const struct saga *saga, const int64_t *number)
{
    bool applies = *number != 0 || (number == &saga->total && text_is_there(saga->currency));

    return applies ? text_of_number(arena, *number) : TEXT_NONE;
}

static struct text write_field(struct arena *arena, const struct saga_field *field, const struct saga *saga)
{
    const void *member = (const char *)saga + field->offset;

    switch (field->form) {
    case FORM_TEXT:
        return *(const struct text *)member;
    case FORM_NUMBER:
        return write_number(arena, saga, member);
    case FORM_TIME:
        return *(const int64_t *)member == 0 ? TEXT_NONE : time_text(arena, *(const int64_t *)member);
    case FORM_STATUS:
        return *(const enum saga_status *)member == SAGA_NONE ? TEXT_NONE
                                                              : text_of(saga_status_text(*(const enum saga_status *)member));
    case FORM_STEP:
        return text_of(ask_type(step_at((int)saga->step)->ask));
    case FORM_PENDING:
        return saga->pending == ASK_NOTHING ? TEXT_NONE : saga_command_id(arena, saga, saga->pending);
    case FORM_INPUT:
        return input_text(arena, member);
    }
    return TEXT_NONE;
}

void saga_write(struct arena *arena, const struct saga *saga, struct text out_values[SAGA_FIELD_COUNT])
{
    bool ended = saga_status_is_terminal(saga->status);

    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        out_values[i] = ended && fields[i].to_the_end ? fields[i].ended : write_field(arena, &fields[i], saga);
}

void saga_borrow_texts(struct saga *saga, const struct text values[SAGA_FIELD_COUNT])
{
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        if (fields[i].form == FORM_TEXT)
            *(struct text *)(void *)((char *)saga + fields[i].offset) = values[i];
}
