#include "audit_rules.h"

/* ---- words ---- */

const char *audit_word(enum audit_violation violation)
{
    static const char *const words[AUDIT_VIOLATION_COUNT] = {
#define AUDIT_VIOLATION_WORD(name, word) [AUDIT_##name] = (word),
        AUDIT_VIOLATION_TABLE(AUDIT_VIOLATION_WORD)
#undef AUDIT_VIOLATION_WORD
    };

    return words[violation];
}

/* The place of a text among words; words[0] stands for no text at all. */
static size_t place_of(struct text text, const char *const words[], size_t count)
{
    if (!text_is_there(text))
        return 0;
    for (size_t i = 1; i < count; i++)
        if (text_equals(text, text_of(words[i])))
            return i;
    return count;
}

enum payment_status payment_status_of(struct text text)
{
    static const char *const words[] = {"", "authorizing", "authorized", "captured", "voided", "declined"};

    _Static_assert(COUNT_OF(words) == PAYMENT_UNKNOWN, "a word for each");
    return (enum payment_status)place_of(text, words, COUNT_OF(words));
}

enum reservation_status reservation_status_of(struct text text)
{
    static const char *const words[] = {"", "allocated", "released", "refused"};

    _Static_assert(COUNT_OF(words) == RESERVATION_UNKNOWN, "a word for each");
    return (enum reservation_status)place_of(text, words, COUNT_OF(words));
}

enum shipment_status shipment_status_of(struct text text)
{
    static const char *const words[] = {"", "booking", "shipped", "cancelled", "refused"};

    _Static_assert(COUNT_OF(words) == SHIPMENT_UNKNOWN, "a word for each");
    return (enum shipment_status)place_of(text, words, COUNT_OF(words));
}

/* ---- payment, reservation, shipment ---- */

#define P(name) (1U << PAYMENT_##name)
#define R(name) (1U << RESERVATION_##name)
#define S(name) (1U << SHIPMENT_##name)
#define P_OPEN (P(NONE) | P(AUTHORIZING) | P(AUTHORIZED) | P(DECLINED)) /* authorize was asked, and may have been done */
#define P_BACK (P(NONE) | P(VOIDED) | P(DECLINED))                      /* nothing is left of it */
#define P_ANY (P_OPEN | P_BACK | P(CAPTURED))
#define R_OPEN (R(NONE) | R(ALLOCATED) | R(REFUSED))
#define R_BACK (R(NONE) | R(RELEASED) | R(REFUSED))
#define S_OPEN (S(NONE) | S(BOOKING) | S(SHIPPED) | S(REFUSED))
#define S_BACK (S(NONE) | S(CANCELLED) | S(REFUSED))

/* Where each part may stand while the saga waits for the answer to this command. A parked saga keeps its command: it may still be
 * done. */
static const struct move {
    enum saga_status status;
    enum ask pending;
    unsigned payment, reservation, shipment;
} moves[] = {
    {SAGA_VALIDATING, ASK_VALIDATE, P(NONE), R(NONE), S(NONE)},
    {SAGA_AUTHORIZING_PAYMENT, ASK_AUTHORIZE, P_OPEN, R(NONE), S(NONE)},
    {SAGA_ALLOCATING_INVENTORY, ASK_ALLOCATE, P(AUTHORIZED), R_OPEN, S(NONE)},
    {SAGA_FULFILLING, ASK_SHIP, P(AUTHORIZED), R(ALLOCATED), S_OPEN},
    {SAGA_CAPTURING_PAYMENT, ASK_CAPTURE, P(AUTHORIZED) | P(CAPTURED), R(ALLOCATED), S(SHIPPED)},
    {SAGA_COMPENSATING, ASK_CANCEL_SHIPMENT, P(AUTHORIZED), R(ALLOCATED), S_OPEN | S(CANCELLED)},
    {SAGA_COMPENSATING, ASK_RELEASE, P(AUTHORIZED), R_OPEN | R(RELEASED), S_BACK},
    {SAGA_COMPENSATING, ASK_VOID, P_OPEN | P(VOIDED), R_BACK, S_BACK},
    {SAGA_COMPENSATION_FAILED, ASK_CANCEL_SHIPMENT, P(AUTHORIZED), R(ALLOCATED), S_OPEN | S(CANCELLED)},
    {SAGA_COMPENSATION_FAILED, ASK_RELEASE, P(AUTHORIZED), R_OPEN | R(RELEASED), S_BACK},
    {SAGA_COMPENSATION_FAILED, ASK_VOID, P_OPEN | P(VOIDED), R_BACK, S_BACK},
    {SAGA_NEEDS_ATTENTION, ASK_CAPTURE, P_ANY, R(ALLOCATED), S(SHIPPED)}, /* why */
    {SAGA_COMPLETED, ASK_NOTHING, P(CAPTURED), R(ALLOCATED), S(SHIPPED)},
    {SAGA_REJECTED, ASK_NOTHING, P(NONE), R(NONE), S(NONE)},
    {SAGA_FAILED, ASK_NOTHING, P_BACK, R_BACK, S_BACK},
    {SAGA_CANCELLED, ASK_NOTHING, P_BACK, R_BACK, S_BACK},
};

