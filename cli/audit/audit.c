/* audit.c - orderly audit */
#include "audit.h"
#include "clock.h"
#include "duration.h"

#include <unistd.h>

#define MARGIN_DAYS 2 /* a saga expires this much later than its order may be swept */
#define SETTLE_MS 3000
#define LOOKS_MAX 6 /* an order or product that still moves at the last look is counted as unsettled */

struct audit_options {
    int64_t settle_ms;
    int64_t since_ms, ago_ms; /* a time, or how long ago; both 0: all */
    bool json, progress;
};

enum { OPTION_PROGRESS = 256, OPTION_NO_PROGRESS };

static void since_argument(struct argp_state *state, const char *argument, struct audit_options *given)
{
    given->since_ms = given->ago_ms = 0;
    if (!time_read(text_of(argument), &given->since_ms) && !duration_read(argument, 1, &given->ago_ms))
        argp_error(state, "--since takes 90s, 2h or 3d, or a time such as 2026-01-31T09:30:00.000Z, not '%s'", argument);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct audit_options *given = state->input;

    switch (key) {
    case 's':
        if (!duration_read(argument, 0, &given->settle_ms))
            argp_error(state, "--settle takes a time such as 500ms, 3s or 2m, not '%s'", argument);
        return 0;
    case 'S':
        since_argument(state, argument, given);
        return 0;
    case 'j':
        given->json = true;
        return 0;
    case OPTION_PROGRESS:
    case OPTION_NO_PROGRESS:
        given->progress = key == OPTION_PROGRESS;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"settle", 's', "DURATION", 0, "how long to wait before what looked wrong is looked at again: 500ms, 3s, 2m (3s)", 0},
    {"since", 'S', "TIME", 0,
     "of the records in the topic orders, ask for those that came since then (all): 90s, 2h or 3d ago, or RFC 3339", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line, the totals last", 0},
    {"progress", OPTION_PROGRESS, NULL, 0, "show a progress bar also when the error output is no terminal", 0},
    {"no-progress", OPTION_NO_PROGRESS, NULL, 0, "show none", 0},
    {0},
};

const struct argp audit_argp = {
    .options = options,
    .parser = parse,
    .doc = "Prove on a running system that nothing was lost, doubled or forgotten: stock and reservations add up; payment, "
           "reservation and "
           "shipment of every order are in step with its saga; no saga has been left behind; every order that was taken in has a "
           "saga or is a "
           "dead letter.\v"
           "Nothing is changed. What looks wrong is looked at again after a while: only what is wrong twice, while its order has "
           "not\n"
           "moved on, is printed, one line for each violation:\n"
           "  order=ORD-1 violation=payment_out_of_step status=failed ... payment=authorized reservation=released shipment=none\n"
           "The last line holds the totals. `unsettled` are orders and products that kept moving: no violation, but not proven "
           "either.\n"
           "docs/operations.md explains each violation.\n\n"
           "Exit codes: 0 clean, 1 violations, 2 usage, 3 Kafka or Redis unreachable.\n\n"
           "Examples:\n  orderly audit\n  orderly audit --json --settle 10s",
};

/* ---- looking again ---- */

/* Reports what both looks saw, and keeps the rest for another look. */
static void settle_order(struct audit *audit, const struct audit_finding *first, const struct audit_seen *seen)
{
    struct audit_finding second = *first;
    audit_set sure, again;

    second.version = seen->version;
    second.violations = seen->violations;
    audit_finding_compare(first, &second, &sure, &again);
    audit_report_order(audit, seen, sure);
    second.violations = again;
    if (again != 0 || seen->moved)
        audit_findings_add(&audit->findings, &second);
}

/* A page of the findings, AUDIT_LOOK_MAX at most. */
static enum cli_exit look_at_some(struct audit *audit, const struct audit_finding findings[], size_t count)
{
    struct audit_subject subjects[AUDIT_LOOK_MAX];
    struct audit_seen seen[AUDIT_LOOK_MAX];

    arena_reset(audit->arena);
    for (size_t i = 0; i < count; i++)
        subjects[i] =
            (struct audit_subject){.order_id = text_of(findings[i].order_id),
                                   .warehouse = findings[i].warehouse[0] == '\0' ? TEXT_NONE : text_of(findings[i].warehouse)};
    CLI_TRY(audit_read_clock(audit));
    CLI_TRY(audit_look(audit, subjects, count, true, seen));
    for (size_t i = 0; i < count; i++)
        settle_order(audit, &findings[i], &seen[i]);
    return CLI_DONE;
}

static enum cli_exit look_at_orders(struct audit *audit, const struct audit_finding findings[], size_t count)
{
    for (size_t done = 0; done < count; done += AUDIT_LOOK_MAX) {
        size_t some = count - done < AUDIT_LOOK_MAX ? count - done : AUDIT_LOOK_MAX;
        CLI_TRY(look_at_some(audit, findings + done, some));
        progress_draw(&audit->progress, "again", done + some, count);
    }
    return CLI_DONE;
}

static enum cli_exit look_at_records(struct audit *audit, struct audit_finding findings[], size_t count)
{
    size_t left = 0;

    if (count > 0)
        CLI_TRY(audit_records_look(audit, findings, count, &left));
    arena_reset(audit->arena);
    for (size_t i = 0; i < left; i++)
        audit_report_record(audit, &findings[i]);
    return CLI_DONE;
}

/* One more look at all that was found. What is found at it takes the place of the list. */
static enum cli_exit look_again(struct audit *audit)
{
    struct audit_findings before;
    size_t orders = 0;
    enum cli_exit code;

    audit_findings_merge(&audit->findings);
    before = audit->findings;
    audit->findings = (struct audit_findings){.left_out = before.left_out};
    while (orders < before.count && (before.list[orders].violations & AUDIT_SET(AUDIT_ORDER_UNANSWERED)) == 0)
        orders++;
    audit->totals.looked_again += before.count;
    code = look_at_orders(audit, before.list, orders);
    if (code == CLI_DONE)
        code = look_at_records(audit, before.list + orders, before.count - orders);
    audit_findings_free(&before);
    return code;
}

static enum cli_exit add_up_again(struct audit *audit)
{
    CLI_TRY(audit_stock_begin(audit));
    CLI_TRY(audit_scan_reservations(audit));
    return audit_stock_end(audit);
}

/* ---- the audit ---- */

static enum cli_exit first_look(struct audit *audit, int64_t ago_ms)
{
    CLI_TRY(audit_read_clock(audit));
    if (ago_ms != 0)
        audit->since_ms = audit->now_ms - ago_ms;
    CLI_TRY(audit_scan_stock_keys(audit));
    CLI_TRY(audit_stock_begin(audit));
    CLI_TRY(audit_scan_keys(audit));
    CLI_TRY(audit_stock_end(audit));
    CLI_TRY(audit_scan_listings(audit));
    return audit_records_scan(audit);
}

static enum cli_exit look_until_sure(struct audit *audit)
{
    for (size_t i = 1; i < LOOKS_MAX; i++) {
        size_t open = audit_stock_open(audit->stock);
        if (audit->findings.count == 0 && open == 0)
            return CLI_DONE;
        clock_pause_ms(audit->settle_ms);
        if (audit->findings.count > 0)
            CLI_TRY(look_again(audit));
        if (open > 0)
            CLI_TRY(add_up_again(audit));
    }
    return CLI_DONE;
}

static enum cli_exit run(struct audit *audit, int64_t ago_ms)
{
    enum cli_exit code = first_look(audit, ago_ms);

    if (code == CLI_DONE)
        code = look_until_sure(audit);
    progress_wipe(&audit->progress);
    CLI_TRY(code);
    audit->totals.unsettled = audit->findings.count + audit_stock_open(audit->stock);
    audit_report_totals(audit);
    return audit->totals.violations + audit->findings.left_out > 0 ? CLI_ENDED_BADLY : CLI_DONE;
}

static enum cli_exit open_and_run(struct audit *audit, const struct audit_options *given)
{
    CLEANUP(store_close) struct store *store = NULL;
    const struct cli_settings *settings = audit->settings;

    CLI_TRY(cli_open_store(settings, NULL, 0, &store));
    CLI_TRY(audit_records_open(settings, &audit->records));
    audit->store = store;
    audit->stock = audit_stock_create();
    audit->settle_ms = given->settle_ms;
    audit->retention_ms = settings->retention_days * settings->day_seconds * 1000;
    audit->margin_ms = MARGIN_DAYS * settings->day_seconds * 1000;
    audit->since_ms = given->since_ms;
    audit->json = given->json;
    audit->progress.is_shown = given->progress;
    return run(audit, given->ago_ms);
}

enum cli_exit audit_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct audit_options given = {.settle_ms = SETTLE_MS, .progress = isatty(STDERR_FILENO)};
    struct cli_settings settings;
    struct audit audit = {.settings = &settings, .arena = arena};
    enum cli_exit code;

    CLI_TRY(cli_parse(&audit_argp, argument_count, arguments, &given, &settings));
    code = open_and_run(&audit, &given);
    audit_findings_free(&audit.findings);
    audit_stock_destroy(audit.stock);
    audit_records_close(audit.records);
    return code;
}
