/* What leaves for good while Redis is away: a record that can't be handled, or lies in a wrong partition, is sent on once,
 * however often its batch has to be handled again. */
#include "stage.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define JUNK "no command, no reply, no signal"
#define TRIES 4 /* of the same batch, before Redis is back */

TestSuite(outage, .init = stage_set_up, .fini = stage_tear_down);

struct search {
    struct text key;
    const char *header; /* that a record must have; NULL: any */
    size_t count;
};

static void see_key(const struct record *record, void *context)
{
    struct search *search = context;
    struct text value;

    if (text_equals(record->key, search->key) && (search->header == NULL || record_header(record, search->header, &value)))
        search->count++;
}

/* How many records of a topic have this key (and this header). */
static size_t count_of(const char *topic, const char *key, const char *header)
{
    struct search search = {.key = text_of(key), .header = header};

    read_topic(topic, see_key, &search);
    return search.count;
}

/* Sends both while Redis is away, sees the service try again and again, and brings Redis back. */
static void send_in_an_outage(const char *service, const char *topic, const char *key, const char *good)
{
    redis_process_kill(stage.redis);
    system_send_all(topic, key, (const char *[]){good, JUNK, good}, 3);
    WAIT_UNTIL(system_log_lines(stage.services, service, 0, "event=retried") >= TRIES);
    redis_process_launch(stage.redis, NULL);
}

/* Stops everything, so that all that was sent has arrived. */
static void expect_one_letter(const char *topic, const char *key)
{
    WAIT_UNTIL(count_of(topic, key, NULL) > 0);
    stage_stop();
    cr_expect_eq(count_of(topic, key, NULL), 1);
}

Test(outage, a_worker_buries_a_record_once)
{
    const char *id = unique("junk-command");

    START("LOG_LEVEL=info");
    send_in_an_outage("payment", "payment.commands", id,
                      text_format(stage.arena,
                                  "{\"commandId\":\"%s/payment.authorize\",\"orderId\":\"%s\","
                                  "\"type\":\"payment.authorize\",\"attempt\":1,\"order\":%.*s}",
                                  id, id, TEXT_ARG(order_to(id, "IT")))
                          .at);
    expect_one_letter("payment.commands.dlq", id);
}

Test(outage, the_orchestrator_buries_a_record_once)
{
    const char *id = unique("junk-reply");

    START("LOG_LEVEL=info");
    send_in_an_outage("orchestrator", "saga.inbox", id,
                      text_format(stage.arena, "{\"kind\":\"nudge\",\"orderId\":\"%s\"}", id).at);
    expect_one_letter("saga.inbox.dlq", id);
}

/* An id that belongs to this partition. */
static const char *at_home_in(struct bus *bus, int32_t partition)
{
    struct text id;

    for (int i = 0;; i++) {
        id = text_format(stage.arena, "%s-%d", unique("at-home"), i);
        if (bus_partition(bus, "saga.inbox", id) == partition)
            return id.at;
    }
}

/* Sends it to a partition that its key does not belong to. */
static void send_astray(const char *id, const char *value)
{
    static const char *const sends_to[] = {"saga.inbox", NULL};
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .sends_to = sends_to, .batch_max = 1};
    struct outgoing outgoing = {.topic = "saga.inbox", .key = text_of(id), .value = text_of(value)};
    struct bus *bus = NULL;
    char problem[256] = "";

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    WAIT_UNTIL(bus_warm_up(bus, 1000) == STATUS_OK);
    outgoing.partition = bus_partition(bus, "saga.inbox", outgoing.key) == 0 ? 1 : 0;
    /* The second one needs Redis: it is where its own order belongs. */
    cr_assert_eq(bus_send(bus, &outgoing), STATUS_OK, "%s", bus_problem(bus));
    outgoing.key = text_of(at_home_in(bus, outgoing.partition));
    outgoing.value = text_format(stage.arena, "{\"kind\":\"nudge\",\"orderId\":\"%.*s\"}", TEXT_ARG(outgoing.key));
    cr_assert_eq(bus_send(bus, &outgoing), STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

Test(outage, a_record_in_a_wrong_partition_is_moved_once)
{
    const char *id = unique("astray");

    START("LOG_LEVEL=info");
    redis_process_kill(stage.redis);
    send_astray(id, text_format(stage.arena, "{\"kind\":\"nudge\",\"orderId\":\"%s\"}", id).at);
    WAIT_UNTIL(system_log_lines(stage.services, "orchestrator", 0, "event=retried") >= TRIES);
    redis_process_launch(stage.redis, NULL);
    WAIT_UNTIL(count_of("saga.inbox", id, "orderly-forwarded") > 0);
    stage_stop();
    cr_expect_eq(count_of("saga.inbox", id, "orderly-forwarded"), 1);
}

/* It answers every PING, and so nothing but the batch itself tells that something is wrong. */
Test(outage, a_batch_that_can_not_get_done_makes_a_service_not_ready)
{
    const char *id;

    START("LOG_LEVEL=info");
    id = unique("full");
    REDIS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), TEXT("1"));
    send_order(id, "IT");
    WAIT_UNTIL(!system_is_ready(stage.services, "orchestrator", 0));
    REDIS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), TEXT("0"));
    wait_for_status(stage.store, id, "completed");
    WAIT_UNTIL(system_is_ready(stage.services, "orchestrator", 0));
}
