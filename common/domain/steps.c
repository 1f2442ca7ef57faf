#include "steps.h"

#include <assert.h>

static const struct saga_step steps[STEP_COUNT] = {
    /* while it runs, asks for, is undone by, done event, undone event, refused it ends as, usual reason */
    {SAGA_VALIDATING, ASK_VALIDATE, ASK_NOTHING, "order.validated", NULL, SAGA_REJECTED, "validation_failed"},
    {SAGA_AUTHORIZING_PAYMENT, ASK_AUTHORIZE, ASK_VOID, "payment.authorized", "payment.voided", SAGA_FAILED, "payment_declined"},
    {SAGA_ALLOCATING_INVENTORY, ASK_ALLOCATE, ASK_RELEASE, "inventory.allocated", "inventory.released", SAGA_FAILED,
     "insufficient_inventory"},
    {SAGA_FULFILLING, ASK_SHIP, ASK_CANCEL_SHIPMENT, "order.shipped", "shipment.cancelled", SAGA_FAILED, "fulfillment_refused"},
    {SAGA_CAPTURING_PAYMENT, ASK_CAPTURE, ASK_NOTHING, "payment.captured", NULL, SAGA_NEEDS_ATTENTION, "capture_refused"},
};

static const struct {
    const char *type;
    enum topic topic;
    const char *setting;
} asks[ASK_COUNT] = {
    [ASK_NOTHING] = {"", TOPIC_COUNT, ""},
    [ASK_VALIDATE] = {"order.validate", TOPIC_VALIDATOR, "ORDER_VALIDATE"},
    [ASK_AUTHORIZE] = {"payment.authorize", TOPIC_PAYMENT, "PAYMENT_AUTHORIZE"},
    [ASK_ALLOCATE] = {"inventory.allocate", TOPIC_INVENTORY, "INVENTORY_ALLOCATE"},
    [ASK_SHIP] = {"fulfillment.ship", TOPIC_FULFILLMENT, "FULFILLMENT_SHIP"},
    [ASK_CAPTURE] = {"payment.capture", TOPIC_PAYMENT, "PAYMENT_CAPTURE"},
    [ASK_VOID] = {"payment.void", TOPIC_PAYMENT, "PAYMENT_VOID"},
    [ASK_RELEASE] = {"inventory.release", TOPIC_INVENTORY, "INVENTORY_RELEASE"},
    [ASK_CANCEL_SHIPMENT] = {"fulfillment.cancel", TOPIC_FULFILLMENT, "FULFILLMENT_CANCEL"},
};

static const struct {
    const char *text, *index;
} statuses[] = {
#define SAGA_STATUS_ROW(name, text, index) [SAGA_##name] = {text, index},
    SAGA_STATUS_TABLE(SAGA_STATUS_ROW)
#undef SAGA_STATUS_ROW
};

static const char *const end_events[SAGA_STATUS_COUNT] = {
    [SAGA_COMPLETED] = "order.completed",
    [SAGA_REJECTED] = "order.rejected",
    [SAGA_FAILED] = "order.failed",
    [SAGA_CANCELLED] = "order.cancelled",
    [SAGA_COMPENSATION_FAILED] = "compensation.failed",
    [SAGA_NEEDS_ATTENTION] = "order.needs_attention",
};

const struct saga_step *step_at(int number)
{
    assert(number >= 0 && number < STEP_COUNT);
    return &steps[number];
}

int step_to_undo(int from)
{
    while (from >= 0 && steps[from].undo == ASK_NOTHING)
        from--;
    return from;
}

const char *saga_status_text(enum saga_status status) { return statuses[status].text; }

const char *saga_status_index(enum saga_status status) { return statuses[status].index; }

enum saga_status saga_status_of(struct text text)
{
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        if (text_equals(text, text_of(statuses[status].text)))
            return status;
    return SAGA_NONE;
}

bool saga_status_is_terminal(enum saga_status status) { return status >= SAGA_COMPLETED; }

bool saga_status_is_parked(enum saga_status status)
{
    return status == SAGA_COMPENSATION_FAILED || status == SAGA_NEEDS_ATTENTION;
}

const char *saga_status_event(enum saga_status status)
{
    assert(end_events[status] != NULL);
    return end_events[status];
}

const char *ask_type(enum ask ask) { return asks[ask].type; }

enum topic ask_topic(enum ask ask) { return asks[ask].topic; }

