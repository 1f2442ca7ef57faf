/* doctor_transactions.c - transactions that do not end. The services read what is committed, and the broker gives them nothing
 * that lies behind a transaction that is open: as long as one hangs, a partition stands still, though no record seems to wait. */
#include "bus_reader.h"
#include "clock.h"
#include "doctor.h"
#include "duration.h"
#include "names.h"

#include <inttypes.h>

#define PROBLEM_SIZE 512
#define OPEN_MS 10000 /* a transaction that is open for longer is told: others end within moments */

/* Two views of the topics, and the oldest transaction that is open. */
struct open_transactions {
    struct bus_reader *committed, *all;
    const char *topic;
    int32_t partition;
    int64_t since_ms; /* 0: none */
    int64_t count;    /* of the partitions that have one */
};

static enum status open_readers(struct doctor *doctor, struct open_transactions *open)
{
    struct bus_properties all = doctor->settings->passed;
    struct bus_options options = {
        .bootstrap = doctor->settings->bootstrap, .client_id = "orderly-cli", .passed = &doctor->settings->passed};
    char problem[PROBLEM_SIZE] = "";

    if (all.count == BUS_PROPERTIES_MAX)
        return STATUS_BAD_MESSAGE;
    all.list[all.count++] = (struct bus_property){"isolation.level", "read_uncommitted"};
    TRY(bus_reader_open(&options, problem, sizeof(problem), &open->committed));
    options.passed = &all;
    return bus_reader_open(&options, problem, sizeof(problem), &open->all);
}

static enum status see_first(const struct record *record, void *context)
{
    int64_t *time_ms = context;

    *time_ms = record->timestamp_ms;
    return STATUS_CONFLICT; /* the first is enough */
}

/* What lies behind the last offset that is stable belongs to an open transaction, or came later. */
static enum status look_at(struct open_transactions *open, const char *topic, const struct bus_span *span)
{
    int64_t time_ms = 0;
    enum status status = bus_reader_scan(open->all, topic, span, 1, CLI_WAIT_MS, see_first, &time_ms);

    if (status != STATUS_CONFLICT)
        return status; /* it has ended meanwhile, or Kafka went away */
    open->count++;
    if (open->since_ms == 0 || time_ms < open->since_ms) {
        open->since_ms = time_ms;
        open->topic = topic;
        open->partition = span->partition;
    }
    return STATUS_OK;
}

static enum status look_at_topic(struct open_transactions *open, const char *topic)
{
    struct bus_span stable[BUS_PARTITIONS_MAX], all[BUS_PARTITIONS_MAX];
    size_t count, count_all;

    TRY(bus_reader_spans(open->all, topic, CLI_WAIT_MS, all, &count_all));
    TRY(bus_reader_spans(open->committed, topic, CLI_WAIT_MS, stable, &count));
    for (size_t i = 0; i < count && i < count_all; i++) {
        const struct bus_span behind = {
            .partition = all[i].partition, .low = stable[i].high, .high = all[i].high, .committed = -1};
        if (behind.high > behind.low)
            TRY(look_at(open, topic, &behind));
    }
    return STATUS_OK;
}

static void tell(struct doctor *doctor, const struct open_transactions *open)
{
    const int64_t age_ms = clock_wall_ms() - open->since_ms;

    if (open->count == 0 || age_ms < OPEN_MS)
        doctor_tell(doctor, FINDING_OK, "transactions", TEXT_NONE, "none is open for long");
    else
        doctor_tell(doctor, FINDING_WARNING, "transactions",
                    text_format(doctor->arena,
                                "end it, or: kafka-transactions.sh --bootstrap-server %s find-hanging --broker-id ID",
                                doctor->settings->bootstrap),
                    "one is open on %s/%" PRId32
                    " for %.*s: what came behind it waits until it ends (partitions with an open one: %" PRId64 ")",
                    open->topic, open->partition, TEXT_ARG(age_text(doctor->arena, age_ms)), open->count);
}

void doctor_transactions(struct doctor *doctor)
{
    struct open_transactions open = {0};
    enum status status = open_readers(doctor, &open);

    for (enum topic topic = 0; topic < TOPIC_COUNT && doctor_was_answered(status); topic++)
        if (topic_reader(topic) != NULL)
            status = look_at_topic(&open, topic_name(topic));
    if (doctor_was_answered(status))
        tell(doctor, &open);
    else
        doctor_lost_reader(doctor, "transactions", open.all);
    bus_reader_close(open.committed);
    bus_reader_close(open.all);
}
