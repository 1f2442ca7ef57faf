/* audit.c - orderly audit */
#include "audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)
#define MARGIN_DAYS 2 /* a saga expires this much later than its order may be swept */
#define SETTLE_MS 3000
#define DURATION_MAX_MS (3650 * DAY_MS)
#define LOOKS_MAX 6 /* what has not come to rest by then is counted as unsettled */

struct audit_options {
    int64_t settle_ms;
    int64_t since_ms, ago_ms; /* a time, or how long ago; both 0: all */
    bool json, progress;
};

/* "500ms", "3s", "2m", "12h", "7d"; a number alone is seconds. */
static bool read_duration(const char *text, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}};
    size_t digits = strspn(text, "0123456789");
    int64_t number;

    if (!text_to_number((struct text){text, digits}, &number) || number > DURATION_MAX_MS)
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strcmp(text + digits, units[i].unit) == 0 && number <= DURATION_MAX_MS / units[i].ms) {
            *out_ms = number * units[i].ms;
            return true;
        }
    return false;
}

enum { OPTION_PROGRESS = 256, OPTION_NO_PROGRESS };

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct audit_options *given = state->input;

    switch (key) {
    case 's':
        if (!read_duration(argument, &given->settle_ms))
            argp_error(state, "--settle takes a time such as 500ms, 3s or 2m, not '%s'", argument);
        return 0;
    case 'S':
        given->since_ms = given->ago_ms = 0;
        if (!time_read(text_of(argument), &given->since_ms) && (!read_duration(argument, &given->ago_ms) || given->ago_ms == 0))
            argp_error(state, "--since takes 90s, 2h or 3d, or a time such as 2026-01-31T09:30:00.000Z, not '%s'", argument);
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

static void wait_ms(int64_t time_ms)
{
    struct timespec left = {.tv_sec = time_ms / 1000, .tv_nsec = time_ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0)
        ;
}

/* Reports what both looks saw, and keeps the rest for another one. */
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

static int look_at_orders(struct audit *audit, const struct audit_finding findings[], size_t count)
{
    int code = CLI_DONE;

    for (size_t done = 0; code == CLI_DONE && done < count; done += AUDIT_LOOK_MAX) {
        size_t some = count - done < AUDIT_LOOK_MAX ? count - done : AUDIT_LOOK_MAX;
        struct audit_subject subjects[AUDIT_LOOK_MAX];
        struct audit_seen seen[AUDIT_LOOK_MAX];
        arena_reset(audit->arena);
        for (size_t i = 0; i < some; i++)
            subjects[i] = (struct audit_subject){
                .order_id = text_of(findings[done + i].order_id),
                .warehouse = findings[done + i].warehouse[0] == '\0' ? TEXT_NONE : text_of(findings[done + i].warehouse)};
        code = audit_read_clock(audit);
        if (code == CLI_DONE)
            code = audit_look(audit, subjects, some, true, seen);
        for (size_t i = 0; code == CLI_DONE && i < some; i++)
            settle_order(audit, &findings[done + i], &seen[i]);
        progress_draw(&audit->progress, "again", done + some, count);
    }
    return code;
}

static int look_at_records(struct audit *audit, struct audit_finding findings[], size_t count)
{
    size_t left = 0;
    int code = count == 0 ? CLI_DONE : audit_records_look(audit, findings, count, &left);

    arena_reset(audit->arena);
    for (size_t i = 0; code == CLI_DONE && i < left; i++)
        audit_report_record(audit, &findings[i]);
    return code;
}

/* One more look at all that was found. What is found at it takes the place of the list. */
static int look_again(struct audit *audit)
{
    struct audit_findings before;
    size_t orders = 0;
    int code;

    audit_findings_merge(&audit->findings);
    before = audit->findings;
    audit->findings = (struct audit_findings){.left_out = before.left_out};
    while (orders < before.count && (before.list[orders].violations & AUDIT_SET(AUDIT_ORDER_UNANSWERED)) == 0)
        orders++;
    audit->totals.looked_again += before.count;
    code = look_at_orders(audit, before.list, orders);
    if (code == CLI_DONE && before.count > orders)
        code = look_at_records(audit, before.list + orders, before.count - orders);
    audit_findings_free(&before);
    return code;
}

static int add_up_again(struct audit *audit)
{
    int code = audit_stock_begin(audit);

    if (code == CLI_DONE)
        code = audit_scan_reservations(audit);
    return code == CLI_DONE ? audit_stock_end(audit) : code;
}

/* ---- the audit ---- */

static int first_look(struct audit *audit, int64_t ago_ms)
{
    int code = audit_read_clock(audit);

    if (ago_ms != 0)
        audit->since_ms = audit->now_ms - ago_ms;
    if (code == CLI_DONE)
        code = audit_scan_stock_keys(audit);
    if (code == CLI_DONE)
        code = audit_stock_begin(audit);
    if (code == CLI_DONE)
        code = audit_scan_keys(audit);
    if (code == CLI_DONE)
        code = audit_stock_end(audit);
    if (code == CLI_DONE)
        code = audit_scan_listings(audit);
    return code == CLI_DONE ? audit_records_scan(audit) : code;
}

static int run(struct audit *audit, int64_t ago_ms)
{
    int code = first_look(audit, ago_ms);

    for (size_t i = 1; code == CLI_DONE && i < LOOKS_MAX; i++) {
        size_t open = audit_stock_open(audit->stock);
        if (audit->findings.count == 0 && open == 0)
            break;
        wait_ms(audit->settle_ms);
        if (audit->findings.count > 0)
            code = look_again(audit);
        if (code == CLI_DONE && open > 0)
            code = add_up_again(audit);
    }
    progress_wipe(&audit->progress);
    if (code != CLI_DONE)
        return code;
    audit->totals.unsettled = audit->findings.count + audit_stock_open(audit->stock);
    audit_report_totals(audit);
    return audit->totals.violations + audit->findings.left_out > 0 ? CLI_ENDED_BADLY : CLI_DONE;
}

int audit_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(store_close) struct store *store = NULL;
    struct audit_options given = {.settle_ms = SETTLE_MS, .progress = isatty(STDERR_FILENO)};
    struct cli_settings settings;
    struct audit audit = {.settings = &settings, .arena = arena};
    int code = cli_parse(&audit_argp, argument_count, arguments, &given, &settings);

    if (code == CLI_DONE)
        code = cli_open_store(&settings, NULL, 0, &store);
    if (code == CLI_DONE)
        code = audit_records_open(&settings, &audit.records);
    if (code == CLI_DONE) {
        audit.store = store;
        audit.stock = audit_stock_create();
        audit.settle_ms = given.settle_ms;
        audit.retention_ms = settings.retention_days * settings.day_seconds * 1000;
        audit.margin_ms = MARGIN_DAYS * settings.day_seconds * 1000;
        audit.since_ms = given.since_ms;
        audit.json = given.json;
        audit.progress.is_shown = given.progress;
        code = run(&audit, given.ago_ms);
    }
    audit_findings_free(&audit.findings);
    audit_stock_destroy(audit.stock);
    audit_records_close(audit.records);
    return code;
}
