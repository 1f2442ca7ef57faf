/* fold.c - who says what, and what a saga makes of it: orders, replies, nudges, signals. What a transition does is in
 * transition.c. */
#include "fold.h"

#include "transition.h"

#define SECOND_MS 1000

/* ---- an order ---- */

/* The first timer is as early as the shortest step timeout, so that none of the steps that answer in time has to write it
 * again. */
static void set_first_timer(struct transition *transition)
{
    int64_t early_ms = transition->at_ms + policy_shortest_timeout_ms(&transition->policy);

    transition_keep_timer(transition, false);
    if (early_ms < transition->saga->timer_ms)
        transition->saga->timer_ms = early_ms;
}

static enum hearing admit(struct transition *transition)
{
    const struct inbox_record *message = transition->heard->message;
    struct saga *saga = transition->saga;

    if (policy_read(transition->arena, message->policy, &transition->policy) != STATUS_OK)
        return HEARING_BROKEN;
    *saga = (struct saga){
        .order_id = message->order_id,
        .order = message->order,
        .results = TEXT("{}"),
        .policy = message->policy,
        .source = message->source,
        .trace_parent = transition->heard->trace_parent,
        .trace_state = transition->heard->trace_state,
        .created_ms = transition->at_ms,
        .deadline_ms = transition->at_ms + transition->policy.saga_deadline_seconds * SECOND_MS,
    };
    transition_begin(transition);
    transition_begin_step(transition, 0);
    transition_raise(transition, "order.accepted", detail_of_step(transition->arena, saga, TEXT_NONE));
    set_first_timer(transition);
    return HEARING_CHANGED;
}

static enum hearing hear_order(struct transition *transition)
{
    struct saga *saga = transition->saga;

    if (saga->version == 0)
        return admit(transition);
    return json_same(saga->order, transition->heard->message->order) ? HEARING_DUPLICATE : HEARING_CONFLICT;
}

/* ---- a reply ---- */

static struct text result_of(const struct reply *reply) { return text_is_there(reply->result) ? reply->result : TEXT("{}"); }

static bool is_undoing(const struct saga *saga)
{
    return saga->status == SAGA_COMPENSATING || saga->status == SAGA_COMPENSATION_FAILED;
}

/* Whether the order should have been shipped by now, and has not been. */
static bool is_too_late(const struct transition *transition)
{
    return saga_is_before_pivot(transition->saga) && transition->at_ms >= transition->saga->deadline_ms;
}

static void miss_deadline(struct transition *transition)
{
    transition_step_back(transition, SAGA_FAILED, TEXT("deadline_exceeded"), true);
}

static void step_succeeded(struct transition *transition, const struct reply *reply)
{
    struct saga *saga = transition->saga;
    int step = (int)saga->step;
    bool last = step + 1 == STEP_COUNT, too_late = is_too_late(transition);

    transition_keep_result(transition, saga->pending, result_of(reply));
    saga->reason = TEXT_NONE; /* of a capture that needed attention */
    if (step == STEP_PIVOT)
        transition_forget_cancel(transition); /* shipped wins */
    if (!last && !too_late)
        transition_begin_step(transition, step + 1);
    transition_raise(transition, step_at(step)->done_event, detail_of_step(transition->arena, saga, result_of(reply)));
    if (last)
        transition_end(transition, SAGA_COMPLETED);
    else if (too_late) /* the nudge that would have said so is still on its way */
        miss_deadline(transition);
}

static void undo_succeeded(struct transition *transition, const struct reply *reply)
{
    struct saga *saga = transition->saga;
    int step = (int)saga->step;

    transition_keep_result(transition, saga->pending, result_of(reply));
    transition_enter(transition, SAGA_COMPENSATING); /* a late success moves a parked saga on */
    transition_raise(transition, step_at(step)->undone_event, detail_of_step(transition->arena, saga, result_of(reply)));
    transition_undo_from(transition, step - 1);
}

static enum hearing hear_success(struct transition *transition, const struct reply *reply)
{
    transition_note_answer(transition);
    transition_begin(transition);
    if (is_undoing(transition->saga))
        undo_succeeded(transition, reply);
    else
        step_succeeded(transition, reply);
    return HEARING_CHANGED;
}

static void step_refused(struct transition *transition, const struct reply *reply)
{
    struct saga *saga = transition->saga;
    const struct saga_step *step = step_at((int)saga->step);
    struct text reason = reply->reason.length > 0 ? reply->reason : text_of(step->reason);

    if (step->refused_as == SAGA_NEEDS_ATTENTION) {
        saga->reason = reason;
        transition_park(transition, SAGA_NEEDS_ATTENTION, reason);
    } else if (saga->cancel_requested) {
        transition_cancel(transition, false);
    } else {
        saga->errors = reply->errors;
        saga->product_id = reply->product_id;
        transition_step_back(transition, step->refused_as, reason, false);
    }
}

