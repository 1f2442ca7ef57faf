#include "transition.h"

#include "set_back.h"

#define SECOND_MS 1000

/* ---- what every transition does ---- */

/* The next time at which the saga has to be looked at; 0: never. */
static int64_t timer_of(const struct saga *saga)
{
    int64_t timer_ms = saga->next_due_ms;

    if (saga->step_deadline_ms != 0 && saga->step_deadline_ms < timer_ms)
        timer_ms = saga->step_deadline_ms;
    if (saga_is_before_pivot(saga) && saga->deadline_ms < timer_ms)
        timer_ms = saga->deadline_ms;
    return timer_ms;
}

/* A time that Redis' clock has not reached came from a broker whose clock had jumped ahead: what a saga waits for would wait
 * until then. */
int64_t transition_time_ms(struct transition *transition)
{
    struct saga *saga = transition->saga;
    int64_t latest_ms = transition->heard->latest_ms, time_ms = transition->heard->input.time_ms;

    if (latest_ms != 0 && !saga_status_is_terminal(saga->status) && saga->updated_ms - latest_ms > SAGA_AHEAD_MAX_MS) {
        saga_set_back(saga, &transition->policy, latest_ms);
        saga->timer_ms = timer_of(saga);
        transition->effects->write_timer = transition->effects->write_index = true;
    }
    if (latest_ms != 0 && time_ms > latest_ms)
        time_ms = latest_ms;
    return time_ms > saga->updated_ms ? time_ms : saga->updated_ms;
}

void transition_begin(struct transition *transition)
{
    transition->saga->version++;
    transition->saga->updated_ms = transition->at_ms;
    transition->saga->last_input = transition->heard->input;
}

void transition_raise(struct transition *transition, const char *type, struct text detail)
{
    struct effects *effects = transition->effects;

    effects->events = arena_list_room(transition->arena, effects->events, effects->event_count, sizeof(*effects->events));
    effects->events[effects->event_count++] = (struct saga_event){
        .type = text_of(type),
        .version = transition->saga->version,
        .at = time_text(transition->arena, transition->at_ms),
        .input = event_input(transition->arena, &transition->heard->input),
        .detail = detail,
    };
}

void transition_enter(struct transition *transition, enum saga_status status)
{
    struct saga *saga = transition->saga;

    if (strcmp(saga_status_index(saga->status), saga_status_index(status)) != 0) {
        saga->since_ms = transition->at_ms;
        transition->effects->write_index = true;
    }
    saga->status = status;
}

/* ---- forward ---- */

static void send_pending(struct transition *transition, int64_t wait_ms)
{
    transition->saga->backing_off = 0;
    transition->saga->next_due_ms = transition->at_ms + wait_ms;
    transition->effects->send_command = true;
}

static int64_t first_wait_ms(const struct transition *transition)
{
    return transition->policy.of[transition->saga->pending].step_timeout_ms;
}

/* How long to wait when a command is sent again: twice as long as the last time, so that a worker which comes back does not
 * find as many copies of it as it was away for. The last time is from when it was sent, which was the last change, to when it
 * was due; a change in between (a cancel that is remembered) makes it look shorter, never longer, and nothing has to be kept.
 * What was to be waited for counts, not how late the nudge came: after a long outage of our own the next try must not lie
 * beyond the deadline. A further attempt begins anew. To be asked before transition_begin(). */
static int64_t next_wait_ms(const struct transition *transition)
{
    const struct saga *saga = transition->saga;
    int64_t first_ms = first_wait_ms(transition), last_ms = saga->next_due_ms - saga->updated_ms;

    if (saga->backing_off)
        return first_ms;
    return 2 * (last_ms > first_ms ? last_ms : first_ms);
}

void transition_ask(struct transition *transition, enum ask ask)
{
    struct saga *saga = transition->saga;

    saga->pending = ask;
    saga->attempt = 1;
    saga->last_failure = TEXT_NONE;
    saga->step_deadline_ms = transition->at_ms + transition->policy.of[ask].step_deadline_seconds * SECOND_MS;
    send_pending(transition, first_wait_ms(transition));
}

void transition_ask_again(struct transition *transition)
{
    int64_t wait_ms = next_wait_ms(transition);

    transition_begin(transition);
    send_pending(transition, wait_ms);
}

void transition_back_off(struct transition *transition)
{
    struct saga *saga = transition->saga;
    struct text command_id = saga_command_id(transition->arena, saga, saga->pending);

    saga->attempt++;
    saga->backing_off = 1;
    saga->next_due_ms = transition->at_ms + policy_delay_ms(&transition->policy.of[saga->pending], command_id, saga->attempt);
}

void transition_begin_step(struct transition *transition, int step)
{
    transition->saga->step = step;
    transition_enter(transition, step_at(step)->status);
    transition_ask(transition, step_at(step)->ask);
}

/* It was first asked a step deadline before the step's deadline; a parked saga has none. */
void transition_note_answer(struct transition *transition)
{
    const struct saga *saga = transition->saga;
    int64_t patience_ms = transition->policy.of[saga->pending].step_deadline_seconds * SECOND_MS;

    if (saga->step_deadline_ms == 0)
        return;
    transition->effects->answered = saga->pending;
    transition->effects->waited_ms = transition->at_ms - (saga->step_deadline_ms - patience_ms);
}

