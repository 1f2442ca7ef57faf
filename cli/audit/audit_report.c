/* audit_report.c - one line for each violation: logfmt for people and grep, or JSON. */
#include "audit.h"
#include "cli_json.h"
#include "shown.h"

#include <inttypes.h>
#include <stdio.h>

/* What tells more about a violation, in the arena. */
typedef struct text (*detail_of)(struct arena *arena, const struct audit_order *order);

static struct text or_none(struct text text) { return text_is_there(text) ? text : TEXT("none"); }

static struct text parts_detail(struct arena *arena, const struct audit_order *order)
{
    const struct saga *saga = &order->saga;

    return text_format(arena, "status=%s step=%s pending=%s payment=%.*s reservation=%.*s shipment=%.*s",
                       saga_status_text(saga->status), ask_type(step_at((int)saga->step)->ask),
                       saga->pending == ASK_NOTHING ? "none" : ask_type(saga->pending), TEXT_ARG(or_none(order->payment)),
                       TEXT_ARG(or_none(order->reservation)), TEXT_ARG(or_none(order->shipment)));
}

static struct text orphan_detail(struct arena *arena, const struct audit_order *order)
{
    return text_format(arena, "payment=%.*s reservation=%.*s shipment=%.*s", TEXT_ARG(or_none(order->payment)),
                       TEXT_ARG(or_none(order->reservation)), TEXT_ARG(or_none(order->shipment)));
}

static struct text total_detail(struct arena *arena, const struct audit_order *order)
{
    return text_format(arena, "total=%" PRId64 " currency=%.*s captured=%.*s captured_currency=%.*s", order->saga.total,
                       TEXT_ARG(or_none(order->saga.currency)), TEXT_ARG(or_none(order->amount)),
                       TEXT_ARG(or_none(order->currency)));
}

static struct text items_detail(struct arena *arena, const struct audit_order *order)
{
    return text_format(arena, "allocated=\"%.*s\" ordered=\"%.*s\"", TEXT_ARG(or_none(order->items)),
                       TEXT_ARG(or_none(order->expected_items)));
}

static struct text clock_detail(struct arena *arena, const struct audit_order *order)
{
    struct text deadline = time_text(arena, order->saga.deadline_ms), step = time_text(arena, order->saga.step_deadline_ms);

    return text_format(arena, "status=%s deadline=%.*s step_deadline=%.*s", saga_status_text(order->saga.status),
                       TEXT_ARG(deadline), TEXT_ARG(step));
}

static struct text index_detail(struct arena *arena, const struct audit_order *order)
{
    struct buffer buffer = buffer_in(arena, 96);
    const char *before = "";

    buffer_add_format(&buffer, "status=%s indexes=", order->has_saga ? saga_status_text(order->saga.status) : "none");
    for (enum saga_status status = SAGA_CAPTURING_PAYMENT; status < SAGA_STATUS_COUNT; status++) {
        if ((order->indexes & audit_index_bit(status)) == 0)
            continue;
        buffer_add_format(&buffer, "%s%s", before, saga_status_index(status));
        before = ",";
    }
    return buffer_text(&buffer);
}

static struct text timer_detail(struct arena *arena, const struct audit_order *order)
{
    return text_format(arena, "status=%s due=%.*s entry=%.*s%s", order->has_saga ? saga_status_text(order->saga.status) : "none",
                       TEXT_ARG(time_text(arena, order->saga.timer_ms)),
                       TEXT_ARG(order->has_timer ? time_text(arena, order->timer_ms) : TEXT("none")),
                       order->has_stray_timer ? " also_in_another_shard=true" : "");
}

static struct text history_detail(struct arena *arena, const struct audit_order *order)
{
    return text_format(arena, "status=%s version=%" PRId64 " history_version=%" PRId64, saga_status_text(order->saga.status),
                       order->saga.version, order->history_version);
}

static struct text broken_detail(struct arena *arena, const struct audit_order *order)
{
    (void)order;
    (void)arena;
    return TEXT("look=\"redis-cli HGETALL\"");
}

static const detail_of details[AUDIT_VIOLATION_COUNT] = {
    [AUDIT_SAGA_BROKEN] = broken_detail,
    [AUDIT_SAGA_SET_ASIDE] = broken_detail,
    [AUDIT_PENDING_OUT_OF_STEP] = parts_detail,
    [AUDIT_CAPTURED_WRONGLY] = parts_detail,
    [AUDIT_PAYMENT_OUT_OF_STEP] = parts_detail,
    [AUDIT_RESERVATION_OUT_OF_STEP] = parts_detail,
    [AUDIT_SHIPMENT_OUT_OF_STEP] = parts_detail,
    [AUDIT_STEP_SKIPPED] = parts_detail,
    [AUDIT_TOTAL_DIFFERS] = total_detail,
    [AUDIT_ITEMS_DIFFER] = items_detail,
    [AUDIT_RESERVATION_ELSEWHERE] = parts_detail,
    [AUDIT_PAST_DEADLINE] = clock_detail,
    [AUDIT_PAST_STEP_DEADLINE] = clock_detail,
    [AUDIT_INDEX_MISSING] = index_detail,
    [AUDIT_INDEX_STRAY] = index_detail,
    [AUDIT_TIMER_MISSING] = timer_detail,
    [AUDIT_TIMER_LATE] = timer_detail,
    [AUDIT_TIMER_STRAY] = timer_detail,
    [AUDIT_HISTORY_OUT_OF_STEP] = history_detail,
    [AUDIT_ORPHAN_PAYMENT] = orphan_detail,
    [AUDIT_ORPHAN_RESERVATION] = orphan_detail,
    [AUDIT_ORPHAN_SHIPMENT] = orphan_detail,
    [AUDIT_ORPHAN_HISTORY] = orphan_detail,
};