static void undo_refused(struct transition *transition, const struct reply *reply)
{
    transition_park(transition, SAGA_COMPENSATION_FAILED, reply->reason.length > 0 ? reply->reason : TEXT("undo_refused"));
}

/* The shipment left after all: the saga goes forward to the capture. */
static void go_forward(struct transition *transition, const struct reply *reply)
{
    struct saga *saga = transition->saga;
    const struct saga_step *shipment = step_at(STEP_PIVOT);

    transition_keep_result(transition, shipment->ask, result_of(reply));
    saga->reason = saga->errors = saga->product_id = TEXT_NONE;
    saga->ends_as = SAGA_NONE;
    transition_forget_cancel(transition);
    transition_begin_step(transition, STEP_PIVOT + 1);
    transition_raise(transition, shipment->done_event, detail_of_step(transition->arena, saga, result_of(reply)));
}

static enum hearing hear_refusal(struct transition *transition, const struct reply *reply)
{
    struct saga *saga = transition->saga;
    bool shipped = saga->pending == ASK_CANCEL_SHIPMENT && text_equals(reply->reason, TEXT("already_shipped"));

    if (saga_status_is_parked(saga->status) && !shipped)
        return HEARING_IGNORED;
    transition_note_answer(transition);
    transition_begin(transition);
    if (shipped)
        go_forward(transition, reply);
    else if (is_undoing(saga))
        undo_refused(transition, reply);
    else
        step_refused(transition, reply);
    return HEARING_CHANGED;
}

static enum hearing hear_failure(struct transition *transition, const struct reply *reply)
{
    struct saga *saga = transition->saga;

    if (saga_status_is_parked(saga->status) || reply->attempt != saga->attempt || saga->backing_off)
        return HEARING_IGNORED;
    transition_begin(transition);
    saga->last_failure = reply->reason.length > 0 ? reply->reason : TEXT("failed");
    if (saga->attempt >= transition->policy.of[saga->pending].attempts)
        transition_give_up(transition, saga->last_failure);
    else
        transition_back_off(transition);
    return HEARING_CHANGED;
}

static bool is_pending(struct transition *transition, const struct reply *reply)
{
    const struct saga *saga = transition->saga;

    return saga->pending != ASK_NOTHING &&
           text_equals(reply->command_id, saga_command_id(transition->arena, saga, saga->pending));
}

static enum hearing hear_reply(struct transition *transition)
{
    const struct reply *reply = &transition->heard->message->reply;

    if (!is_pending(transition, reply))
        return HEARING_IGNORED;
    if (text_equals(reply->outcome, TEXT("succeeded")))
        return hear_success(transition, reply);
    if (text_equals(reply->outcome, TEXT("refused")))
        return hear_refusal(transition, reply);
    return hear_failure(transition, reply);
}

/* ---- a nudge ---- */

/* Does what is due, if anything is. */
static enum hearing look_at_clock(struct transition *transition)
{
    struct saga *saga = transition->saga;

    if (saga->pending == ASK_NOTHING || saga_status_is_parked(saga->status))
        return HEARING_IGNORED;
    if (is_too_late(transition)) {
        transition_begin(transition);
        miss_deadline(transition);
    } else if (transition->at_ms >= saga->step_deadline_ms) {
        transition_begin(transition);
        transition_give_up(transition, TEXT(FAILURE_TIMED_OUT));
    } else if (transition->at_ms >= saga->next_due_ms) {
        transition_ask_again(transition);
    } else {
        return HEARING_IGNORED;
    }
    return HEARING_CHANGED;
}

/* The timer's entry has fired, and a lease has moved it ahead: it is written anew, and where it stands is kept with the saga. A
 * nudge is also how the reconciler asks that a lost index entry be mended. */
static enum hearing hear_nudge(struct transition *transition)
{
    enum hearing hearing = look_at_clock(transition);
    int64_t before_ms = transition->saga->timer_ms;

    transition_keep_timer(transition, true);
    transition->effects->write_index = transition->effects->mend_indexes = true;
    if (hearing == HEARING_CHANGED || transition->saga->timer_ms == before_ms)
        return hearing;
    transition_begin(transition);
    return HEARING_CHANGED;
}

/* ---- signals ---- */

/* Before the shipment is asked for, the order is cancelled at once; while it is pending the cancel is remembered; later it is
 * ignored. */
static enum hearing hear_cancel(struct transition *transition)
{
    struct saga *saga = transition->saga;
    bool ships = saga->status == SAGA_FULFILLING && !saga->cancel_requested;

