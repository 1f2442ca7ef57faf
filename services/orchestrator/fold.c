#include "fold.h"

#include "set_back.h"

#include <assert.h>

#define MILLISECONDS 1000
#define TIMED_OUT "step_timed_out"
#define TOO_LATE "deadline_exceeded"

/* Everything about one record being heard. */
struct fold {
    struct arena *arena;
    struct saga *saga;
    const struct heard *heard;
    struct effects *effects;
    struct policy policy;
    int64_t at_ms;
};

static enum hearing hear_order(struct fold *fold);
static enum hearing hear_reply(struct fold *fold);
static enum hearing hear_nudge(struct fold *fold);
static enum hearing hear_cancel(struct fold *fold);
static enum hearing hear_retry(struct fold *fold);

static const struct {
    struct text kind;
    enum hearing (*hear)(struct fold *fold);
} kinds[] = {
    {{"order", 5}, hear_order},   {{"reply", 5}, hear_reply}, {{"nudge", 5}, hear_nudge},
    {{"cancel", 6}, hear_cancel}, {{"retry", 5}, hear_retry},
};

const char *hearing_name(enum hearing hearing)
{
    static const char *const names[HEARING_COUNT] = {"changed", "ignored", "redelivered", "duplicate", "conflict", "broken"};

    return names[hearing];
}

/* ---- transitions ---- */

/* A list in the arena has room for the next power of two: a batch may bring thousands of records about one order. */
static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

static void *list_grow(struct arena *arena, const void *list, size_t count, size_t size)
{
    void *grown = arena_take(arena, (count == 0 ? 1 : 2 * count) * size);

    if (count > 0)
        memcpy(grown, list, count * size);
    return grown;
}

static void raise_event(struct fold *fold, const char *type, struct text detail)
{
    struct effects *effects = fold->effects;

    if (is_full(effects->event_count))
        effects->events = list_grow(fold->arena, effects->events, effects->event_count, sizeof(*effects->events));
    effects->events[effects->event_count++] = (struct saga_event){
        .type = text_of(type),
        .version = fold->saga->version,
        .at = time_text(fold->arena, fold->at_ms),
        .input = event_input(fold->arena, &fold->heard->input),
        .detail = detail,
    };
}

/* Every change of a saga begins here. */
static void transit(struct fold *fold)
{
    fold->saga->version++;
    fold->saga->updated_ms = fold->at_ms;
    fold->saga->last_input = fold->heard->input;
}

static void enter_status(struct fold *fold, enum saga_status status)
{
    if (strcmp(saga_status_index(fold->saga->status), saga_status_index(status)) != 0) {
        fold->saga->since_ms = fold->at_ms;
        fold->effects->write_index = true;
    }
    fold->saga->status = status;
}

static void send_pending(struct fold *fold, int64_t wait_ms)
{
    fold->saga->backing_off = 0;
    fold->saga->next_due_ms = fold->at_ms + wait_ms;
    fold->effects->send_command = true;
}

static int64_t first_wait_ms(const struct fold *fold)
{
    return fold->policy.of[fold->saga->pending].step_timeout_ms;
}

/* How long to wait when a command is sent again: twice as long as the last time, so that a worker which comes back does not
 * find as many copies of it as it was away for. The last time is from when it was sent, which was the last change, to when it
 * was due; a change in between (a cancel that is remembered) makes it look shorter, never longer, and nothing has to be kept.
 * What was to be waited for counts, not how late the nudge came: after a long outage of our own the next try must not lie
 * beyond the deadline. A further attempt begins anew. To be asked before transit(). */
static int64_t next_wait_ms(const struct fold *fold)
{
    const struct saga *saga = fold->saga;
    int64_t first_ms = first_wait_ms(fold), last_ms = saga->next_due_ms - saga->updated_ms;

    if (saga->backing_off)
        return first_ms;
    return 2 * (last_ms > first_ms ? last_ms : first_ms);
}

static void ask_for(struct fold *fold, enum ask ask)
{
    fold->saga->pending = ask;
    fold->saga->attempt = 1;
    fold->saga->last_failure = TEXT_NONE;
    fold->saga->step_deadline_ms = fold->at_ms + fold->policy.of[ask].step_deadline_seconds * MILLISECONDS;
    send_pending(fold, first_wait_ms(fold));
}

/* Nothing is waited for any more, or only an operator. */
static void stop_clock(struct fold *fold)
{
    fold->saga->backing_off = 0;
    fold->saga->next_due_ms = fold->saga->step_deadline_ms = 0;
    fold->effects->send_command = false;
}

