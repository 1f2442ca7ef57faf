#include "names.h"

#include <assert.h>
#include <stdio.h>

#define PREFIX_SIZE (NAMESPACE_MAX + 2) /* with the '.' or ':' behind it, and the '\0' */

#define TOPIC_ROW(topic, name, reader) [TOPIC_##topic] = {name, reader},
static const struct {
    const char *name, *reader;
} topics[TOPIC_COUNT] = {TOPIC_TABLE(TOPIC_ROW)};

#define PLAIN_NAME(topic, name, reader) [TOPIC_##topic] = name,
#define PLAIN_DEAD(topic, name, reader) [TOPIC_##topic] = name DEAD_LETTER_ENDING,

/* Written only by namespace_use(), before there is a second thread. */
static struct {
    char before_topics[PREFIX_SIZE], before_keys[PREFIX_SIZE];
    char topics[TOPIC_COUNT][TOPIC_NAME_SIZE], dead[TOPIC_COUNT][TOPIC_NAME_SIZE];
} names = {.topics = {TOPIC_TABLE(PLAIN_NAME)}, .dead = {TOPIC_TABLE(PLAIN_DEAD)}};

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           byte == '-';
}

bool namespace_is_good(struct text name)
{
    static const char *const taken[] = {"saga", "sagas", "stock", "payment", "shipment", "catalog", "dlq"};

    for (size_t i = 0; i < COUNT_OF(taken); i++)
        if (text_equals(name, text_of(taken[i])))
            return false;
    for (size_t i = 0; i < name.length; i++)
        if (!is_letter(name.at[i]))
            return false;
    return name.length <= NAMESPACE_MAX;
}

void namespace_use(struct text name)
{
    assert(namespace_is_good(name));
    snprintf(names.before_topics, PREFIX_SIZE, "%.*s%s", TEXT_ARG(name), name.length > 0 ? "." : "");
    snprintf(names.before_keys, PREFIX_SIZE, "%.*s%s", TEXT_ARG(name), name.length > 0 ? ":" : "");
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        snprintf(names.topics[i], TOPIC_NAME_SIZE, "%s%s", names.before_topics, topics[i].name);
        snprintf(names.dead[i], TOPIC_NAME_SIZE, "%s%s%s", names.before_topics, topics[i].name, DEAD_LETTER_ENDING);
    }
}

struct text namespace_of_keys(void) { return text_of(names.before_keys); }

const char *topic_name(enum topic topic) { return names.topics[topic]; }

const char *topic_dead_name(enum topic topic) { return names.dead[topic]; }

const char *topic_plain_name(enum topic topic) { return topics[topic].name; }

const char *topic_reader(enum topic topic) { return topics[topic].reader; }

bool topic_is(struct text name, enum topic topic) { return text_equals(name, text_of(topic_name(topic))); }

const char *group_name(const char *service, char out_group[TOPIC_NAME_SIZE])
{
    snprintf(out_group, TOPIC_NAME_SIZE, "%sorderly-%s", names.before_topics, service);
    return out_group;
}

const char *const *topic_names(const enum topic topics_wanted[], size_t count, const char *out_names[])
{
    for (size_t i = 0; i < count; i++)
        out_names[i] = topic_name(topics_wanted[i]);
    out_names[count] = NULL;
    return out_names;
}
