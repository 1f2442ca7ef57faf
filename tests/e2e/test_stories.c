/* Every row of the saga with the real programs, and what a user sees of it in Redis and on the topics. */
#include "stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(stories, .init = stage_set_up_and_start, .fini = stage_tear_down);

static const struct {
    const char *story, *rest, *status, *reason, *payment, *reservation, *shipment;
} rows[] = {
    {"completed", REST("HOT", "2", "tok_visa", "IT"), "completed", "", "captured", "allocated", "shipped"},
    {"costs-nothing", REST("P3", "1", "tok_visa", "IT"), "completed", "", "captured", "allocated", "shipped"},
    {"invalid", REST("NO-SUCH", "2", "tok_visa", "IT"), "rejected", "validation_failed", "", "", ""},
    {"declined", REST("HOT", "2", "tok_decline_1", "IT"), "failed", "payment_declined", "declined", "", ""},
    {"too-dear", REST("DEAR", "2", "tok_visa", "IT"), "failed", "amount_too_large", "", "", ""},
    {"out-of-stock", REST("SCARCE", "4", "tok_visa", "IT"), "failed", "insufficient_inventory", "voided", "refused", ""},
    {"refused", REST("HOT", "2", "tok_visa", "AQ"), "failed", "fulfillment_refused", "voided", "released", "refused"},
};

Test(stories, every_row_of_the_saga)
{
    const char *ids[COUNT_OF(rows)];

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        send_order_with(ids[i] = unique(rows[i].story), rows[i].rest);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        wait_for_status(stage.store, ids[i], rows[i].status);
        cr_expect_str_eq(saga_field(ids[i], "reason"), rows[i].reason, "%s", rows[i].story);
        if (strcmp(rows[i].reason, "amount_too_large") != 0)
            cr_expect_str_eq(payment_field(ids[i], "status"), rows[i].payment, "%s", rows[i].story);
        cr_expect_str_eq(reservation_field(ids[i], "status"), rows[i].reservation, "%s", rows[i].story);
        cr_expect_str_eq(shipment_field(ids[i], "status"), rows[i].shipment, "%s", rows[i].story);
    }
    cr_expect_str_eq(saga_field(ids[0], "total"), "3998");
    cr_expect_str_eq(saga_field(ids[0], "currency"), "USD");
    cr_expect_str_eq(saga_field(ids[5], "productId"), "SCARCE");
    cr_expect_str_neq(saga_field(ids[2], "errors"), "");
    assert_balanced(stage.store, ids, COUNT_OF(rows));
}

Test(stories, the_history_tells_the_undo_in_reverse_order)
{
    const char *id = unique("history");

    send_order_with(id, REST("HOT", "1", "tok_visa", "AQ"));
    wait_for_status(stage.store, id, "failed");
    cr_expect_str_eq(history(id), "order.accepted order.validated payment.authorized inventory.allocated compensation.started "
                                  "inventory.released payment.voided order.failed ");
}

struct seen_events {
    const char *order_id;
    char types[1024], traces[1024];
    size_t count, without_headers;
};

static void see_event(const struct record *record, void *context)
{
    struct seen_events *seen = context;
    struct text type, trace;

    if (!text_equals(record->key, text_of(seen->order_id)))
        return;
    seen->count++;
    if (!record_header(record, "ce_type", &type) || !record_header(record, "traceparent", &trace)) {
        seen->without_headers++;
        return;
    }
    snprintf(seen->types + strlen(seen->types), sizeof(seen->types) - strlen(seen->types), "%.*s ", TEXT_ARG(type));
}

Test(stories, every_transition_is_an_event_with_its_headers)
{
    struct seen_events seen = {.order_id = unique("events")};

    send_order_with(seen.order_id, REST("HOT", "1", "tok_visa", "IT"));
    wait_for_status(stage.store, seen.order_id, "completed");
    read_topic("order.events", see_event, &seen);
    cr_expect_str_eq(seen.types, "order.accepted order.validated payment.authorized inventory.allocated order.shipped "
                                 "payment.captured order.completed ");
    cr_expect_eq(seen.without_headers, 0);
}

