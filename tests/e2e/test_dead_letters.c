/* What can't be handled, from the record that breaks a rule to its redrive, with all programs running. */
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_SIZE 96
#define LINE_SIZE 2048

TestSuite(dead_letters, .init = stage_set_up, .fini = stage_tear_down);

/* A dead letter as `orderly dlq list --json` prints it. */
struct found {
    char position[200], written_at[64], line[LINE_SIZE];
};

static void take_member(const char *line, const char *name, char *out, size_t size)
{
    char begin[64];
    const char *at;

    snprintf(begin, sizeof(begin), "\"%s\":\"", name);
    at = strstr(line, begin);
    cr_assert_not_null(at, "%s in %s", name, line);
    at += strlen(begin);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* Finds the dead letter with this key that came back so often; false: it is not there yet. */
static bool find(const char *topic, const char *key, int redrives, struct found *out_found)
{
    char with_key[160], with_redrives[32];

    snprintf(with_key, sizeof(with_key), "\"key\":\"%s\"", key);
    snprintf(with_redrives, sizeof(with_redrives), "\"redrives\":%d,", redrives);
    cr_assert_eq(RUN("dlq", "list", "--topic", topic, "--json", "--all", "--limit", "200"), 0, "%s", stage.printed);
    for (char *line = strtok(stage.printed, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strstr(line, with_key) != NULL && strstr(line, with_redrives) != NULL) {
            snprintf(out_found->line, sizeof(out_found->line), "%s", line);
            take_member(line, "position", out_found->position, sizeof(out_found->position));
            take_member(line, "writtenAt", out_found->written_at, sizeof(out_found->written_at));
            return true;
        }
    return false;
}

static struct found wait_for_letter(const char *topic, const char *key, int redrives, const char *reason)
{
    struct found found;

    WAIT_UNTIL(find(topic, key, redrives, &found));
    cr_expect_not_null(strstr(found.line, reason), "%s", found.line);
    return found;
}

/* An order under its own key, for so many units, with a note that makes it as long as wanted. */
static void send_units(const char *id, int quantity, size_t note_length)
{
    char *value = malloc(note_length + 512);
    int length = sprintf(value,
                         "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[{\"productId\":\"HOT\",\"quantity\":%d}],"
                         "\"paymentMethod\":\"tok_visa\",\"note\":\"",
                         id, quantity);

    memset(value + length, 'n', note_length);
    strcpy(value + length + note_length, "\"}");
    system_send("orders", id, value, strlen(value));
    free(value);
}

Test(dead_letters, an_order_that_was_too_large_is_carried_out_once_it_may_be)
{
    const char *id = unique("DLQ-large");
    struct found found;

    START("MAX_MESSAGE_BYTES=1024");
    send_units(id, 1, 2000);
    found = wait_for_letter("orders", id, 0, "\"reason\":\"too_large\"");
    cr_expect_eq(RUN("dlq", "redrive", found.position), 0, "%s", stage.printed);
    found = wait_for_letter("orders", id, 1, "\"reason\":\"too_large\""); /* nothing was mended: it is back */
    stage_stop();
    stage_start((struct system_options){0});
    cr_expect_eq(RUN("dlq", "redrive", "--dry-run", found.position), 0, "%s", stage.printed);
    PRINTED("1 would be sent");
    cr_expect_eq(RUN("get", id), 1, "a dry run sends nothing: %s", stage.printed);
    cr_expect_eq(RUN("dlq", "redrive", found.position), 0, "%s", stage.printed);
    wait_for_status(stage.store, id, "completed");
    cr_expect_eq(RUN("dlq", "redrive", found.position), 1, "once is enough");
    PRINTED("redriven already");
}

Test(dead_letters, a_command_that_nobody_knows_comes_back_three_times)
{
    const char *id = unique("DLQ-refund");
    char value[512], first_written_at[64] = "";
    struct found found;

    stage_start((struct system_options){0});
    snprintf(value, sizeof(value),
             "{\"commandId\":\"%s/payment.refund\",\"orderId\":\"%s\",\"type\":\"payment.refund\",\"attempt\":1}", id, id);
    system_send("payment.commands", id, value, strlen(value));
    for (int redrives = 0; redrives < 3; redrives++) {
        found = wait_for_letter("payment.commands", id, redrives, "\"reason\":\"unknown_type\"");
        if (redrives == 0)
            snprintf(first_written_at, sizeof(first_written_at), "%s", found.written_at);
        cr_expect_str_eq(found.written_at, first_written_at, "it gets no younger");
        cr_expect_eq(RUN("dlq", "redrive", found.position), 0, "%s", stage.printed);
    }
    found = wait_for_letter("payment.commands", id, 3, "\"reason\":\"unknown_type\"");
    cr_expect_eq(RUN("dlq", "redrive", found.position), 1);
    PRINTED("it came back 3 times");
    cr_expect_eq(RUN("dlq", "redrive", "--force", found.position), 0, "%s", stage.printed);
    wait_for_letter("payment.commands", id, 4, "\"reason\":\"unknown_type\"");
}

Test(dead_letters, rubbish_and_a_conflict)
{
    const char *id = unique("DLQ-twice"), *rubbish = unique("DLQ-rubbish");
    struct found found;

    stage_start((struct system_options){0});
    send_units(id, 1, 0);
    wait_for_status(stage.store, id, "completed");
    send_units(id, 2, 0);
    found = wait_for_letter("orders", id, 0, "\"reason\":\"conflict\"");
    cr_expect_eq(RUN("dlq", "redrive", found.position), 1);
    PRINTED("another order has its id");
    system_send("orders", rubbish, "\x01no json\xff", 9);
    found = wait_for_letter("orders", rubbish, 0, "\"reason\":\"not_json\"");
    cr_expect_not_null(strstr(found.line, "\"preview\":\"?no json?\""), "%s", found.line);
    cr_expect_eq(RUN("dlq", "show", found.position), 0);
    PRINTED("01 6e 6f 20 6a 73 6f 6e ff");
}

static void expect_set_aside(const char *id, bool expected)
{
    cr_expect_eq(store_number(REDIS(TEXT("SISMEMBER"), TEXT("sagas:broken"), text_of(id))), expected, "%s", id);
}

/* The order has been mended by hand. */
static void forget_broken(const char *id) { REDIS(TEXT("SREM"), TEXT("sagas:broken"), text_of(id)); }

/* A key that somebody has spoilt: in the place of the saga, or of its history. The order waits in its dead letters until that
 * is mended. */
static void expect_order_comes_back(const char *name, const char *key_format)
{
    const char *id = unique(name);
    char key[2 * ID_SIZE];
    struct found found;

    snprintf(key, sizeof(key), key_format, id);
    REDIS(TEXT("SET"), text_of(key), TEXT("x"));
    send_units(id, 1, 0);
    found = wait_for_letter("orders", id, 0, "\"reason\":\"saga_broken\"");
    expect_set_aside(id, true);
    REDIS(TEXT("DEL"), text_of(key));
    forget_broken(id);
    cr_expect_eq(RUN("dlq", "redrive", found.position), 0, "%s", stage.printed);
    wait_for_status(stage.store, id, "completed");
    expect_set_aside(id, false);
}

Test(dead_letters, an_order_whose_saga_is_spoilt_waits_until_it_is_mended)
{
    stage_start((struct system_options){0});
    expect_order_comes_back("spoilt-saga", "saga:%s");
    expect_order_comes_back("spoilt-history", "{saga:%s}:history");
}

Test(dead_letters, an_answer_to_a_spoilt_saga_waits_until_it_is_mended)
{
    const char *id = unique("DLQ-spoilt");
    char key[ID_SIZE + 8], version[32];
    struct found found;

    START("STEP_TIMEOUT_MS=600000"); /* only the dead letter brings the answer again */
    snprintf(key, sizeof(key), "saga:%s", id);
    system_kill(stage.services, "payment", 0, SIGKILL);
    send_units(id, 1, 0);
    wait_for_status(stage.store, id, "authorizing_payment");
    snprintf(version, sizeof(version), "%s", saga_field(id, "version"));
    REDIS(TEXT("HSET"), text_of(key), TEXT("version"), TEXT("many"));
    system_revive(stage.services, "payment", 0);
    found = wait_for_letter("saga.inbox", id, 0, "\"reason\":\"saga_broken\"");
    expect_set_aside(id, true);
    REDIS(TEXT("HSET"), text_of(key), TEXT("version"), text_of(version));
    forget_broken(id);
    cr_expect_eq(RUN("dlq", "redrive", found.position), 0, "%s", stage.printed);
    wait_for_status(stage.store, id, "completed");
    expect_set_aside(id, false);
}

/* ---- keys and headers ---- */

#define MANY_HEADERS 100
#define CARD "4111 1111 1111 1111"
#define SPAN "00-4bf92f3577b34da6a3ce929d0e0e4736-4111111111111111-01" /* its second id looks like a card number */

/* Sends an order under a key that is not its id, with many headers, and a card number in both. */
static void send_with_headers(const char *id, int quantity)
{
    CLEANUP(bus_close) struct bus *bus = NULL;
    static const char *const topics[] = {"orders", NULL};
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .sends_to = topics, .batch_max = 1};
    struct header headers[MANY_HEADERS];
    char names[MANY_HEADERS][16], value[512], problem[256] = "";

    for (int i = 0; i < MANY_HEADERS; i++) {
        snprintf(names[i], sizeof(names[i]), "h%d", i);
        headers[i] = (struct header){text_of(names[i]), text_of(names[i])};
    }
    headers[MANY_HEADERS - 4] = (struct header){TEXT("card"), TEXT(CARD)};
    headers[MANY_HEADERS - 3] = (struct header){TEXT("traceparent"), TEXT(SPAN)};
    headers[MANY_HEADERS - 2] = (struct header){TEXT("tracestate"), TEXT("shop=" CARD)};
    headers[MANY_HEADERS - 1] = (struct header){TEXT("dlq-redrives"), TEXT("abc")};
    snprintf(value, sizeof(value),
             "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[{\"productId\":\"HOT\",\"quantity\":%d}],"
             "\"paymentMethod\":\"tok_visa\"}",
             id, quantity);
    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    cr_assert_eq(bus_send(bus, &(struct outgoing){.topic = "orders",
                                                  .partition = -1,
                                                  .key = TEXT(CARD),
                                                  .value = text_of(value),
                                                  .headers = headers,
                                                  .header_count = MANY_HEADERS}),
                 STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
}

/* What is said of an order in the records of a topic. */
struct said_of {
    const char *id;
    size_t records, cards, headers;
    char redrives[32], own_redrives[32], masked[32], span[64], card[32];
};

static void copy_header(const struct record *record, const char *name, char *out, size_t size)
{
    struct text value;

    if (record_header(record, name, &value))
        snprintf(out, size, "%.*s", TEXT_ARG(value));
}

static bool has_card(struct text bytes)
{
    return text_is_there(bytes) && memmem(bytes.at, bytes.length, CARD, strlen(CARD)) != NULL;
}

static void see_said(const struct record *record, void *context)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct said_of *said = context;
    const struct header *headers;
    size_t count;

    if (record->value.at == NULL || memmem(record->value.at, record->value.length, said->id, strlen(said->id)) == NULL)
        return;
    headers = record_headers(arena, record, &count);
    said->records++;
    said->cards += has_card(record->key);
    for (size_t i = 0; i < count; i++) {
        said->cards += has_card(headers[i].value);
        said->headers += headers[i].name.at[0] == 'h';
    }
    copy_header(record, "dlq-redrives", said->redrives, sizeof(said->redrives));
    copy_header(record, "original-dlq-redrives", said->own_redrives, sizeof(said->own_redrives));
    copy_header(record, "dlq-masked", said->masked, sizeof(said->masked));
    copy_header(record, "traceparent", said->span, sizeof(said->span));
    copy_header(record, "card", said->card, sizeof(said->card));
}

Test(dead_letters, a_conflict_keeps_all_its_headers_and_no_card_number)
{
    const char *id = unique("DLQ-headers");
    struct said_of said = {.id = id}, inbox = {.id = id}, commands = {.id = id};

    stage_start((struct system_options){0});
    send_units(id, 1, 0);
    wait_for_status(stage.store, id, "completed");
    send_with_headers(id, 2);
    wait_for_letter("orders", "**** **** **** ****", 0, id);
    stage_stop();
    read_topic("orders.dlq", see_said, &said);
    cr_expect_eq(said.records, 1);
    cr_expect_eq(said.cards, 0);
    cr_expect_eq(said.headers, MANY_HEADERS - 4, "%zu", said.headers);
    cr_expect_str_eq(said.card, "**** **** **** ****");
    cr_expect_str_eq(said.span, SPAN, "it is no card number");
    cr_expect_str_eq(said.masked, "true");
    cr_expect_str_eq(said.redrives, "0", "'abc' is somebody else's");
    cr_expect_str_eq(said.own_redrives, "abc", "and is kept");
    read_topic("saga.inbox", see_said, &inbox);
    cr_expect_gt(inbox.records, 1);
    cr_expect_eq(inbox.cards, 0, "they get no further than the door");
    read_topic("validator.commands", see_said, &commands);
    cr_expect_gt(commands.records, 0);
    cr_expect_eq(commands.cards, 0);
}

/* The one moment at which nothing may be wrong: all programs run, and have nothing to do. */
Test(dead_letters, the_doctor_finds_a_running_system_well)
{
    const char *id = unique("DLQ-healthy");

    stage_start((struct system_options){0});
    send_units(id, 1, 0);
    wait_for_status(stage.store, id, "completed");
    WAIT_UNTIL(RUN("doctor") == 0);
    PRINTED("1 member");
}