const char *ask_setting(enum ask ask) { return asks[ask].setting; }

enum ask ask_of(struct text type)
{
    for (enum ask ask = ASK_NOTHING + 1; ask < ASK_COUNT; ask++)
        if (text_equals(type, text_of(asks[ask].type)))
            return ask;
    return ASK_NOTHING;
}

/* ---- docs/saga.md ---- */

static void print_table(FILE *out)
{
    fprintf(out, "| # | status while it runs | command | topic | undo | when it is refused |\n|---|---|---|---|---|---|\n");
    for (int i = 0; i < STEP_COUNT; i++)
        fprintf(out, "| %d | `%s` | `%s` | `%s` | %s%s%s | `%s`, reason `%s` |\n", i + 1, saga_status_text(steps[i].status),
                ask_type(steps[i].ask), topic_plain_name(ask_topic(steps[i].ask)), steps[i].undo == ASK_NOTHING ? "–" : "`",
                ask_type(steps[i].undo), steps[i].undo == ASK_NOTHING ? "" : "`", saga_status_text(steps[i].refused_as),
                steps[i].reason);
}

/* The word for an undo command, which is a state inside `compensating` in the diagram: Mermaid wants single words. */
static const char *undo_word(int number)
{
    static const char *const words[STEP_COUNT] = {"", "voiding_payment", "releasing_inventory", "cancelling_shipment", ""};

    return words[number];
}

static void print_step(FILE *out, int number)
{
    const struct saga_step *step = &steps[number];
    int undo = step_to_undo(number - 1);

    fprintf(out, "    %s --> %s: %s succeeded\n", saga_status_text(step->status),
            number + 1 < STEP_COUNT ? saga_status_text(steps[number + 1].status) : "completed", ask_type(step->ask));
    if (undo == STEP_NONE || step->undo == ASK_NOTHING)
        fprintf(out, "    %s --> %s: %s refused\n", saga_status_text(step->status), saga_status_text(step->refused_as),
                ask_type(step->ask));
    else
        fprintf(out, "    %s --> %s: %s refused\n", saga_status_text(step->status), undo_word(undo), ask_type(step->ask));
    if (step->undo != ASK_NOTHING)
        fprintf(out, "    %s --> %s: given up, or cancelled\n", saga_status_text(step->status), undo_word(number));
}

static void print_undo(FILE *out, int number)
{
    int next = step_to_undo(number - 1);

    fprintf(out, "        %s --> %s: %s succeeded\n", undo_word(number), next == STEP_NONE ? "[*]" : undo_word(next),
            ask_type(steps[number].undo));
}

void steps_print_markdown(FILE *out)
{
    fprintf(out, "# The saga\n\nPrinted by `print-saga` from `common/domain/steps.c`; do not edit.\n\n");
    print_table(out);
    fprintf(out,
            "\nA command that nobody answers is sent again after `STEP_TIMEOUT_MS`, then after twice, four times, … as long,\n"
            "which uses up no attempt, until `STEP_DEADLINE_SECONDS` after it was asked for first: then the step is given up.\n"
            "One that is answered `failed` is tried again after `RETRY_FIRST_DELAY_MS` (times `RETRY_FACTOR` each time), as\n"
            "often as its `*_ATTEMPTS` say, and each attempt is waited for anew.\n");
    fprintf(out, "\n```mermaid\nstateDiagram-v2\n    [*] --> %s: admitted\n", saga_status_text(steps[0].status));
    for (int i = 0; i < STEP_COUNT; i++)
        print_step(out, i);
    fprintf(out, "    state compensating {\n");
    for (int i = STEP_PIVOT; i >= 0; i = step_to_undo(i - 1))
        print_undo(out, i);
    fprintf(out,
            "    }\n"
            "    compensating --> failed: all undone\n"
            "    compensating --> cancelled: all undone, on request\n"
            "    compensating --> compensation_failed: an undo can't be done\n"
            "    compensating --> %s: already shipped\n"
            "    compensation_failed --> compensating: retry, or a late success\n"
            "    needs_attention --> %s: retry\n"
            "    needs_attention --> completed: a late success\n"
            "    completed --> [*]\n    rejected --> [*]\n    failed --> [*]\n    cancelled --> [*]\n```\n",
            saga_status_text(steps[STEP_COUNT - 1].status), saga_status_text(steps[STEP_COUNT - 1].status));
}
