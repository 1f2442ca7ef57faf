/* bus_config.c - the settings of librdkafka, each with its reason. What the user passes (RDKAFKA_*) comes last, and settings.c
 * has refused what carries the guarantees. */
#include "bus_internal.h"

struct property {
    const char *name, *value;
};

static const struct property shared_properties[] = {
    {"socket.keepalive.enable", "true"}, /* notice a broker that is gone without a word */
    {"socket.nagle.disable", "true"},    /* an order is ten small requests one after another */
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"}, /* back within a second of the broker */
    {"log.connection.close", "false"},
    {"topic.metadata.refresh.interval.ms", "15000"}, /* partitions that are added are read, and sent to, within that time */
    {"allow.auto.create.topics", "false"},           /* a topic made by accident has the wrong settings */
};

static const struct property consumer_properties[] = {
    {"enable.auto.offset.store", "false"}, /* offsets are stored when everything is acknowledged, not when polled */
    {"enable.auto.commit", "true"},        /* stored offsets are committed in the background */
    {"auto.commit.interval.ms", "500"},
    {"auto.offset.reset", "earliest"},                     /* a new group begins with the first order, not the next */
    {"partition.assignment.strategy", "range,roundrobin"}, /* cooperative-sticky hangs and crashes in 2.0.2 */
    {"session.timeout.ms", "6000"},
    {"heartbeat.interval.ms", "1500"},
    {"enable.partition.eof", "true"}, /* only where a partition ends tells that records of aborted transactions are passed */
    {"check.crcs", "true"},
    {"fetch.wait.max.ms", "50"},
    {"fetch.error.backoff.ms", "50"},
    {"fetch.message.max.bytes", "65536"},   /* of a partition at once, packed: a larger record still comes */
    {"fetch.max.bytes", "131072"},          /* and of all together: else as often that as there are partitions */
    {"message.max.bytes", "131072"},        /* librdkafka raises the line above to this; of a consumer it limits nothing else */
    {"queued.max.messages.kbytes", "4096"}, /* memory stays flat behind a backlog; this is a fifth of a second of a flood */
};

#define TEXT_OF_NUMBER_(number) #number
#define TEXT_OF_NUMBER(number) TEXT_OF_NUMBER_(number)
#define PRODUCED_BYTES_MAX 2228224 /* BUS_RECORD_MAX + BUS_BURIED_ROOM: librdkafka's own limit would be 1,000,000 */
_Static_assert(PRODUCED_BYTES_MAX == BUS_RECORD_MAX + BUS_BURIED_ROOM, "one limit");

static const struct property producer_properties[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"message.timeout.ms", "0"},       /* never give up: sending again ourselves would double it */
    {"partitioner", "murmur2_random"}, /* where an order's records lie is the same for every program */
    {"compression.codec", "lz4"}, /* the broker takes apart each header of an uncompressed batch, and skims a compressed one */
    {"linger.ms", "5"},           /* for full requests in a flood; bus_push() overrides it when nothing else is there to do */
    {"message.max.bytes", TEXT_OF_NUMBER(PRODUCED_BYTES_MAX)},
    {"topic.metadata.propagation.max.ms", "5000"},
};

static bool set_property(rd_kafka_conf_t *config, const char *name, const char *value, char *problem, size_t size)
{
    return rd_kafka_conf_set(config, name, value, problem, size) == RD_KAFKA_CONF_OK;
}

static bool set_table(rd_kafka_conf_t *config, const struct property table[], size_t count, char *problem, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (!set_property(config, table[i].name, table[i].value, problem, size))
            return false;
    return true;
}

static bool set_passed(rd_kafka_conf_t *config, const struct bus_properties *passed, char *problem, size_t size)
{
    for (size_t i = 0; passed != NULL && i < passed->count; i++)
        if (!set_property(config, passed->list[i].name, passed->list[i].value, problem, size))
            return false;
    return true;
}

static bool set_shared(rd_kafka_conf_t *config, const struct bus_options *options, char *problem, size_t size)
{
    return set_table(config, shared_properties, COUNT_OF(shared_properties), problem, size) &&
           set_property(config, "bootstrap.servers", options->bootstrap, problem, size) &&
           set_property(config, "client.id", options->client_id, problem, size);
}

static bool set_group(rd_kafka_conf_t *config, const struct bus_options *options, char *problem, size_t size)
{
    if (!set_property(config, "group.id", options->group_id, problem, size))
        return false;
    if (options->instance_id == NULL || options->instance_id[0] == '\0')
        return true;
    return set_property(config, "group.instance.id", options->instance_id, problem, size);
}

/* Gives config when good, else destroys it. */
static rd_kafka_conf_t *config_if(bool good, rd_kafka_conf_t *config)
{
    if (good)
        return config;
    rd_kafka_conf_destroy(config);
    return NULL;
}

rd_kafka_conf_t *bus_consumer_config(const struct bus_options *options, struct bus *bus, char *problem, size_t size)
{
    rd_kafka_conf_t *config = rd_kafka_conf_new();

    rd_kafka_conf_set_opaque(config, bus);
    rd_kafka_conf_set_rebalance_cb(config, bus_on_rebalance);
    rd_kafka_conf_set_error_cb(config, bus_on_error);
    rd_kafka_conf_set_log_cb(config, bus_on_log);
    return config_if(set_shared(config, options, problem, size) &&
                         set_table(config, consumer_properties, COUNT_OF(consumer_properties), problem, size) &&
                         set_group(config, options, problem, size) && set_passed(config, options->passed, problem, size),
                     config);
}

rd_kafka_conf_t *bus_producer_config(const struct bus_options *options, struct bus *bus, char *problem, size_t size)
{
    rd_kafka_conf_t *config = rd_kafka_conf_new();

    rd_kafka_conf_set_opaque(config, bus);
    rd_kafka_conf_set_dr_msg_cb(config, bus_on_delivery); /* without it rd_kafka_flush() sleeps in steps of 10 ms */
    rd_kafka_conf_set_error_cb(config, bus_on_error);
    rd_kafka_conf_set_log_cb(config, bus_on_log);
    return config_if(set_shared(config, options, problem, size) &&
                         set_table(config, producer_properties, COUNT_OF(producer_properties), problem, size) &&
                         set_passed(config, options->passed, problem, size),
                     config);
}