static struct text results_with(struct arena *arena, struct text results, struct text type, struct text result)
{
    struct buffer buffer = buffer_in(arena, results.length + type.length + result.length + 8);

    buffer_add(&buffer, (struct text){results.at, results.length - 1}); /* without its closing brace */
    if (results.length > 2)
        buffer_add(&buffer, TEXT(","));
    buffer_add_json_string(&buffer, type);
    buffer_add(&buffer, TEXT(":"));
    buffer_add(&buffer, result);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

/* The order itself carries no prices: what the payment service worked out belongs to the saga. */
static void keep_total(struct transition *transition, struct text result)
{
    struct arena *arena = transition->arena;
    const struct json *root;
    int64_t amount;
    struct text currency;

    if (json_read(arena, result, &root) != STATUS_OK || !json_integer(json_member(root, TEXT("amount")), &amount))
        return;
    currency = json_string(arena, json_member(root, TEXT("currency")));
    if (amount < 0 || amount > MONEY_MAX || currency.length == 0)
        return;
    transition->saga->total = amount;
    transition->saga->currency = currency;
}

void transition_keep_result(struct transition *transition, enum ask ask, struct text result)
{
    struct saga *saga = transition->saga;

    saga->results = results_with(transition->arena, saga->results, text_of(ask_type(ask)), result);
    if (ask == ASK_AUTHORIZE)
        keep_total(transition, result);
}

void transition_forget_cancel(struct transition *transition)
{
    transition->saga->cancel_requested = 0;
    transition->saga->cancelled_by = transition->saga->cancel_reason = TEXT_NONE;
}

/* ---- back, and the end ---- */

void transition_step_back(struct transition *transition, enum saga_status ends_as, struct text reason, bool unknown_outcome)
{
    int step = (int)transition->saga->step;

    transition->saga->ends_as = ends_as;
    transition->saga->reason = reason;
    transition_undo_from(transition, unknown_outcome ? step : step - 1);
}

void transition_cancel(struct transition *transition, bool unknown_outcome)
{
    transition_step_back(transition, SAGA_CANCELLED, TEXT("cancelled_by_request"), unknown_outcome);
}

void transition_undo_from(struct transition *transition, int step)
{
    struct saga *saga = transition->saga;
    int undo = step_to_undo(step);

    if (undo == STEP_NONE) {
        transition_end(transition, saga->ends_as);
        return;
    }
    saga->step = undo;
    if (saga->status != SAGA_COMPENSATING) {
        transition_enter(transition, SAGA_COMPENSATING);
        transition_raise(transition, "compensation.started", detail_of_compensation(transition->arena, saga));
    }
    transition_ask(transition, step_at(undo)->undo);
}

void transition_give_up(struct transition *transition, struct text reason)
{
    struct saga *saga = transition->saga;

    if (saga->status == SAGA_COMPENSATING) {
        transition_park(transition, SAGA_COMPENSATION_FAILED, reason);
    } else if (step_at((int)saga->step)->refused_as == SAGA_NEEDS_ATTENTION) {
        saga->reason = reason;
        transition_park(transition, SAGA_NEEDS_ATTENTION, reason);
    } else if (saga->cancel_requested) {
        transition_cancel(transition, true);
    } else {
        transition_step_back(transition, SAGA_FAILED, reason, true);
    }
}

/* Nothing is waited for any more, or only an operator. */
static void stop_clock(struct transition *transition)
{
    transition->saga->backing_off = 0;
    transition->saga->next_due_ms = transition->saga->step_deadline_ms = 0;
    transition->effects->send_command = false;
}

void transition_park(struct transition *transition, enum saga_status status, struct text failure)
{
    struct saga *saga = transition->saga;

    transition_enter(transition, status);
    stop_clock(transition);
    transition_raise(transition, saga_status_event(status), detail_of_parking(transition->arena, saga, failure));
    /* What the worker said last tells more than that the time is up. */
    if (saga->last_failure.length == 0 || !text_equals(failure, TEXT(FAILURE_TIMED_OUT)))
        saga->last_failure = failure;
}

/* A cancel that came too late is nobody's doing; a saga that was cancelled keeps who asked for it, and why. */
void transition_end(struct transition *transition, enum saga_status status)
{
    struct saga *saga = transition->saga;

    transition_enter(transition, status);
    stop_clock(transition);
    saga->pending = ASK_NOTHING;
    saga->attempt = 0;
    saga->ends_as = SAGA_NONE;
    saga->last_failure = TEXT_NONE;
    if (status != SAGA_CANCELLED)
        transition_forget_cancel(transition);
    saga->cancel_requested = 0;
    saga->completed_ms = transition->at_ms;
    transition_raise(transition, saga_status_event(status), detail_of_end(transition->arena, saga));
}

/* ---- the timer ---- */

bool saga_is_before_pivot(const struct saga *saga)
{
    return saga->status >= SAGA_VALIDATING && saga->status <= SAGA_ALLOCATING_INVENTORY;
}

void transition_keep_timer(struct transition *transition, bool fired)
{
    struct saga *saga = transition->saga;
    int64_t wanted_ms = timer_of(saga);

    if (!fired && wanted_ms != 0 && saga->timer_ms != 0 && saga->timer_ms <= wanted_ms)
        return;
    transition->effects->write_timer = true;
    saga->timer_ms = wanted_ms;
}
