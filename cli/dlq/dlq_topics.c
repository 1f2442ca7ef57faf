/* dlq_topics.c - reading the dead-letter topics. */
#include "dlq.h"

/* With or without the namespace, with or without the ending. */
static bool is_wanted(enum topic topic, const char *wanted)
{
    const size_t prefix = strlen(topic_name(topic)) - strlen(topic_plain_name(topic));

    return strcmp(wanted, topic_name(topic)) == 0 || strcmp(wanted, topic_plain_name(topic)) == 0 ||
           strcmp(wanted, topic_dead_name(topic)) == 0 || strcmp(wanted, topic_dead_name(topic) + prefix) == 0;
}

size_t dlq_topics(const char *wanted, const char *out_topics[DLQ_TOPICS_MAX])
{
    size_t count = 0;

    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++)
        if (topic_reader(topic) != NULL && (wanted == NULL || is_wanted(topic, wanted)))
            out_topics[count++] = topic_dead_name(topic);
    return count;
}

enum cli_exit dlq_open_reader(const struct cli_settings *settings, struct bus_reader **out_reader)
{
    return cli_open_reader(settings, "orderly-cli", NULL, out_reader);
}

/* see() with its code, which a status could not carry. */
struct seeing {
    dlq_see see;
    void *context;
    enum cli_exit code;
};

static enum status see_one(const struct record *record, void *context)
{
    struct seeing *seeing = context;

    seeing->code = seeing->see(record, seeing->context);
    return seeing->code == CLI_DONE ? STATUS_OK : STATUS_FATAL;
}

static enum cli_exit code_of(struct bus_reader *reader, const char *topic, enum status status)
{
    if (status == STATUS_NOT_FOUND)
        return cli_fail(CLI_ENDED_BADLY, "there is no topic %s: orderly topics create", topic);
    return cli_fail(CLI_UNREACHABLE, "Kafka does not answer: check KAFKA_BOOTSTRAP_SERVERS (%s)", bus_reader_problem(reader));
}

static enum cli_exit scan(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count, dlq_see see,
                          void *context)
{
    struct seeing seeing = {see, context, CLI_DONE};
    enum status status = bus_reader_scan(reader, topic, spans, count, CLI_WAIT_MS, see_one, &seeing);

    if (seeing.code != CLI_DONE || status == STATUS_OK)
        return seeing.code;
    return code_of(reader, topic, status);
}

enum cli_exit dlq_scan(struct bus_reader *reader, const char *topic, dlq_see see, void *context)
{
    struct bus_span spans[BUS_PARTITIONS_MAX];
    size_t count = 0;
    enum status status = bus_reader_spans(reader, topic, CLI_WAIT_MS, spans, &count);

    if (status != STATUS_OK)
        return code_of(reader, topic, status);
    return scan(reader, topic, spans, count, see, context);
}

enum cli_exit dlq_scan_place(struct bus_reader *reader, const struct place *place, dlq_see see, void *context, bool *out_found)
{
    struct bus_span spans[BUS_PARTITIONS_MAX], one;
    size_t count = 0, number = (size_t)place->partition;
    enum status status = bus_reader_spans(reader, place->topic, CLI_WAIT_MS, spans, &count);

    *out_found = false;
    if (status != STATUS_OK)
        return code_of(reader, place->topic, status);
    if (number >= count || place->offset < spans[number].low || place->offset >= spans[number].high)
        return CLI_DONE;
    one = (struct bus_span){.partition = place->partition, .low = place->offset, .high = place->offset + 1, .committed = -1};
    *out_found = true;
    return scan(reader, place->topic, &one, 1, see, context);
}