Test(stories, a_finished_order_expires_and_a_running_one_does_not)
{
    const char *id = unique("expires");
    const struct text keys[] = {text_format(stage.arena, "saga:%s", id), text_format(stage.arena, "{saga:%s}:history", id)};

    send_order_with(id, REST("HOT", "1", "tok_visa", "IT"));
    wait_for_status(stage.store, id, "completed");
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        int64_t seconds = store_number(REDIS(TEXT("TTL"), keys[i]));
        cr_expect_gt(seconds, 9 * 86400 - 60);
        cr_expect_leq(seconds, 9 * 86400);
    }
    cr_expect_eq(store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:completed"))), 1);
    cr_expect_eq(store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:running"))), 0);
}

Test(stories, catalog_and_stock_changes_hold_for_the_next_order)
{
    const char *first = unique("before"), *second = unique("after"), *third = unique("broken");

    send_order_with(first, REST("P0", "1", "tok_visa", "IT"));
    wait_for_status(stage.store, first, "completed");
    cr_expect_str_eq(saga_field(first, "total"), "1");
    REDIS(TEXT("HSET"), TEXT("catalog"), TEXT("P0"), TEXT("{\"name\":\"x\",\"unitPrice\":77,\"currency\":\"USD\"}"));
    send_order_with(second, REST("P0", "1", "tok_visa", "IT"));
    wait_for_status(stage.store, second, "completed");
    cr_expect_str_eq(saga_field(second, "total"), "77");
    REDIS(TEXT("HSET"), TEXT("catalog"), TEXT("P0"), TEXT("{\"unitPrice\":-1}"));
    send_order_with(third, REST("P0", "1", "tok_visa", "IT"));
    wait_for_status(stage.store, third, "authorizing_payment");
    WAIT_UNTIL(strcmp(saga_field(third, "attempt"), "2") >= 0); /* payment answered failed: it will be tried again */
}

struct seen_dead {
    const char *order_id, *reason;
    size_t count;
};

static void see_dead(const struct record *record, void *context)
{
    struct seen_dead *seen = context;
    struct text reason;

    if (memmem(record->value.at, record->value.length, seen->order_id, strlen(seen->order_id)) == NULL)
        return;
    cr_assert(record_header(record, "dlq-reason", &reason));
    cr_expect(text_equals(reason, text_of(seen->reason)), "%.*s", TEXT_ARG(reason));
    seen->count++;
}

struct seen_conflicts {
    const char *order_id;
    uint64_t ids[2]; /* hashes */
    size_t count;
};

static void see_conflict(const struct record *record, void *context)
{
    struct seen_conflicts *seen = context;
    struct text type, id, wanted = text_format(stage.arena, "%s/conflict/orders/", seen->order_id);

    if (!text_equals(record->key, text_of(seen->order_id)) || !record_header(record, "ce_type", &type) ||
        !text_equals(type, TEXT("order.conflict")))
        return;
    cr_assert(record_header(record, "ce_id", &id));
    cr_expect(text_begins(id, wanted), "%.*s", TEXT_ARG(id));
    if (seen->count < COUNT_OF(seen->ids))
        seen->ids[seen->count] = text_hash(id);
    seen->count++;
}

/* Every field of a saga, by name and value. */
static struct text whole_saga(const char *order_id)
{
    const struct store_value *fields = REDIS(TEXT("HGETALL"), text_format(stage.arena, "saga:%s", order_id));
    struct buffer buffer = buffer_in(stage.arena, 4096);

    for (size_t i = 0; i < store_count(fields); i++) {
        buffer_add(&buffer, store_text(store_element(fields, i)));
        buffer_add(&buffer, TEXT("\n"));
    }
    return buffer_text(&buffer);
}

Test(stories, the_same_order_twice_is_one_order_and_another_content_is_a_conflict)
{
    const char *id = unique("twice");
    struct text order = order_with(id, REST("HOT", "1", "tok_visa", "IT"));
    struct text spaced = text_format(stage.arena, "{ %s, \"orderId\" : \"%s\" }", REST("HOT", "1", "tok_visa", "IT"), id);
    struct seen_dead seen = {.order_id = id, .reason = "conflict"};
    struct seen_conflicts conflicts = {.order_id = id};
    struct text before, after;

    for (int i = 0; i < 3; i++)
        system_send("orders", i == 1 ? "some-key" : NULL, order.at, order.length);
    system_send("orders", "another", spaced.at, spaced.length);
    wait_for_status(stage.store, id, "completed");
    before = whole_saga(id);
    send_order_with(id, REST("HOT", "2", "tok_visa", "IT"));
    send_order_with(id, REST("HOT", "3", "tok_visa", "IT"));
    for (int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS; conflicts.count < 2 && test_now_ms() < end_ms; test_pause()) {
        conflicts.count = seen.count = 0;
        read_topic("order.events", see_conflict, &conflicts);
        read_topic("orders.dlq", see_dead, &seen);
    }
    cr_expect_eq(conflicts.count, 2);
    cr_expect_neq(conflicts.ids[0], conflicts.ids[1], "each is named by its own record");
    cr_expect_eq(seen.count, 2);
    after = whole_saga(id);
    cr_expect(text_equals(before, after), "%.*s\n%.*s", TEXT_ARG(before), TEXT_ARG(after));
    cr_expect_str_eq(history(id), "order.accepted order.validated payment.authorized inventory.allocated order.shipped "
                                  "payment.captured order.completed ");
    assert_balanced(stage.store, &id, 1);
}

/* What is wrong goes to the dead letters, and the order behind it in the same partition completes. */
Test(stories, rubbish_does_not_stop_the_queue)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    static const char *const rubbish[] = {
        "",
        "rubbish",
        "[1]",
        "{}",
        "{\"orderId\":\"x\",\"orderId\":\"x\"}",
        "{\"orderId\":\"a b\"}",
        "\xff\xfe",
        "{\"orderId\":1e999}",
    };
    const char *ids[COUNT_OF(keys)];
    char *huge = malloc(1000001);

    memset(huge, 'x', 1000000);
    huge[1000000] = '\0';
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        for (size_t j = 0; j < COUNT_OF(rubbish); j++)
            system_send("orders", keys[i], rubbish[j], strlen(rubbish[j]));
        system_send("orders", keys[i], NULL, 0);
        system_send("orders", keys[i], huge, 1000000);
        system_send("saga.inbox", keys[i], "rubbish", 7);
        system_send("saga.inbox", keys[i], "{\"orderId\":\"X\",\"kind\":\"gossip\"}", 31);
        system_send("payment.commands", keys[i], "rubbish", 7);
        ids[i] = unique(keys[i]);
        struct text order = order_with(ids[i], REST("HOT", "1", "tok_visa", "IT"));
        system_send("orders", keys[i], order.at, order.length);
    }
    free(huge);
    cr_expect_eq(wait_for_end(stage.store, ids, COUNT_OF(ids)), COUNT_OF(ids));
    assert_balanced(stage.store, ids, COUNT_OF(ids));
}

