#include "topic_plan.h"

#include <assert.h>
#include <inttypes.h>

#define DAY_MS INT64_C(86400000)
#define DEAD_LETTER_DAYS 30
#define SEGMENT_HOURS 6 /* with the default of 7 days records live up to twice their retention */
#define CONFIG_MAX 16

/* A growing NULL-terminated list of names and values. */
struct config {
    const char *list[CONFIG_MAX];
    size_t count;
};

static void config_add(struct config *config, const char *name, const char *value)
{
    assert(config->count + 3 <= CONFIG_MAX);
    config->list[config->count++] = name;
    config->list[config->count++] = value;
}

static void config_add_number(struct arena *arena, struct config *config, const char *name, int64_t value)
{
    config_add(config, name, text_copy(arena, text_format(arena, "%" PRId64, value)).at);
}

static const char *const *config_of(struct arena *arena, const struct cli_settings *settings, bool dead_letters)
{
    struct config *config = arena_take_zeroed(arena, 1, sizeof(*config));
    int64_t days = dead_letters ? DEAD_LETTER_DAYS : settings->retention_days;

    config_add(config, "message.timestamp.type", "LogAppendTime");
    config_add_number(arena, config, "retention.ms", days * DAY_MS);
    config_add_number(arena, config, "segment.ms", SEGMENT_HOURS * (DAY_MS / 24));
    config_add_number(arena, config, "max.message.bytes", BUS_RECORD_MAX + (dead_letters ? BUS_BURIED_ROOM : 0));
    if (settings->topic_replication == 1)
        config_add(config, "flush.messages", "1"); /* alone, a broker has to write to the disk what it acknowledges */
    if (settings->topic_replication >= 3)
        config_add(config, "min.insync.replicas", "2");
    return config->list;
}

static struct topic_plan plan_of(struct arena *arena, const struct cli_settings *settings, enum topic topic, bool dead_letters)
{
    return (struct topic_plan){
        .name = dead_letters ? topic_dead_name(topic) : topic_name(topic),
        .partitions = (int)settings->topic_partitions,
        .replication = (int)settings->topic_replication,
        .config = config_of(arena, settings, dead_letters),
    };
}

void topic_plans(struct arena *arena, const struct cli_settings *settings, struct topic_plan out_plans[TOPIC_PLAN_COUNT])
{
    size_t count = 0;

    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++) {
        out_plans[count++] = plan_of(arena, settings, topic, false);
        if (topic_reader(topic) != NULL)
            out_plans[count++] = plan_of(arena, settings, topic, true);
    }
    assert(count == TOPIC_PLAN_COUNT);
}