/* A cancel that came too late is nobody's doing; one that was honoured keeps who asked for it, and why. */
static void forget_cancel(struct saga *saga, bool honoured)
{
    saga->cancel_requested = 0;
    if (!honoured)
        saga->cancelled_by = saga->cancel_reason = TEXT_NONE;
}

static void end_as(struct fold *fold, enum saga_status status)
{
    struct saga *saga = fold->saga;

    enter_status(fold, status);
    stop_clock(fold);
    saga->pending = ASK_NOTHING;
    saga->attempt = 0;
    saga->ends_as = SAGA_NONE;
    saga->last_failure = TEXT_NONE;
    forget_cancel(saga, status == SAGA_CANCELLED);
    saga->completed_ms = fold->at_ms;
    raise_event(fold, saga_status_event(status), detail_of_end(fold->arena, saga));
}

static void park(struct fold *fold, enum saga_status status, struct text failure)
{
    enter_status(fold, status);
    stop_clock(fold);
    raise_event(fold, saga_status_event(status), detail_of_parking(fold->arena, fold->saga, failure));
    /* What the worker said of it last tells more than that the time is up. */
    if (fold->saga->last_failure.length == 0 || !text_equals(failure, TEXT(TIMED_OUT)))
        fold->saga->last_failure = failure;
}

static void begin_step(struct fold *fold, int step)
{
    fold->saga->step = step;
    enter_status(fold, step_at(step)->status);
    ask_for(fold, step_at(step)->ask);
}

/* The next undo at or above this step, or the end when there is none left. */
static void undo_from(struct fold *fold, int step)
{
    struct saga *saga = fold->saga;
    int undo = step_to_undo(step);

    if (undo == STEP_NONE) {
        end_as(fold, saga->ends_as);
        return;
    }
    saga->step = undo;
    if (saga->status != SAGA_COMPENSATING) {
        enter_status(fold, SAGA_COMPENSATING);
        raise_event(fold, "compensation.started", detail_of_compensation(fold->arena, saga));
    }
    ask_for(fold, step_at(undo)->undo);
}

/* Steps back from a forward step. With unknown_outcome the step itself is undone too. */
static void step_back(struct fold *fold, enum saga_status ends_as, struct text reason, bool unknown_outcome)
{
    int step = (int)fold->saga->step;

    fold->saga->ends_as = ends_as;
    fold->saga->reason = reason;
    undo_from(fold, unknown_outcome ? step : step - 1);
}

/* Whether the forward steps run, and the shipment has not been asked for. */
static bool is_before_pivot(const struct saga *saga)
{
    return saga->status >= SAGA_VALIDATING && saga->status <= SAGA_ALLOCATING_INVENTORY;
}

/* The step, or the undo, is given up: its outcome is not known. */
static void give_up(struct fold *fold, struct text reason)
{
    struct saga *saga = fold->saga;

    if (saga->status == SAGA_COMPENSATING) {
        park(fold, SAGA_COMPENSATION_FAILED, reason);
    } else if (step_at((int)saga->step)->refused_as == SAGA_NEEDS_ATTENTION) {
        saga->reason = reason;
        park(fold, SAGA_NEEDS_ATTENTION, reason);
    } else if (saga->cancel_requested) {
        step_back(fold, SAGA_CANCELLED, TEXT("cancelled_by_request"), true);
    } else {
        step_back(fold, SAGA_FAILED, reason, true);
    }
}

/* ---- timers ---- */

/* The next time at which the saga has to be looked at; 0: never. */
static int64_t timer_of(const struct saga *saga)
{
    int64_t timer_ms = saga->next_due_ms;

    if (saga->step_deadline_ms != 0 && saga->step_deadline_ms < timer_ms)
        timer_ms = saga->step_deadline_ms;
    if (is_before_pivot(saga) && saga->deadline_ms < timer_ms)
        timer_ms = saga->deadline_ms;
    return timer_ms;
}

/* An entry may be early, never late: it is written only when it would be late, when it fired, and when nothing is waited for. */
static void keep_timer(struct fold *fold, bool fired)
{
    int64_t wanted_ms = timer_of(fold->saga);

    if (!fired && wanted_ms != 0 && fold->saga->timer_ms != 0 && fold->saga->timer_ms <= wanted_ms)
        return;
    fold->effects->write_timer = true;
    fold->saga->timer_ms = wanted_ms;
}

/* ---- an order ---- */

static enum hearing admit(struct fold *fold)
{
    const struct inbox_record *said = fold->heard->said;
    struct saga *saga = fold->saga;
    int64_t early_ms;

