#include "policy.h"

#define MEMO_TEXT_MAX ((size_t)1024)
#define VALUE_MAX INT64_C(1000000000) /* far beyond any setting; neither times 1000 nor times itself is too large */

/* The values that a command may have of its own. */
static const struct {
    const char *name;
    size_t offset;
} values[] = {
    {"stepTimeoutMs", offsetof(struct patience, step_timeout_ms)},
    {"stepDeadlineSeconds", offsetof(struct patience, step_deadline_seconds)},
    {"stepAttempts", offsetof(struct patience, attempts)},
    {"retryFirstDelayMs", offsetof(struct patience, first_delay_ms)},
    {"retryFactor", offsetof(struct patience, factor)},
    {"retryMaxDelayMs", offsetof(struct patience, max_delay_ms)},
};

/* Those that are general only. */
static const struct {
    const char *name;
    size_t offset;
} general_values[] = {
    {"sagaDeadlineSeconds", offsetof(struct policy, saga_deadline_seconds)},
    {"undoAttempts", offsetof(struct policy, undo_attempts)},
    {"captureAttempts", offsetof(struct policy, capture_attempts)},
};

static int64_t *value_at(struct patience *patience, size_t row)
{
    return (int64_t *)(void *)((char *)patience + values[row].offset);
}

static int64_t *general_at(struct policy *policy, size_t row)
{
    return (int64_t *)(void *)((char *)policy + general_values[row].offset);
}

void policy_spread(struct policy *policy)
{
    for (enum ask ask = ASK_NOTHING; ask < ASK_COUNT; ask++) {
        policy->of[ask] = policy->general;
        if (ask == ASK_CAPTURE)
            policy->of[ask].attempts = policy->capture_attempts;
        if (ask > ASK_CAPTURE)
            policy->of[ask].attempts = policy->undo_attempts;
    }
}

struct policy policy_default(void)
{
    struct policy policy = {
        .general = {.step_timeout_ms = 10000,
                    .step_deadline_seconds = 600,
                    .attempts = 5,
                    .first_delay_ms = 200,
                    .factor = 2,
                    .max_delay_ms = 30000},
        .undo_attempts = 20, /* when an undo is given up a person has to look: that should be rare */
        .capture_attempts = 20,
        .saga_deadline_seconds = 3600,
    };

    policy_spread(&policy);
    return policy;
}

static void add_value(struct buffer *buffer, const char *name, int64_t value)
{
    if (buffer->bytes[buffer->length - 1] != '{')
        buffer_add(buffer, TEXT(","));
    buffer_add_json_string(buffer, text_of(name));
    buffer_add(buffer, TEXT(":"));
    buffer_add_number(buffer, value);
}

/* What holds for a command and does not follow from the general values. */
static void add_command(struct buffer *buffer, const struct policy *policy, enum ask ask)
{
    struct policy spread = *policy;
    struct patience own = policy->of[ask];
    struct buffer members = buffer_in(buffer->arena, 0);

    policy_spread(&spread);
    buffer_add(&members, TEXT("{"));
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (*value_at(&own, i) != *value_at(&spread.of[ask], i))
            add_value(&members, values[i].name, *value_at(&own, i));
    if (members.length == 1)
        return;
    if (buffer->bytes[buffer->length - 1] != '{')
        buffer_add(buffer, TEXT(","));
    buffer_add_json_string(buffer, text_of(ask_type(ask)));
    buffer_add(buffer, TEXT(":"));
    buffer_add(buffer, buffer_text(&members));
    buffer_add(buffer, TEXT("}"));
}

struct text policy_text(struct arena *arena, const struct policy *policy)
{
    struct policy copy = *policy;
    struct buffer buffer = buffer_in(arena, 256);

    buffer_add(&buffer, TEXT("{"));
    for (size_t i = 0; i < COUNT_OF(general_values); i++)
        add_value(&buffer, general_values[i].name, *general_at(&copy, i));
    for (size_t i = 0; i < COUNT_OF(values); i++)
        add_value(&buffer, values[i].name, *value_at(&copy.general, i));
    buffer_add(&buffer, TEXT(",\"commands\":{"));
    for (enum ask ask = ASK_NOTHING + 1; ask < ASK_COUNT; ask++)
        add_command(&buffer, policy, ask);
    buffer_add(&buffer, TEXT("}}"));
    return buffer_text(&buffer);
}

/* Leaves what is missing, or no whole number from 1 to VALUE_MAX, as it is: anybody can write a record of the inbox. */
static void read_value(const struct json *object, const char *name, int64_t *value)
{
    int64_t number;

    if (json_integer(json_member(object, text_of(name)), &number) && number > 0 && number <= VALUE_MAX)
        *value = number;
}

static void read_patience(const struct json *object, struct patience *patience)
{
    for (size_t i = 0; i < COUNT_OF(values); i++)
        read_value(object, values[i].name, value_at(patience, i));
}

static enum status parse(struct arena *arena, struct text text, struct policy *out_policy)
{
    struct policy policy = policy_default();
    const struct json *root, *commands;

    if (json_read(arena, text, &root) != STATUS_OK || root->type != JSON_OBJECT)
        return STATUS_BROKEN;
    for (size_t i = 0; i < COUNT_OF(general_values); i++)
        read_value(root, general_values[i].name, general_at(&policy, i));
    read_patience(root, &policy.general);
    policy_spread(&policy);
    commands = json_member(root, TEXT("commands"));
    for (enum ask ask = ASK_NOTHING + 1; commands != NULL && commands->count > 0 && ask < ASK_COUNT; ask++)
        read_patience(json_member(commands, text_of(ask_type(ask))), &policy.of[ask]);
    *out_policy = policy;
    return STATUS_OK;
}

enum status policy_read(struct arena *arena, struct text text, struct policy *out_policy)
{
    /* The last text and what it says: nearly every saga has the same. What is said depends on the text alone, so that
     * remembering it changes nothing. */
    static _Thread_local struct {
        char text[MEMO_TEXT_MAX];
        size_t length;
        struct policy policy;
    } memo;

    if (memo.length == 0 || !text_equals(text, (struct text){memo.text, memo.length})) {
        TRY(parse(arena, text, &memo.policy));
        memo.length = text.length <= MEMO_TEXT_MAX ? text.length : 0;
        memcpy(memo.text, text.at, memo.length);
    }
    *out_policy = memo.policy;
    return STATUS_OK;
}

int64_t policy_delay_ms(const struct patience *patience, struct text command_id, int64_t attempt)
{
    int64_t delay_ms = patience->first_delay_ms;
    uint64_t jitter = text_hash(command_id) + (uint64_t)attempt * UINT64_C(0x9e3779b97f4a7c15);

    for (int64_t i = 2; i < attempt && delay_ms < patience->max_delay_ms; i++)
        delay_ms *= patience->factor;
    if (delay_ms > patience->max_delay_ms)
        delay_ms = patience->max_delay_ms;
    jitter ^= jitter >> 32;
    return delay_ms - (int64_t)(jitter % (uint64_t)(delay_ms / 2 + 1));
}

int64_t policy_shortest_timeout_ms(const struct policy *policy)
{
    int64_t shortest = INT64_MAX;

    for (enum ask ask = ASK_NOTHING + 1; ask < ASK_COUNT; ask++)
        if (policy->of[ask].step_timeout_ms < shortest)
            shortest = policy->of[ask].step_timeout_ms;
    return shortest;
}
