/* Replies of a worker that is not ours: what is done is done, whatever else is wrong with the answer. The test answers in the
 * place of the fulfillment service. */
#include "stage.h"

#include "json.h"
#include "message.h"

#include <criterion/criterion.h>
#include <signal.h>

#define LABEL_BYTES 300000 /* far more than an order may have, and less than a reply may have */

TestSuite(replies, .init = stage_set_up, .fini = stage_tear_down, .timeout = 300);

/* An order whose shipment nobody but the test answers. */
static const char *order_without_carrier(const char *name)
{
    const char *id = unique(name);

    START("STEP_TIMEOUT_MS=300000");
    system_kill(stage.services, "fulfillment", 0, SIGKILL);
    send_order(id, "IT");
    wait_for_status(stage.store, id, "fulfilling");
    return id;
}

static void answer(const char *id, struct text members)
{
    const struct text reply =
        text_format(stage.arena, "{\"kind\":\"reply\",\"commandId\":\"%s/fulfillment.ship\",\"orderId\":\"%s\",%.*s}", id, id,
                    TEXT_ARG(members));

    system_send("saga.inbox", id, reply.at, reply.length);
}

static struct text repeated(const char *part, size_t times)
{
    struct buffer buffer = buffer_in(stage.arena, times * strlen(part));

    for (size_t i = 0; i < times; i++)
        buffer_add(&buffer, text_of(part));
    return buffer_text(&buffer);
}

Test(replies, a_success_with_a_huge_result_and_nulls_goes_on)
{
    const char *id = order_without_carrier("huge");
    const struct text label = repeated("x", LABEL_BYTES);
    const struct json *results, *result;

    answer(id, text_format(
                   stage.arena,
                   "\"type\":null,\"attempt\":\"1\",\"outcome\":\"succeeded\",\"reason\":null,\"errors\":null,\"productId\":null,"
                   "\"result\":{\"label\":\"%.*s\",\"trackingNumber\":\"T-1\"}",
                   TEXT_ARG(label)));
    wait_for_status(stage.store, id, "completed");
    cr_assert_eq(json_read(stage.arena, text_copy(stage.arena, text_of(saga_field(id, "results"))), &results), STATUS_OK);
    result = json_member(results, TEXT("fulfillment.ship"));
    cr_expect(json_string_is(json_member(result, TEXT("trackingNumber")), TEXT("T-1")), "%s", saga_field(id, "results"));
    cr_expect_not_null(json_member(result, TEXT("resultTooLarge")));
    cr_expect_null(json_member(result, TEXT("label")));
}

Test(replies, a_refusal_with_a_long_reason_is_one_at_once)
{
    const char *id = order_without_carrier("long");
    const struct text reason = repeated("\u65e5", 70), longer = repeated("\u65e5", REASON_MAX + 1);
    const char *other = unique("longer");

    answer(id, text_format(stage.arena, "\"type\":\"fulfillment.ship\",\"attempt\":1,\"outcome\":\"refused\",\"reason\":\"%.*s\"",
                           TEXT_ARG(reason)));
    wait_for_status(stage.store, id, "failed");
    cr_expect(text_equals(text_of(saga_field(id, "reason")), reason));
    send_order(other, "IT");
    wait_for_status(stage.store, other, "fulfilling");
    answer(other,
           text_format(stage.arena, "\"outcome\":\"refused\",\"reason\":\"%.*s\",\"productId\":7,\"errors\":{},\"result\":[1]",
                       TEXT_ARG(longer)));
    wait_for_status(stage.store, other, "failed");
    cr_expect(text_equals(text_of(saga_field(other, "reason")), text_cut(longer, REASON_MAX)));
}
