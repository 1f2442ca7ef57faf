/* audit_records.c - every record of `orders` that the orchestrator has committed has a saga, is a dead letter, or waits in
 * saga.inbox.
 *
 * The topic is read in windows of offsets. Records without a saga are kept, a bounded number of them, and then looked for in the
 * dead letters and in what saga.inbox holds behind the group's commits; what had come out of there meanwhile has its saga by
 * then. The order matters: both were acknowledged before the offset of the order was committed. */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>

#define RETRY_MS 100
#define RECORD_PAGE 1000      /* records whose sagas are asked for in one round trip */
#define WINDOW_MAX 50000      /* records of all partitions together that are read before the dead letters may be asked */
#define UNANSWERED_MAX 100000 /* records that are looked for at the same time: 9 MB */

/* A record of `orders` that has no saga, as far as is known. */
struct unanswered {
    char order_id[ORDER_ID_MAX + 1]; /* "": it has none that can be read */
    int32_t partition;
    int64_t offset;
    bool is_answered;
};

struct audit_records {
    struct bus_reader *reader;
    struct arena *arena; /* of the page */
    struct unanswered *page, *list;
    size_t page_count, count;
    struct bus_span spans[BUS_PARTITIONS_MAX]; /* of `orders`, as they were when the audit began */
    size_t span_count;
    struct audit *audit; /* while a scan runs */
    enum cli_exit code;  /* the exit code with which see() ended a scan */
};

/* ---- open, close ---- */

static enum cli_exit unreachable(const struct audit_records *records, enum status status)
{
    if (status == STATUS_NOT_FOUND)
        return cli_fail(CLI_ENDED_BADLY, "%s (orderly topics create)", bus_reader_problem(records->reader));
    return cli_fail(CLI_UNREACHABLE, "Kafka does not answer: check KAFKA_BOOTSTRAP_SERVERS (%s)",
                    bus_reader_problem(records->reader));
}

static enum cli_exit read_spans(struct audit_records *records, const char *topic, struct bus_span spans[], size_t *out_count)
{
    struct cli_wait wait = cli_wait_for(CLI_WAIT_MS, RETRY_MS);
    enum status status;

    do /* a broker that has just come up, or that has just made the topic, may refuse for a moment */
        status = bus_reader_spans(records->reader, topic, CLI_WAIT_MS, spans, out_count);
    while (status == STATUS_UNAVAILABLE && cli_wait_on(&wait));
    return status == STATUS_OK ? CLI_DONE : unreachable(records, status);
}

static void *room_for(size_t count)
{
    void *room = calloc(count, sizeof(struct unanswered));

    if (room == NULL)
        abort();
    return room;
}

enum cli_exit audit_records_open(const struct cli_settings *settings, struct audit_records **out_records)
{
    struct audit_records *records = calloc(1, sizeof(*records));
    char group[TOPIC_NAME_SIZE];

    if (records == NULL)
        abort();
    *out_records = records;
    records->arena = arena_create();
    records->page = room_for(RECORD_PAGE);
    records->list = room_for(UNANSWERED_MAX);
    CLI_TRY(cli_open_reader(settings, "orderly-audit", group_name(topic_reader(TOPIC_ORDERS), group), &records->reader));
    return read_spans(records, topic_name(TOPIC_ORDERS), records->spans, &records->span_count);
}

void audit_records_close(struct audit_records *records)
{
    if (records == NULL)
        return;
    bus_reader_close(records->reader);
    arena_destroy(records->arena);
    free(records->page);
    free(records->list);
    free(records);
}

/* ---- the list ---- */

static void drop_answered(struct unanswered list[], size_t *count)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++)
        if (!list[i].is_answered)
            list[kept++] = list[i];
    *count = kept;
}

/* Marks those that have a saga, in one round trip. */
static enum cli_exit ask_for_sagas(struct audit *audit, struct unanswered list[], size_t count)
{
    size_t number = 0;

    arena_reset(audit->arena);
    store_begin(audit->store);
    for (size_t i = 0; i < count; i++) {
        struct text key = key_saga(audit->arena, text_of(list[i].order_id));
        if (list[i].order_id[0] != '\0')
            store_queue(audit->store, key, (struct text[]){TEXT("EXISTS"), key}, 2);
    }
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < count; i++)
        if (list[i].order_id[0] != '\0')
            list[i].is_answered = store_number(store_value(audit->store, number++)) == 1;
    return CLI_DONE;
}

/* ---- dead letters ---- */