/* The step of a saga is the one that asks, or is undone, for the pending command; of an ended one it is where it ended. */
static bool is_at_step(const struct audit_parts *parts)
{
    const struct saga_step *step;

    if (parts->step < 0 || parts->step >= STEP_COUNT)
        return false;
    step = step_at((int)parts->step);
    return parts->pending == ASK_NOTHING || parts->pending == step->ask || parts->pending == step->undo;
}

static const struct move *move_of(const struct audit_parts *parts)
{
    for (size_t i = 0; i < COUNT_OF(moves); i++)
        if (moves[i].status == parts->status && moves[i].pending == parts->pending)
            return is_at_step(parts) ? &moves[i] : NULL;
    return NULL;
}

static bool may_be_captured(enum saga_status status)
{
    return status == SAGA_COMPLETED || status == SAGA_CAPTURING_PAYMENT || status == SAGA_NEEDS_ATTENTION;
}

/* Whether a later step has an effect, and an earlier one has none. Inventory is asked when the payment is authorized, the
 * carrier when the units are allocated, and undoing goes in reverse order. */
static bool is_step_skipped(const struct audit_parts *parts)
{
    bool paid = parts->payment == PAYMENT_AUTHORIZED || parts->payment == PAYMENT_CAPTURED || parts->payment == PAYMENT_VOIDED;
    bool reserved = parts->reservation == RESERVATION_ALLOCATED || parts->reservation == RESERVATION_RELEASED;

    return (parts->reservation != RESERVATION_NONE && !paid) || (parts->shipment != SHIPMENT_NONE && !reserved);
}

audit_set audit_judge_parts(const struct audit_parts *parts)
{
    const struct move *move = move_of(parts);
    unsigned gone = parts->may_be_swept && saga_status_is_terminal(parts->status) ? 1 : 0; /* bit 0 is NONE in all three */
    audit_set found = 0;

    if (parts->payment == PAYMENT_CAPTURED && !may_be_captured(parts->status))
        found |= AUDIT_SET(AUDIT_CAPTURED_WRONGLY);
    if (move == NULL)
        return found | AUDIT_SET(AUDIT_PENDING_OUT_OF_STEP);
    if (((move->payment | gone) >> parts->payment & 1) == 0 && found == 0)
        found |= AUDIT_SET(AUDIT_PAYMENT_OUT_OF_STEP);
    if (((move->reservation | gone) >> parts->reservation & 1) == 0)
        found |= AUDIT_SET(AUDIT_RESERVATION_OUT_OF_STEP);
    if (((move->shipment | gone) >> parts->shipment & 1) == 0)
        found |= AUDIT_SET(AUDIT_SHIPMENT_OUT_OF_STEP);
    if (found == 0 && gone == 0 && parts->status != SAGA_NEEDS_ATTENTION && is_step_skipped(parts))
        found |= AUDIT_SET(AUDIT_STEP_SKIPPED);
    return found;
}

/* ---- everything about an order ---- */

unsigned audit_index_bit(enum saga_status status)
{
    bool runs = status >= SAGA_VALIDATING && status <= SAGA_CAPTURING_PAYMENT;

    return 1U << (runs ? SAGA_CAPTURING_PAYMENT : status);
}

static audit_set set_if(bool wrong, enum audit_violation violation) { return wrong ? AUDIT_SET(violation) : 0; }

static audit_set judge_orphan(const struct audit_order *order)
{
    return set_if(text_is_there(order->payment), AUDIT_ORPHAN_PAYMENT) |
           set_if(text_is_there(order->reservation) || order->reserved_elsewhere, AUDIT_ORPHAN_RESERVATION) |
           set_if(text_is_there(order->shipment), AUDIT_ORPHAN_SHIPMENT) | set_if(order->has_history, AUDIT_ORPHAN_HISTORY) |
           set_if(order->indexes != 0, AUDIT_INDEX_STRAY) | set_if(order->has_timer || order->has_stray_timer, AUDIT_TIMER_STRAY);
}