    if (!ships && !saga_is_before_pivot(saga))
        return HEARING_IGNORED;
    transition_begin(transition);
    saga->cancelled_by = transition->heard->message->requested_by;
    saga->cancel_reason = transition->heard->message->reason;
    if (ships)
        saga->cancel_requested = 1;
    else
        transition_cancel(transition, true);
    return HEARING_CHANGED;
}

static enum hearing hear_retry(struct transition *transition)
{
    struct saga *saga = transition->saga;
    bool forward = saga->status == SAGA_NEEDS_ATTENTION;

    if (!saga_status_is_parked(saga->status))
        return HEARING_IGNORED;
    transition_begin(transition);
    transition_enter(transition, forward ? step_at((int)saga->step)->status : SAGA_COMPENSATING);
    transition_ask(transition, saga->pending);
    return HEARING_CHANGED;
}

/* ---- one record ---- */

static bool is_order(const struct heard *heard) { return text_equals(heard->message->kind, TEXT("order")); }

static bool is_redelivery(const struct saga *saga, const struct input *input)
{
    const struct input *last = &saga->last_input;

    return saga->version > 0 && input->partition == last->partition && input->offset <= last->offset &&
           input->time_ms <= last->time_ms;
}

static enum hearing hear_again(struct transition *transition)
{
    struct effects *effects = transition->effects;
    const struct saga *saga = transition->saga;
    const struct heard *heard = transition->heard;

    if (is_order(heard) && !json_same(saga->order, heard->message->order))
        return HEARING_CONFLICT; /* it has caused nothing here */
    effects->redelivered =
        arena_list_room(transition->arena, effects->redelivered, effects->redelivered_count, sizeof(*effects->redelivered));
    effects->redelivered[effects->redelivered_count++] = heard->input;
    effects->write_index = effects->write_timer = effects->mend_indexes = true;
    if (heard->input.offset == saga->last_input.offset)
        effects->send_command = true;
    return HEARING_REDELIVERED;
}

/* The saga has expired, or its hash is lost: what is left of it in timers and indexes goes. */
static enum hearing hear_without_saga(struct transition *transition)
{
    struct effects *effects = transition->effects;

    if (text_equals(transition->heard->message->kind, TEXT("nudge")))
        effects->write_index = effects->write_timer = effects->mend_indexes = true;
    return HEARING_IGNORED;
}

static enum hearing hear_kind(struct transition *transition)
{
    static const struct {
        struct text kind;
        enum hearing (*hear)(struct transition *transition);
    } kinds[] = {
        {{"order", 5}, hear_order},   {{"reply", 5}, hear_reply}, {{"nudge", 5}, hear_nudge},
        {{"cancel", 6}, hear_cancel}, {{"retry", 5}, hear_retry},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (text_equals(transition->heard->message->kind, kinds[i].kind))
            return kinds[i].hear(transition);
    return HEARING_IGNORED;
}

enum hearing saga_hear(struct arena *arena, struct saga *saga, const struct heard *heard, struct effects *effects)
{
    struct transition transition = {.arena = arena, .saga = saga, .heard = heard, .effects = effects};
    enum hearing hearing;

    effects->answered = ASK_NOTHING;
    if (is_redelivery(saga, &heard->input))
        return hear_again(&transition);
    if (saga->version == 0 && !is_order(heard))
        return hear_without_saga(&transition);
    if (saga->version > 0 && policy_read(arena, saga->policy, &transition.policy) != STATUS_OK)
        return HEARING_BROKEN;
    transition.at_ms = transition_time_ms(&transition);
    hearing = hear_kind(&transition);
    if (hearing == HEARING_CHANGED && !is_order(heard))
        transition_keep_timer(&transition, false);
    return hearing;
}

/* ---- what is to be sent ---- */

bool saga_has_something_to_send(const struct saga *saga)
{
    return saga->pending != ASK_NOTHING && !saga->backing_off && !saga_status_is_parked(saga->status);
}

struct command saga_command(struct arena *arena, const struct saga *saga)
{
    return (struct command){
        .command_id = saga_command_id(arena, saga, saga->pending),
        .order_id = saga->order_id,
        .type = text_of(ask_type(saga->pending)),
        .attempt = saga->attempt,
        .issued_at = time_text(arena, saga->updated_ms),
        .deadline_at = time_text(arena, saga->deadline_ms),
        .reply_to = text_of(topic_name(TOPIC_INBOX)),
        .order = saga->order,
        .results = saga->results,
    };
}

const char *hearing_name(enum hearing hearing)
{
    static const char *const names[HEARING_COUNT] = {"changed", "ignored", "redelivered", "duplicate", "conflict", "broken"};

    return names[hearing];
}