static int compare_places(const void *a, const void *b)
{
    const struct unanswered *one = a, *other = b;

    if (one->partition != other->partition)
        return one->partition < other->partition ? -1 : 1;
    return (one->offset > other->offset) - (one->offset < other->offset);
}

static bool header_number(const struct record *record, const char *name, int64_t *out_number)
{
    struct text value;

    return record_header(record, name, &value) && text_to_number(value, out_number);
}

static enum status see_dead_letter(const struct record *record, void *context)
{
    struct audit_records *records = context;
    int64_t partition, offset;
    struct unanswered place, *found;
    struct text topic;

    if (!record_header(record, "dlq-topic", &topic) || !topic_is(topic, TOPIC_ORDERS) ||
        !header_number(record, "dlq-partition", &partition) || !header_number(record, "dlq-offset", &offset))
        return STATUS_OK;
    place = (struct unanswered){.partition = (int32_t)partition, .offset = offset};
    found = bsearch(&place, records->list, records->count, sizeof(place), compare_places);
    if (found != NULL)
        found->is_answered = true;
    return STATUS_OK;
}

/* ---- saga.inbox ---- */

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct unanswered *)a)->order_id, ((const struct unanswered *)b)->order_id);
}

static bool is_order(struct arena *arena, struct text value)
{
    const struct json *root;

    arena_reset(arena);
    return json_read(arena, value, &root) == STATUS_OK && json_string_is(json_member(root, TEXT("kind")), TEXT("order"));
}

/* What the system writes is keyed by the order id. */
static enum status see_waiting(const struct record *record, void *context)
{
    struct audit_records *records = context;
    struct unanswered wanted = {.partition = 0}, *found;

    if (record->key.length == 0 || record->key.length > ORDER_ID_MAX)
        return STATUS_OK;
    snprintf(wanted.order_id, sizeof(wanted.order_id), "%.*s", TEXT_ARG(record->key));
    found = bsearch(&wanted, records->list, records->count, sizeof(wanted), compare_ids);
    if (found == NULL || !is_order(records->arena, record->value))
        return STATUS_OK;
    while (found > records->list && compare_ids(found - 1, &wanted) == 0)
        found--;
    for (; found < records->list + records->count && compare_ids(found, &wanted) == 0; found++)
        found->is_answered = true;
    return STATUS_OK;
}

/* ---- what is left in the end ---- */

static enum cli_exit scan_for(struct audit_records *records, const char *topic, bool uncommitted_only, bus_see see)
{
    struct bus_span spans[BUS_PARTITIONS_MAX];
    size_t count = 0;
    enum status status;

    CLI_TRY(read_spans(records, topic, spans, &count));
    for (size_t i = 0; uncommitted_only && i < count; i++)
        if (spans[i].committed > spans[i].low)
            spans[i].low = spans[i].committed;
    status = bus_reader_scan(records->reader, topic, spans, count, CLI_WAIT_MS, see, records);
    return status == STATUS_OK ? CLI_DONE : unreachable(records, status);
}

/* Drops from the list what is a dead letter, or waits, or has a saga by now. */
static enum cli_exit resolve(struct audit_records *records, struct audit *audit)
{
    if (records->count == 0)
        return CLI_DONE;
    qsort(records->list, records->count, sizeof(*records->list), compare_places);
    CLI_TRY(scan_for(records, topic_dead_name(TOPIC_ORDERS), false, see_dead_letter));
    drop_answered(records->list, &records->count);
    if (records->count == 0)
        return CLI_DONE;
    qsort(records->list, records->count, sizeof(*records->list), compare_ids);
    CLI_TRY(scan_for(records, topic_name(TOPIC_INBOX), true, see_waiting));
    drop_answered(records->list, &records->count);
    for (size_t done = 0; done < records->count; done += RECORD_PAGE)
        CLI_TRY(ask_for_sagas(audit, records->list + done,
                              records->count - done < RECORD_PAGE ? records->count - done : RECORD_PAGE));
    drop_answered(records->list, &records->count);
    return CLI_DONE;
}

static void keep_findings(struct audit_records *records, struct audit *audit)
{
    for (size_t i = 0; i < records->count; i++) {
        struct audit_finding finding = {.violations = AUDIT_SET(AUDIT_ORDER_UNANSWERED),
                                        .partition = records->list[i].partition,
                                        .offset = records->list[i].offset};
        memcpy(finding.order_id, records->list[i].order_id, sizeof(finding.order_id));
        audit_findings_add(&audit->findings, &finding);
    }
    records->count = 0;
}

/* ---- the topic ---- */