    if (policy_read(fold->arena, said->policy, &fold->policy) != STATUS_OK)
        return HEARING_BROKEN;
    *saga = (struct saga){
        .order_id = said->order_id,
        .order = said->order,
        .results = TEXT("{}"),
        .policy = said->policy,
        .source = said->source,
        .trace_parent = fold->heard->trace_parent,
        .trace_state = fold->heard->trace_state,
        .created_ms = fold->at_ms,
        .deadline_ms = fold->at_ms + fold->policy.saga_deadline_seconds * MILLISECONDS,
    };
    transit(fold);
    begin_step(fold, 0);
    raise_event(fold, "order.accepted", detail_of_step(fold->arena, saga, TEXT_NONE));
    keep_timer(fold, false);
    early_ms = fold->at_ms + policy_shortest_timeout_ms(&fold->policy);
    if (early_ms < saga->timer_ms)
        saga->timer_ms = early_ms;
    return HEARING_CHANGED;
}

static enum hearing hear_order(struct fold *fold)
{
    struct saga *saga = fold->saga;

    if (saga->version == 0)
        return admit(fold);
    return json_same(saga->order, fold->heard->said->order) ? HEARING_DUPLICATE : HEARING_CONFLICT;
}

/* ---- a reply ---- */

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

static struct text result_of(const struct reply *reply)
{
    return text_is_there(reply->result) ? reply->result : TEXT("{}");
}

/* What the payment service worked out belongs to the saga: the order itself carries no prices. */
static void keep_total(struct fold *fold, struct text result)
{
    const struct json *root;
    int64_t amount;
    struct text currency;

    if (json_read(fold->arena, result, &root) != STATUS_OK || !json_integer(json_member(root, TEXT("amount")), &amount))
        return;
    currency = json_string(fold->arena, json_member(root, TEXT("currency")));
    if (amount < 0 || amount > MONEY_MAX || currency.length == 0)
        return;
    fold->saga->total = amount;
    fold->saga->currency = currency;
}

static void step_succeeded(struct fold *fold, const struct reply *reply)
{
    struct saga *saga = fold->saga;
    int step = (int)saga->step;
    bool last = step + 1 == STEP_COUNT, too_late = is_before_pivot(saga) && fold->at_ms >= saga->deadline_ms;

    saga->results = results_with(fold->arena, saga->results, text_of(ask_type(saga->pending)), result_of(reply));
    if (saga->pending == ASK_AUTHORIZE)
        keep_total(fold, result_of(reply));
    saga->reason = TEXT_NONE; /* of a capture that needed attention */
    if (step == STEP_PIVOT)
        forget_cancel(saga, false); /* shipped wins */
    if (!last && !too_late)
        begin_step(fold, step + 1);
    raise_event(fold, step_at(step)->done_event, detail_of_step(fold->arena, saga, result_of(reply)));
    if (last)
        end_as(fold, SAGA_COMPLETED);
    else if (too_late) /* the nudge that would have said so is still on its way */
        step_back(fold, SAGA_FAILED, TEXT(TOO_LATE), true);
}

static void undo_succeeded(struct fold *fold, const struct reply *reply)
{
    struct saga *saga = fold->saga;
    int step = (int)saga->step;

    saga->results = results_with(fold->arena, saga->results, text_of(ask_type(saga->pending)), result_of(reply));
    enter_status(fold, SAGA_COMPENSATING); /* a late success moves a parked saga on */
    raise_event(fold, step_at(step)->undone_event, detail_of_step(fold->arena, saga, result_of(reply)));
    undo_from(fold, step - 1);
}

static void step_refused(struct fold *fold, const struct reply *reply)
{
    struct saga *saga = fold->saga;
    const struct saga_step *step = step_at((int)saga->step);
    struct text reason = reply->reason.length > 0 ? reply->reason : text_of(step->reason);

    if (step->refused_as == SAGA_NEEDS_ATTENTION) {
        saga->reason = reason;
        park(fold, SAGA_NEEDS_ATTENTION, reason);
        return;
    }
    if (saga->cancel_requested) {
        step_back(fold, SAGA_CANCELLED, TEXT("cancelled_by_request"), false);
        return;
    }
    saga->errors = reply->errors;
    saga->product_id = reply->product_id;
    step_back(fold, step->refused_as, reason, false);
}

/* The shipment left after all: the saga goes forward to the capture. */
static void go_forward(struct fold *fold, const struct reply *reply)
{
    struct saga *saga = fold->saga;

    saga->results =
        results_with(fold->arena, saga->results, text_of(ask_type(step_at(STEP_PIVOT)->ask)), result_of(reply));
    saga->reason = saga->errors = saga->product_id = TEXT_NONE;
    saga->ends_as = SAGA_NONE;
    forget_cancel(saga, false);
    begin_step(fold, STEP_PIVOT + 1);
    raise_event(fold, step_at(STEP_PIVOT)->done_event, detail_of_step(fold->arena, saga, result_of(reply)));
}