Test(stories, thousands_of_errors_in_one_order_are_reported_up_to_a_hundred)
{
    const char *id = unique("errors");
    struct buffer order = buffer_in(stage.arena, 65536);
    const struct json *root;
    struct text errors;

    buffer_add_format(&order, "{\"orderId\":\"%s\",\"customerId\":\"\",\"items\":[", id);
    for (int i = 0; i < 3000; i++)
        buffer_add_format(&order, "%s{\"quantity\":0}", i == 0 ? "" : ",");
    buffer_add(&order, TEXT("]}"));
    system_send("orders", NULL, order.bytes, order.length);
    wait_for_status(stage.store, id, "rejected");
    errors = store_text(REDIS(TEXT("HGET"), text_format(stage.arena, "saga:%s", id), TEXT("errors")));
    cr_assert_gt(errors.length, 1000);
    cr_assert_eq(json_read(stage.arena, errors, &root), STATUS_OK);
    cr_expect_eq(root->count, 100);
}

Test(stories, a_card_number_is_masked_everywhere)
{
    const char *id = unique("card");

    send_order_with(
        id, "\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":1}],\"paymentMethod\":\"4111111111111111\"");
    wait_for_status(stage.store, id, "rejected");
    cr_expect_null(strstr(saga_field(id, "order"), "4111111111111111"));
    cr_expect_not_null(strstr(saga_field(id, "errors"), "card_number"));
}

/* A client library with another partitioner put a record where it does not belong: it is forwarded and handled there. */
Test(stories, a_record_in_the_wrong_partition_is_forwarded)
{
    const char *id = unique("foreign");

    for (int i = 0; i < 12; i++) { /* whatever the partitions of these keys are, some are wrong */
        char key[16];
        snprintf(key, sizeof(key), "key-%d", i);
        struct text order = text_format(
            stage.arena,
            "{\"kind\":\"order\",\"orderId\":\"%s-%d\",\"order\":{\"orderId\":\"%s-%d\",%s},\"source\":{\"topic\":\"x\","
            "\"partition\":0,\"offset\":0},\"policy\":{}}",
            id, i, id, i, REST("HOT", "1", "tok_visa", "IT"));
        system_send("saga.inbox", key, order.at, order.length);
    }
    for (int i = 0; i < 12; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s-%d", id, i);
        wait_for_status(stage.store, name, "completed");
    }
}

/* Somebody else wrote it, and badly: it is answered, never buried, and changes nothing. */
Test(stories, a_command_with_a_usable_id_is_always_answered)
{
    const char *id = unique("bad-command");
    static const char *const rest[] = {
        "",
        ",\"type\":\"payment.authorize\"",
        ",\"type\":\"payment.authorize\",\"attempt\":\"one\",\"order\":7",
        ",\"type\":\"payment.authorize\",\"attempt\":1,\"issuedAt\":\"x\",\"deadlineAt\":\"x\",\"replyTo\":\"saga.inbox\","
        "\"order\":{},\"results\":{}",
        (",\"type\":\"payment.authorize\",\"attempt\":1,\"issuedAt\":\"x\",\"deadlineAt\":\"x\",\"replyTo\":\"saga.inbox\","
         "\"order\":{\"orderId\":\"another\",\"customerId\":\"C\",\"items\":[{\"productId\":\"A\",\"quantity\":1}],"
         "\"paymentMethod\":\"tok_1\"}"),
    };

    for (size_t i = 0; i < COUNT_OF(rest); i++) {
        struct text command =
            text_format(stage.arena, "{\"commandId\":\"%s/payment.authorize\",\"orderId\":\"%s\"%s}", id, id, rest[i]);
        system_send("payment.commands", id, command.at, command.length);
    }
    cr_expect_str_eq(outcomes_of(wait_for_replies(id, "", COUNT_OF(rest))),
                     "failed:bad_command failed:bad_command failed:bad_command failed:bad_order failed:bad_order ");
    cr_expect_str_eq(saga_field(id, "status"), "");
}
