#include "work.h"

/* ---- replies ---- */

static void answer(struct work *work, struct text outcome, struct text reason, struct text result)
{
    work->reply.outcome = outcome;
    work->reply.reason = reason;
    work->reply.result = result;
    work->answered = true;
}

void work_succeed(struct work *work, struct text result) { answer(work, TEXT("succeeded"), TEXT_NONE, result); }

void work_refuse(struct work *work, struct text reason) { answer(work, TEXT("refused"), reason, TEXT_NONE); }

void work_fail(struct work *work, struct text reason) { answer(work, TEXT("failed"), reason, TEXT_NONE); }

static struct text raw_member(const struct json *object, struct text name, enum json_value_type type)
{
    const struct json *member = json_member(object, name);

    return member != NULL && member->type == type ? json_raw(member) : TEXT_NONE;
}

enum status work_answer_stored(struct run *run, struct work *work, struct text outcome)
{
    const struct json *root;
    struct text word;

    /* The reply of the store is gone with the next phase. */
    if (json_read(run->arena, text_copy(run->arena, outcome), &root) != STATUS_OK)
        return STATUS_BROKEN;
    word = json_string(run->arena, json_member(root, TEXT("outcome")));
    if (!text_equals(word, TEXT("succeeded")) && !text_equals(word, TEXT("refused")))
        return STATUS_BROKEN;
    answer(work, word, json_string(run->arena, json_member(root, TEXT("reason"))), raw_member(root, TEXT("result"), JSON_OBJECT));
    work->reply.product_id = json_string(run->arena, json_member(root, TEXT("productId")));
    work->reply.errors = raw_member(root, TEXT("errors"), JSON_ARRAY);
    return STATUS_OK;
}

/* ---- outcomes as they are kept ---- */

static void add_member(struct buffer *buffer, const char *name, struct text string, struct text raw)
{
    if (!text_is_there(string) && !text_is_there(raw))
        return;
    if (buffer->length > 1)
        buffer_add(buffer, TEXT(","));
    buffer_add_json_string(buffer, text_of(name));
    buffer_add(buffer, TEXT(":"));
    if (text_is_there(string))
        buffer_add_json_string(buffer, string);
    else
        buffer_add(buffer, raw);
}

struct text outcome_text(struct arena *arena, const struct reply *reply)
{
    struct buffer buffer = buffer_in(arena, reply->result.length + reply->errors.length + 128);

    buffer_add(&buffer, TEXT("{"));
    add_member(&buffer, "outcome", reply->outcome, TEXT_NONE);
    add_member(&buffer, "reason", reply->reason, TEXT_NONE);
    add_member(&buffer, "productId", reply->product_id, TEXT_NONE);
    add_member(&buffer, "errors", TEXT_NONE, reply->errors);
    add_member(&buffer, "result", TEXT_NONE, reply->result);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

struct text outcome_succeeded(struct arena *arena, struct text result)
{
    return outcome_text(arena, &(struct reply){.outcome = TEXT("succeeded"), .result = result});
}

struct text outcome_refused(struct arena *arena, struct text reason)
{
    return outcome_text(arena, &(struct reply){.outcome = TEXT("refused"), .reason = reason});
}