static bool is_undoing(const struct saga *saga)
{
    return saga->status == SAGA_COMPENSATING || saga->status == SAGA_COMPENSATION_FAILED;
}

/* The pending command is settled. It was first asked a step deadline before the step's deadline; a parked saga has none. */
static void note_answer(struct fold *fold)
{
    const struct saga *saga = fold->saga;

    if (saga->step_deadline_ms == 0)
        return;
    fold->effects->answered = saga->pending;
    fold->effects->waited_ms =
        fold->at_ms - (saga->step_deadline_ms - fold->policy.of[saga->pending].step_deadline_seconds * MILLISECONDS);
}

static enum hearing hear_success(struct fold *fold, const struct reply *reply)
{
    note_answer(fold);
    transit(fold);
    if (is_undoing(fold->saga))
        undo_succeeded(fold, reply);
    else
        step_succeeded(fold, reply);
    return HEARING_CHANGED;
}

static enum hearing hear_refusal(struct fold *fold, const struct reply *reply)
{
    struct saga *saga = fold->saga;
    bool shipped = saga->pending == ASK_CANCEL_SHIPMENT && text_equals(reply->reason, TEXT("already_shipped"));

    if (saga_status_is_parked(saga->status) && !shipped)
        return HEARING_IGNORED;
    note_answer(fold);
    transit(fold);
    if (shipped)
        go_forward(fold, reply);
    else if (is_undoing(saga))
        park(fold, SAGA_COMPENSATION_FAILED, reply->reason.length > 0 ? reply->reason : TEXT("undo_refused"));
    else
        step_refused(fold, reply);
    return HEARING_CHANGED;
}

static enum hearing hear_failure(struct fold *fold, struct text reason, int64_t attempt)
{
    struct saga *saga = fold->saga;
    const struct patience *patience = &fold->policy.of[saga->pending];

    if (saga_status_is_parked(saga->status) || attempt != saga->attempt || saga->backing_off)
        return HEARING_IGNORED;
    transit(fold);
    saga->last_failure = reason.length > 0 ? reason : TEXT("failed");
    if (saga->attempt >= patience->attempts) {
        give_up(fold, saga->last_failure);
        return HEARING_CHANGED;
    }
    saga->attempt++;
    saga->backing_off = 1;
    saga->next_due_ms =
        fold->at_ms + policy_delay_ms(patience, saga_command_id(fold->arena, saga, saga->pending), saga->attempt);
    return HEARING_CHANGED;
}

static enum hearing hear_reply(struct fold *fold)
{
    const struct reply *reply = &fold->heard->said->reply;
    struct saga *saga = fold->saga;

    if (saga->pending == ASK_NOTHING ||
        !text_equals(reply->command_id, saga_command_id(fold->arena, saga, saga->pending)))
        return HEARING_IGNORED;
    if (text_equals(reply->outcome, TEXT("succeeded")))
        return hear_success(fold, reply);
    if (text_equals(reply->outcome, TEXT("refused")))
        return hear_refusal(fold, reply);
    return hear_failure(fold, reply->reason, reply->attempt);
}

/* ---- nudges and signals ---- */

/* The entry has fired, and a lease has moved it ahead: it is written anew, and where it stands is kept with the saga. A nudge is also
 * how the reconciler asks that a lost index entry be mended. */
static enum hearing rewind_timer(struct fold *fold, enum hearing hearing)
{
    int64_t before_ms = fold->saga->timer_ms;

    keep_timer(fold, true);
    fold->effects->write_index = fold->effects->mend_indexes = true;
    if (hearing == HEARING_CHANGED || fold->saga->timer_ms == before_ms)
        return hearing;
    transit(fold);
    return HEARING_CHANGED;
}

static enum hearing hear_nudge(struct fold *fold)
{
    struct saga *saga = fold->saga;
    enum hearing hearing = HEARING_IGNORED;
    bool waits = saga->pending != ASK_NOTHING && !saga_status_is_parked(saga->status);

    if (waits && is_before_pivot(saga) && fold->at_ms >= saga->deadline_ms) {
        transit(fold);
        step_back(fold, SAGA_FAILED, TEXT(TOO_LATE), true);
        hearing = HEARING_CHANGED;
    } else if (waits && fold->at_ms >= saga->step_deadline_ms) {
        transit(fold);
        give_up(fold, TEXT(TIMED_OUT));
        hearing = HEARING_CHANGED;
    } else if (waits && fold->at_ms >= saga->next_due_ms) {
        int64_t wait_ms = next_wait_ms(fold);
        transit(fold);
        send_pending(fold, wait_ms);
        hearing = HEARING_CHANGED;
    }
    return rewind_timer(fold, hearing);
}

