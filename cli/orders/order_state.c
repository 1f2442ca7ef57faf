#include "order_state.h"

#include "cli_ask.h"
#include "keys.h"
#include "message.h"

#include <assert.h>

enum {
    STATUS,
    ENDS_AS,
    REASON,
    PENDING,
    ATTEMPT,
    CANCEL_REQUESTED,
    SINCE,
    UPDATED,
    STEP_DEADLINE,
    POLICY,
    TRACE_PARENT,
    TRACE_STATE,
    FIELDS
};

static const struct text fields[FIELDS] = {
    [STATUS] = {"status", 6},
    [ENDS_AS] = {"endsAs", 6},
    [REASON] = {"reason", 6},
    [PENDING] = {"pendingCommandId", 16},
    [ATTEMPT] = {"attempt", 7},
    [CANCEL_REQUESTED] = {"cancelRequested", 15},
    [SINCE] = {"since", 5},
    [UPDATED] = {"updatedAt", 9},
    [STEP_DEADLINE] = {"stepDeadlineAt", 14},
    [POLICY] = {"policy", 6},
    [TRACE_PARENT] = {"traceparent", 11},
    [TRACE_STATE] = {"tracestate", 10},
};

const struct text *order_state_fields(size_t *out_count)
{
    *out_count = FIELDS;
    return fields;
}

static int64_t number_of(struct text text)
{
    int64_t number = 0;

    return text_to_number(text, &number) ? number : 0;
}

static int64_t time_of(struct text text)
{
    int64_t time_ms = 0;

    return text_is_there(text) && time_read(text, &time_ms) ? time_ms : 0;
}

/* What is asked by "<orderId>/<type>". */
static enum ask ask_in(struct text order_id, struct text command_id)
{
    size_t prefix = order_id.length + 1;

    if (command_id.length <= prefix)
        return ASK_NOTHING;
    return ask_of((struct text){command_id.at + prefix, command_id.length - prefix});
}

/* The step deadline is set once, when a command is asked for the first time, and says when that was; `updatedAt` changes also
 * whenever the command is merely sent again. A saga at rest has no such deadline. */
static int64_t moved_at(const struct order_state *state, const struct policy *policy, int64_t updated_ms,
                        int64_t step_deadline_ms)
{
    int64_t asked_ms;

    if (order_is_at_rest(state))
        return state->since_ms != 0 ? state->since_ms : updated_ms;
    if (state->pending == ASK_NOTHING || step_deadline_ms == 0)
        return updated_ms;
    asked_ms = step_deadline_ms - policy->of[state->pending].step_deadline_seconds * 1000;
    return asked_ms < updated_ms ? asked_ms : updated_ms;
}

void order_state_read(struct arena *arena, struct text order_id, const struct text values[], struct order_state *out_state)
{
    struct policy policy;
    struct order_state state = {
        .order_id = order_id,
        .status_text = values[STATUS],
        .status = saga_status_of(values[STATUS]),
        .ends_as = saga_status_of(values[ENDS_AS]),
        .reason = values[REASON],
        .pending_command_id = values[PENDING],
        .pending = ask_in(order_id, values[PENDING]),
        .attempt = number_of(values[ATTEMPT]),
        .cancel_requested = number_of(values[CANCEL_REQUESTED]) != 0,
        .since_ms = time_of(values[SINCE]),
        .trace_parent = values[TRACE_PARENT],
        .trace_state = values[TRACE_STATE],
    };

    if (!text_is_there(values[POLICY]) || policy_read(arena, values[POLICY], &policy) != STATUS_OK)
        policy = policy_default(); /* an order whose policy is damaged is looked at all the same */
    state.attempts_max = policy.of[state.pending].attempts;
    state.moved_ms = moved_at(&state, &policy, time_of(values[UPDATED]), time_of(values[STEP_DEADLINE]));
    *out_state = state;
}

static enum cli_exit read_reply(struct arena *arena, const struct store_value *reply, struct text order_id,
                                struct order_state *out_state)
{
    struct text values[FIELDS];

    CLI_TRY(cli_check(reply, key_saga(arena, order_id)));
    for (size_t i = 0; i < FIELDS; i++)
        values[i] = store_count(reply) == FIELDS ? text_copy(arena, store_text(store_element(reply, i))) : TEXT_NONE;
    order_state_read(arena, order_id, values, out_state);
    return CLI_DONE;
}

enum cli_exit order_states_load(struct store *store, struct arena *arena, const struct text order_ids[], size_t count,
                                struct order_state out_states[])
{
    struct text words[FIELDS + 2] = {TEXT("HMGET")};

    assert(count <= ORDER_STATES_MAX);
    memcpy(words + 2, fields, sizeof(fields));
    store_begin(store);
    for (size_t i = 0; i < count; i++) {
        words[1] = key_saga(arena, order_ids[i]);
        store_queue(store, words[1], words, COUNT_OF(words));
    }
    CLI_TRY(cli_flush(store));
    for (size_t i = 0; i < count; i++)
        CLI_TRY(read_reply(arena, store_value(store, i), order_ids[i], &out_states[i]));
    return CLI_DONE;
}

bool order_is_at_rest(const struct order_state *state)
{
    return saga_status_is_terminal(state->status) || saga_status_is_parked(state->status);
}

bool order_is_stuck(const struct order_state *state, int64_t now_ms, int64_t for_ms)
{
    return state->status != SAGA_NONE && !saga_status_is_terminal(state->status) && state->moved_ms != 0 &&
           now_ms - state->moved_ms >= for_ms;
}

enum cancel_verdict cancel_judge(const struct order_state *state)
{
    if (!text_is_there(state->status_text))
        return CANCEL_NO_ORDER;
    if (state->status == SAGA_CANCELLED)
        return CANCEL_DONE;
    if (saga_status_is_terminal(state->status))
        return CANCEL_ENDED_OTHERWISE;
    if (saga_status_is_parked(state->status) && state->ends_as == SAGA_CANCELLED)
        return CANCEL_PARKED;
    if (state->status == SAGA_CAPTURING_PAYMENT || saga_status_is_parked(state->status))
        return CANCEL_TOO_LATE;
    return CANCEL_PENDING;
}
