/* doctor_groups.c - what the services have still to do, what Kafka's clock shows, and what they could not handle. */
#include "bus_reader.h"
#include "clock.h"
#include "dlq/dlq.h"
#include "doctor.h"
#include "keys.h"

#include <inttypes.h>

#define PROBLEM_SIZE 512
#define SERVICES 5
#define RECENT_DAYS 7
#define COUNTED_MAX                                                                                                              \
    10000 /* dead letters that are looked at one by one; more are reckoned from their offsets, which others take too */
#define BACK_MAX 4096 /* how far before the end of a partition its newest record is looked for */
#define BACK_FACTOR 64

static const char *const services[SERVICES] = {"validator", "payment", "inventory", "fulfillment", "orchestrator"};

static enum status open_reader(struct doctor *doctor, const char *group, struct bus_reader **out_reader)
{
    struct bus_options options = {.bootstrap = doctor->settings->bootstrap,
                                  .client_id = "orderly-cli",
                                  .group_id = group,
                                  .passed = &doctor->settings->passed};
    char problem[PROBLEM_SIZE] = "";

    return bus_reader_open(&options, problem, sizeof(problem), out_reader);
}

/* ---- groups ---- */

/* The sum over all partitions that a group reads. */
struct group_sum {
    struct group_progress progress;
    /* " --topic T:P" for each partition whose log lost its end: no other may be reset, or what waits there is passed over. */
    struct buffer beyond;
};

static enum status see_any(const struct record *record, void *context)
{
    bool *found = context;

    (void)record;
    *found = true;
    return STATUS_CONFLICT; /* one record is enough: this ends the scan */
}

/* Whether a record lies in one of the spans: offsets are also taken by what is never delivered, records of aborted
 * transactions among them. */
static enum status look_for_records(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count,
                                    bool *found)
{
    enum status status = bus_reader_scan(reader, topic, spans, count, CLI_WAIT_MS, see_any, found);

    return *found ? STATUS_OK : status;
}

/* Whether records of a topic really wait for the group of the reader. */
static enum status look_what_waits(struct bus_reader *reader, const char *topic, bool *out_found)
{
    struct bus_span spans[BUS_PARTITIONS_MAX];
    size_t count;

    TRY(bus_reader_spans(reader, topic, CLI_WAIT_MS, spans, &count));
    for (size_t i = 0; i < count; i++)
        if (spans[i].committed > spans[i].low)
            spans[i].low = spans[i].committed;
    return look_for_records(reader, topic, spans, count, out_found);
}

static enum status add_topic(struct bus_reader *reader, const char *topic, struct group_sum *sum)
{
    struct bus_span before[BUS_PARTITIONS_MAX], after[BUS_PARTITIONS_MAX];
    size_t count, count_after;

    TRY(bus_reader_spans(reader, topic, CLI_WAIT_MS, before, &count));
    TRY(bus_reader_spans(reader, topic, CLI_WAIT_MS, after, &count_after));
    for (size_t i = 0; i < count && i < count_after; i++) {
        int64_t beyond = sum->progress.beyond;
        progress_add(&sum->progress, before[i].low, before[i].high, after[i].high, before[i].committed);
        if (sum->progress.beyond > beyond)
            buffer_add_format(&sum->beyond, " --topic %s:%" PRId32, topic, before[i].partition);
    }
    return STATUS_OK;
}

static void tell_group(struct doctor *doctor, const char *service, const char *group, const struct group_sum *sum, int members)
{
    const struct group_progress *progress = &sum->progress;
    enum finding finding = group_finding(progress, members);
    struct text mend = TEXT_NONE;
    struct buffer said = buffer_in(doctor->arena, 128);

    if (members == 0)
        buffer_add(&said, TEXT("nobody runs; "));
    else if (members > 0)
        buffer_add_format(&said, "%d %s; ", members, members == 1 ? "member" : "members");
    buffer_add_format(&said, "%" PRId64 " records wait", progress->waiting);
    if (progress->missed > 0)
        buffer_add_format(&said, "; %" PRId64 " went before they were handled: orderly audit tells whose orders they were",
                          progress->missed);
    if (progress->beyond > 0) {
        buffer_add_format(&said, "; the log lost its end, and the next %" PRId64 " new records would be passed over",
                          progress->beyond);
        mend = text_format(doctor->arena,
                           "stop the service, then kafka-consumer-groups.sh --bootstrap-server %s --group %s%.*s --reset-offsets "
                           "--to-latest --execute",
                           doctor->settings->bootstrap, group, TEXT_ARG(buffer_text(&sum->beyond)));
    } else if (members == 0) {
        mend = text_format(doctor->arena, "start orderly-%s", service);
    }
    doctor_tell(doctor, finding, group, mend, "%.*s", TEXT_ARG(buffer_text(&said)));
}