static enum cli_exit end_page(struct audit_records *records)
{
    enum cli_exit code = ask_for_sagas(records->audit, records->page, records->page_count);

    drop_answered(records->page, &records->page_count);
    memcpy(records->list + records->count, records->page, records->page_count * sizeof(*records->page));
    records->count += records->page_count;
    records->page_count = 0;
    return code;
}

/* Whether a record is not asked about. A saga expires some days after its end: that of an older record may be gone. */
static bool is_passed_over(const struct audit *audit, int64_t timestamp_ms)
{
    return timestamp_ms < audit->since_ms || timestamp_ms < audit->now_ms - audit->retention_ms - audit->margin_ms;
}

static enum status see_order(const struct record *record, void *context)
{
    struct audit_records *records = context;
    struct unanswered *place = &records->page[records->page_count];
    struct text order_id = TEXT_NONE;
    const struct json *root;

    if (is_passed_over(records->audit, record->timestamp_ms)) {
        records->audit->totals.passed_over++;
        return STATUS_OK;
    }
    arena_reset(records->arena);
    *place = (struct unanswered){.partition = record->partition, .offset = record->offset};
    if (record_problem(records->arena, record->value, 0, &root, &order_id) == NULL)
        snprintf(place->order_id, sizeof(place->order_id), "%.*s", TEXT_ARG(order_id));
    records->audit->totals.records++;
    if (++records->page_count == RECORD_PAGE)
        records->code = end_page(records);
    return records->code == CLI_DONE ? STATUS_OK : STATUS_UNAVAILABLE;
}

static size_t records_left(const struct audit_records *records)
{
    size_t left = 0;

    for (size_t i = 0; i < records->span_count; i++)
        if (records->spans[i].committed > records->spans[i].low)
            left += (size_t)(records->spans[i].committed - records->spans[i].low);
    return left;
}

/* Cuts the next window off the front of the spans. */
static void next_window(struct audit_records *records, struct bus_span window[])
{
    int64_t each = WINDOW_MAX / (int64_t)records->span_count;

    for (size_t i = 0; i < records->span_count; i++) {
        struct bus_span *span = &records->spans[i];
        window[i] = *span;
        window[i].high = span->committed < span->low ? span->low : span->committed;
        if (window[i].high - window[i].low > each)
            window[i].high = window[i].low + each;
        span->low = window[i].high;
    }
}

static enum cli_exit scan_window(struct audit_records *records)
{
    struct bus_span window[BUS_PARTITIONS_MAX];
    enum status status;

    next_window(records, window);
    status =
        bus_reader_scan(records->reader, topic_name(TOPIC_ORDERS), window, records->span_count, CLI_WAIT_MS, see_order, records);
    if (records->code != CLI_DONE)
        return records->code;
    return status == STATUS_OK ? end_page(records) : unreachable(records, status);
}

enum cli_exit audit_records_scan(struct audit *audit)
{
    struct audit_records *records = audit->records;
    size_t total = records_left(records), left = total;

    records->audit = audit;
    while (left > 0) {
        CLI_TRY(scan_window(records));
        left = records_left(records);
        progress_draw(&audit->progress, "orders", total - left, total);
        if (left == 0 || records->count > UNANSWERED_MAX - WINDOW_MAX) {
            CLI_TRY(resolve(records, audit));
            keep_findings(records, audit);
        }
    }
    return CLI_DONE;
}

static void list_findings(struct audit_records *records, const struct audit_finding findings[], size_t count)
{
    records->count = 0;
    for (size_t i = 0; i < count && i < UNANSWERED_MAX; i++) {
        struct unanswered *place = &records->list[records->count++];
        *place = (struct unanswered){.partition = findings[i].partition, .offset = findings[i].offset};
        memcpy(place->order_id, findings[i].order_id, sizeof(place->order_id));
    }
}

static bool is_listed(const struct audit_records *records, const struct audit_finding *finding)
{
    struct unanswered place = {.partition = finding->partition, .offset = finding->offset};

    return bsearch(&place, records->list, records->count, sizeof(place), compare_places) != NULL;
}

enum cli_exit audit_records_look(struct audit *audit, struct audit_finding findings[], size_t count, size_t *out_count)
{
    struct audit_records *records = audit->records;

    *out_count = 0;
    list_findings(records, findings, count);
    CLI_TRY(resolve(records, audit));
    qsort(records->list, records->count, sizeof(*records->list), compare_places);
    for (size_t i = 0; i < count; i++)
        if (is_listed(records, &findings[i]))
            findings[(*out_count)++] = findings[i];
    return CLI_DONE;
}