static bool is_active(const struct saga *saga)
{
    return !saga_status_is_terminal(saga->status) && !saga_status_is_parked(saga->status);
}

static audit_set judge_clock(const struct saga *saga, int64_t now_ms)
{
    int64_t past_ms = now_ms - AUDIT_TIMER_ALLOWANCE_MS;
    bool before_pivot = saga->status >= SAGA_VALIDATING && saga->status <= SAGA_ALLOCATING_INVENTORY;

    if (!is_active(saga))
        return 0;
    return set_if(before_pivot && saga->deadline_ms < past_ms, AUDIT_PAST_DEADLINE) |
           set_if(saga->step_deadline_ms < past_ms, AUDIT_PAST_STEP_DEADLINE);
}

/* Whether an entry is too late. A timer that has fired stands a lease after the time at which it fired, not after its own
 * time. */
static bool is_timer_late(const struct audit_order *order, int64_t now_ms)
{
    int64_t due_ms = order->saga.timer_ms > now_ms ? order->saga.timer_ms : now_ms;

    return order->has_timer && order->timer_ms > due_ms + AUDIT_TIMER_ALLOWANCE_MS;
}

static audit_set judge_listing(const struct audit_order *order, int64_t now_ms, bool may_be_swept)
{
    unsigned own = audit_index_bit(order->saga.status);
    bool active = is_active(&order->saga);

    return set_if((order->indexes & own) == 0 && !may_be_swept, AUDIT_INDEX_MISSING) |
           set_if((order->indexes & ~own) != 0, AUDIT_INDEX_STRAY) |
           set_if(active && (!order->has_timer || order->saga.timer_ms == 0), AUDIT_TIMER_MISSING) |
           set_if(active && is_timer_late(order, now_ms), AUDIT_TIMER_LATE) |
           set_if((!active && order->has_timer) || order->has_stray_timer, AUDIT_TIMER_STRAY);
}

/* Not every transition raises an event (an attempt that failed raises none), but a transition that ends or parks a saga does. */
static bool is_history_out_of_step(const struct audit_order *order)
{
    if (!order->has_history || order->history_version < 1 || order->history_version > order->saga.version)
        return true;
    return !is_active(&order->saga) && order->history_version != order->saga.version;
}

static bool is_total_wrong(const struct audit_order *order)
{
    int64_t amount;

    if (order->saga.status != SAGA_COMPLETED || !text_is_there(order->payment))
        return false;
    return !text_to_number(order->amount, &amount) || amount != order->saga.total ||
           !text_equals(order->currency, order->saga.currency);
}

static audit_set judge_saga(const struct audit_order *order, int64_t now_ms, int64_t retention_ms)
{
    const struct saga *saga = &order->saga;
    bool ended = saga_status_is_terminal(saga->status);
    struct audit_parts parts = {
        .status = saga->status,
        .step = saga->step,
        .pending = saga->pending,
        .payment = payment_status_of(order->payment),
        .reservation = reservation_status_of(order->reservation),
        .shipment = shipment_status_of(order->shipment),
        .may_be_swept = ended && saga->completed_ms < now_ms - retention_ms,
    };
    bool holds = parts.reservation == RESERVATION_ALLOCATED;

    return audit_judge_parts(&parts) | judge_clock(saga, now_ms) | judge_listing(order, now_ms, parts.may_be_swept) |
           set_if(is_total_wrong(order), AUDIT_TOTAL_DIFFERS) |
           set_if(holds && !text_equals(order->items, order->expected_items), AUDIT_ITEMS_DIFFER) |
           set_if(order->reserved_elsewhere, AUDIT_RESERVATION_ELSEWHERE) |
           set_if(is_history_out_of_step(order), AUDIT_HISTORY_OUT_OF_STEP);
}

audit_set audit_judge(const struct audit_order *order, int64_t now_ms, int64_t retention_ms)
{
    audit_set found = set_if(order->is_set_aside, AUDIT_SAGA_SET_ASIDE);

    if (!order->has_saga)
        return found | judge_orphan(order);
    if (!order->is_readable)
        return found | AUDIT_SET(AUDIT_SAGA_BROKEN);
    return found | judge_saga(order, now_ms, retention_ms);
}