static bool reads(const char *service, enum topic topic)
{
    return topic_reader(topic) != NULL && strcmp(topic_reader(topic), service) == 0;
}

/* What the service has read of all its topics, and how much waits. */
static enum status sum_up(struct bus_reader *reader, const char *service, struct group_sum *sum)
{
    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++)
        if (reads(service, topic))
            TRY(add_topic(reader, topic_name(topic), sum));
    return STATUS_OK;
}

/* Whether a record waits in one of the topics of the service, not only offsets. */
static enum status look_whether_waits(struct bus_reader *reader, const char *service, bool *out_found)
{
    *out_found = false;
    for (enum topic topic = 0; topic < TOPIC_COUNT && !*out_found; topic++)
        if (reads(service, topic))
            TRY(look_what_waits(reader, topic_name(topic), out_found));
    return STATUS_OK;
}

static enum status read_group(struct bus_reader *reader, const char *service, int members, struct group_sum *sum)
{
    bool found;

    TRY(sum_up(reader, service, sum));
    if (members != 0 || sum->progress.waiting == 0) /* a member passes by what is never delivered */
        return STATUS_OK;
    TRY(look_whether_waits(reader, service, &found));
    if (!found)
        sum->progress.waiting = 0;
    return STATUS_OK;
}

static bool check_group(struct doctor *doctor, const char *service, const char *group, int members)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    struct group_sum sum = {.beyond = buffer_in(doctor->arena, 64)};
    enum status status = open_reader(doctor, group, &reader);

    if (status == STATUS_OK)
        status = read_group(reader, service, members, &sum);
    if (status == STATUS_NOT_FOUND)
        doctor_tell(doctor, FINDING_UNKNOWN, group, TEXT("orderly topics create"), "a topic that it reads does not exist");
    else if (status != STATUS_OK)
        doctor_lost_reader(doctor, group, reader);
    else
        tell_group(doctor, service, group, &sum, members);
    return doctor_was_answered(status);
}

void doctor_groups(struct doctor *doctor)
{
    char names[SERVICES][TOPIC_NAME_SIZE];
    const char *groups[SERVICES];
    int members[SERVICES];
    bool going_on = true;

    for (size_t i = 0; i < SERVICES; i++)
        groups[i] = group_name(services[i], names[i]);
    if (bus_describe_groups(doctor->bus, groups, SERVICES, CLI_WAIT_MS, members) != STATUS_OK) {
        doctor_lost_kafka(doctor, "consumer groups", bus_problem(doctor->bus));
        return;
    }
    for (size_t i = 0; going_on && i < SERVICES; i++)
        going_on = check_group(doctor, services[i], groups[i], members[i]);
}

/* ---- clock ---- */

static enum status see_time(const struct record *record, void *context)
{
    int64_t *newest_ms = context;

    if (record->timestamp_ms > *newest_ms)
        *newest_ms = record->timestamp_ms;
    return STATUS_OK;
}

/* Sees the last of what each span holds: so many offsets, which need not all be records. */
static enum status scan_last(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count,
                             int64_t last, int64_t *newest_ms)
{
    struct bus_span ends[BUS_PARTITIONS_MAX];

    for (size_t i = 0; i < count; i++) {
        ends[i] = spans[i];
        if (spans[i].high - last > spans[i].low)
            ends[i].low = spans[i].high - last;
    }
    return bus_reader_scan(reader, topic, ends, count, CLI_WAIT_MS, see_time, newest_ms);
}

/* The time of the newest record of a topic, when that is later. */
static enum status read_newest(struct bus_reader *reader, const char *topic, int64_t *newest_ms)
{
    struct bus_span spans[BUS_PARTITIONS_MAX];
    int64_t found_ms = 0;
    size_t count;

    TRY(bus_reader_spans(reader, topic, CLI_WAIT_MS, spans, &count));
    for (int64_t last = 1; found_ms == 0 && last <= BACK_MAX; last *= BACK_FACTOR)
        TRY(scan_last(reader, topic, spans, count, last, &found_ms));
    if (found_ms > *newest_ms)
        *newest_ms = found_ms;
    return STATUS_OK;
}