/* ---- lines ---- */

/* What a line tells, by name. */
struct member {
    const char *name;
    struct text value; /* empty: left out */
};

static void print_json(struct audit *audit, const struct member members[], size_t count, struct text detail)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();

    for (size_t i = 0; i < count; i++)
        if (members[i].value.length > 0)
            json_add_text(draft, members[i].name, shown_text(audit->arena, members[i].value));
    if (detail.length > 0)
        json_add_text(draft, "detail", shown_text(audit->arena, detail));
    cli_print_json(draft);
}

static void print_for_people(struct audit *audit, const struct member members[], size_t count, struct text detail)
{
    const char *between = "";

    for (size_t i = 0; i < count; i++) {
        if (members[i].value.length == 0)
            continue;
        printf("%s%s=%.*s", between, members[i].name, TEXT_ARG(shown_text(audit->arena, members[i].value)));
        between = " ";
    }
    if (text_is_there(detail))
        printf(" %.*s", TEXT_ARG(shown_text(audit->arena, detail)));
    printf("\n");
}

static void print_violation(struct audit *audit, const struct member members[], size_t count, struct text detail)
{
    progress_wipe(&audit->progress);
    if (audit->json)
        print_json(audit, members, count, detail);
    else
        print_for_people(audit, members, count, detail);
    audit->totals.violations++;
}

void audit_report_order(struct audit *audit, const struct audit_seen *seen, audit_set violations)
{
    for (enum audit_violation violation = 0; violation < AUDIT_VIOLATION_COUNT; violation++) {
        struct member members[] = {{"order", seen->order.order_id}, {"violation", text_of(audit_word(violation))}};
        if ((violations & AUDIT_SET(violation)) != 0)
            print_violation(audit, members, COUNT_OF(members),
                            details[violation] == NULL ? TEXT_NONE : details[violation](audit->arena, &seen->order));
    }
}

void audit_report_record(struct audit *audit, const struct audit_finding *finding)
{
    struct member members[] = {{"order", finding->order_id[0] == '\0' ? TEXT("none") : text_of(finding->order_id)},
                               {"violation", text_of(audit_word(AUDIT_ORDER_UNANSWERED))}};

    print_violation(
        audit, members, COUNT_OF(members),
        text_format(audit->arena, "topic=orders partition=%" PRId32 " offset=%" PRId64, finding->partition, finding->offset));
}

void audit_report_product(struct audit *audit, enum audit_violation violation, struct text warehouse, struct text product_id,
                          struct text detail)
{
    struct member members[] = {{"product", product_id}, {"warehouse", warehouse}, {"violation", text_of(audit_word(violation))}};

    print_violation(audit, members, COUNT_OF(members), detail);
}

/* ---- the last line ---- */

struct total {
    const char *name;
    size_t count;
};

static void print_totals_json(const struct total totals[], size_t count)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();
    struct json_draft *all = json_add_object(draft, "totals");

    for (size_t i = 0; i < count; i++)
        json_add_number(all, totals[i].name, (int64_t)totals[i].count);
    cli_print_json(draft);
}

static void print_totals(const struct total totals[], size_t count)
{
    printf("totals");
    for (size_t i = 0; i < count; i++)
        printf(" %s=%zu", totals[i].name, totals[i].count);
    printf("\n");
}

void audit_report_totals(struct audit *audit)
{
    const struct audit_totals *totals = &audit->totals;
    const struct total all[] = {
        {"orders", totals->keys[KEY_SAGA]},
        {"payments", totals->keys[KEY_PAYMENT]},
        {"reservations", totals->keys[KEY_RESERVATION]},
        {"shipments", totals->keys[KEY_SHIPMENT]},
        {"products", totals->products},
        {"records", totals->records},
        {"passedOver", totals->passed_over},
        {"lookedAgain", totals->looked_again},
        {"unsettled", totals->unsettled},
        {"notLookedAgain", audit->findings.left_out},
        {"violations", totals->violations},
    };

    progress_wipe(&audit->progress);
    if (audit->json)
        print_totals_json(all, COUNT_OF(all));
    else
        print_totals(all, COUNT_OF(all));
}