static enum hearing hear_cancel(struct fold *fold)
{
    struct saga *saga = fold->saga;
    bool ships = saga->status == SAGA_FULFILLING && !saga->cancel_requested;

    if (!ships && !is_before_pivot(saga))
        return HEARING_IGNORED;
    transit(fold);
    saga->cancelled_by = fold->heard->said->requested_by;
    saga->cancel_reason = fold->heard->said->reason;
    if (ships)
        saga->cancel_requested = 1;
    else
        step_back(fold, SAGA_CANCELLED, TEXT("cancelled_by_request"), true);
    return HEARING_CHANGED;
}

static enum hearing hear_retry(struct fold *fold)
{
    struct saga *saga = fold->saga;

    if (!saga_status_is_parked(saga->status))
        return HEARING_IGNORED;
    transit(fold);
    enter_status(fold, saga->status == SAGA_NEEDS_ATTENTION ? step_at((int)saga->step)->status : SAGA_COMPENSATING);
    ask_for(fold, saga->pending);
    return HEARING_CHANGED;
}

/* ---- one record ---- */

static bool is_redelivery(const struct saga *saga, const struct input *input)
{
    const struct input *last = &saga->last_input;

    return saga->version > 0 && input->partition == last->partition && input->offset <= last->offset &&
           input->time_ms <= last->time_ms;
}

static enum hearing hear_again(struct fold *fold)
{
    struct effects *effects = fold->effects;
    struct saga *saga = fold->saga;
    bool is_order = text_equals(fold->heard->said->kind, TEXT("order"));

    if (is_order && !json_same(saga->order, fold->heard->said->order))
        return HEARING_CONFLICT; /* it has caused nothing here */
    if (is_full(effects->redelivered_count))
        effects->redelivered =
            list_grow(fold->arena, effects->redelivered, effects->redelivered_count, sizeof(*effects->redelivered));
    effects->redelivered[effects->redelivered_count++] = fold->heard->input;
    effects->write_index = effects->write_timer = effects->mend_indexes = true;
    if (fold->heard->input.offset == saga->last_input.offset)
        effects->send_command = true;
    return HEARING_REDELIVERED;
}

/* It has expired, or its record is lost: what is left of it in timers and indexes goes. */
static enum hearing hear_of_nobody(struct fold *fold)
{
    if (text_equals(fold->heard->said->kind, TEXT("nudge")))
        fold->effects->write_index = fold->effects->write_timer = fold->effects->mend_indexes = true;
    return HEARING_IGNORED;
}

/* When it happens. A time that Redis' clock has not reached came from a broker whose clock had jumped ahead: what a saga waits
 * for would wait until then. */
static int64_t time_of(struct fold *fold)
{
    struct saga *saga = fold->saga;
    int64_t latest_ms = fold->heard->latest_ms, time_ms = fold->heard->input.time_ms;

    if (latest_ms != 0 && !saga_status_is_terminal(saga->status) && saga->updated_ms - latest_ms > SAGA_AHEAD_MAX_MS) {
        saga_set_back(saga, &fold->policy, latest_ms);
        saga->timer_ms = timer_of(saga);
        fold->effects->write_timer = fold->effects->write_index = true;
    }
    if (latest_ms != 0 && time_ms > latest_ms)
        time_ms = latest_ms;
    return time_ms > saga->updated_ms ? time_ms : saga->updated_ms;
}

enum hearing saga_hear(struct arena *arena, struct saga *saga, const struct heard *heard, struct effects *effects)
{
    struct fold fold = {.arena = arena, .saga = saga, .heard = heard, .effects = effects};
    bool is_order = text_equals(heard->said->kind, TEXT("order"));
    enum hearing hearing = HEARING_IGNORED;

    effects->answered = ASK_NOTHING;
    if (is_redelivery(saga, &heard->input))
        return hear_again(&fold);
    if (saga->version == 0 && !is_order)
        return hear_of_nobody(&fold);
    if (saga->version > 0 && policy_read(arena, saga->policy, &fold.policy) != STATUS_OK)
        return HEARING_BROKEN;
    fold.at_ms = time_of(&fold);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (text_equals(heard->said->kind, kinds[i].kind))
            hearing = kinds[i].hear(&fold);
    if (hearing == HEARING_CHANGED && !is_order)
        keep_timer(&fold, false);
    return hearing;
}

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