static void tell_clock(struct doctor *doctor, int64_t newest_ms)
{
    const int64_t ahead_ms = newest_ms - clock_wall_ms();

    if (newest_ms == 0)
        doctor_tell(doctor, FINDING_UNKNOWN, "clock of kafka", TEXT_NONE, "no record to compare it with");
    else if (ahead_ms > 0)
        doctor_tell(doctor, skew_finding(ahead_ms), "clock of kafka", TEXT("chronyc tracking, on all machines"),
                    "at least %" PRId64 " ms ahead of this machine's", ahead_ms);
    else
        doctor_tell(
            doctor, FINDING_OK, "clock of kafka", TEXT_NONE,
            "not ahead of this machine's, as far as the newest record shows (%.*s old); behind can't be seen without writing one",
            TEXT_ARG(age_text(doctor->arena, -ahead_ms)));
}

/* Brokers stamp records with their clock and tell it nowhere else: without writing a record, only that they are not ahead can
 * be seen. */
void doctor_kafka_clock(struct doctor *doctor)
{
    static const enum topic topics[] = {TOPIC_ORDERS, TOPIC_INBOX, TOPIC_EVENTS};
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    int64_t newest_ms = 0;
    enum status status = open_reader(doctor, NULL, &reader);

    for (size_t i = 0; i < COUNT_OF(topics) && doctor_was_answered(status); i++)
        status = read_newest(reader, topic_name(topics[i]), &newest_ms);
    doctor->newest_ms = newest_ms;
    if (doctor_was_answered(status))
        tell_clock(doctor, newest_ms);
    else
        doctor_lost_reader(doctor, "clock of kafka", reader);
}

/* ---- dead letters ---- */

static enum status see_letter(const struct record *record, void *context)
{
    int64_t *total = context;

    (void)record;
    ++*total;
    return STATUS_OK;
}

static enum status count_recent(struct bus_reader *reader, const char *topic, int64_t since_ms, int64_t *total)
{
    struct bus_span spans[BUS_PARTITIONS_MAX];
    int64_t most = 0;
    size_t count;

    TRY(bus_reader_spans(reader, topic, CLI_WAIT_MS, spans, &count));
    TRY(bus_reader_since(reader, topic, since_ms, CLI_WAIT_MS, spans, count));
    for (size_t i = 0; i < count; i++)
        most += spans[i].high - spans[i].low;
    if (most <= COUNTED_MAX)
        return bus_reader_scan(reader, topic, spans, count, CLI_WAIT_MS, see_letter, total);
    *total += most;
    return STATUS_OK;
}

/* A mark's score is the time of its dead letter. */
static int64_t count_redriven(struct doctor *doctor, int64_t since_ms)
{
    struct text refusal, since = text_format(doctor->arena, "%" PRId64, since_ms);
    const struct store_value *reply;

    if (doctor->redis_away)
        return 0;
    reply = doctor_ask(doctor, "dead letters", (struct text[]){TEXT("ZCOUNT"), key_redriven(doctor->arena), since, TEXT("+inf")},
                       4, &refusal);
    return reply == NULL ? 0 : store_number(reply);
}

void doctor_dead_letters(struct doctor *doctor)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    const char *topics[DLQ_TOPICS_MAX];
    size_t count = dlq_topics(NULL, topics);
    int64_t since_ms = clock_wall_ms() - RECENT_DAYS * DLQ_DAY_MS, total = 0, redriven;
    enum status status = open_reader(doctor, NULL, &reader);

    for (size_t i = 0; i < count && doctor_was_answered(status); i++)
        status = count_recent(reader, topics[i], since_ms, &total);
    if (!doctor_was_answered(status)) {
        doctor_lost_reader(doctor, "dead letters", reader);
        return;
    }
    redriven = total == 0 ? 0 : count_redriven(doctor, since_ms);
    if (total > redriven)
        doctor_tell(doctor, FINDING_WARNING, "dead letters", TEXT("orderly dlq list"),
                    "%" PRId64 " in the last %d days, %" PRId64 " of them redriven", total, RECENT_DAYS, redriven);
    else
        doctor_tell(doctor, FINDING_OK, "dead letters", TEXT_NONE, "none in the last %d days that was not redriven", RECENT_DAYS);
}
