/* fuzz_inbox.c - any JSON is read as a record of the inbox, a command and an order, or refused; replies and commands that were
 * read are written back the same, replies with all that was mended in them, and no result goes on that is too large. Built and
 * run as fuzz_json.c says. */
#include "message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const struct json *read_again(struct arena *arena, const struct buffer *buffer)
{
    const struct json *root = NULL;

    check(json_read(arena, buffer_text(buffer), &root) == STATUS_OK);
    return root;
}

static void check_same(struct text a, struct text b) { check(text_is_there(a) == text_is_there(b) && text_equals(a, b)); }

static void check_reply(struct arena *arena, const struct inbox_record *record)
{
    struct buffer buffer = buffer_in(arena, 0);
    struct inbox_record again;

    reply_write(&buffer, &record->reply);
    check(inbox_read(arena, read_again(arena, &buffer), &again) == STATUS_OK);
    check_same(record->order_id, again.order_id);
    check_same(record->reply.command_id, again.reply.command_id);
    check_same(record->reply.type, again.reply.type);
    check_same(record->reply.outcome, again.reply.outcome);
    check_same(record->reply.reason, again.reply.reason);
    check_same(record->reply.product_id, again.reply.product_id);
    check_same(record->reply.errors, again.reply.errors);
    check_same(record->reply.result, again.reply.result);
    check(record->reply.attempt == again.reply.attempt);
    check(again.reply.mended == 0); /* what was mended keeps the rules */
    check(text_characters(again.reply.reason) <= REASON_MAX && text_characters(again.reply.product_id) <= PRODUCT_ID_MAX);
}

/* However large a result is, what goes on is a JSON object that is not, and that is read as it was. */
static void check_bounded(struct arena *arena, struct inbox_record record)
{
    const size_t length = record.reply.result.length;
    const struct json *root;

    reply_bound_result(arena, &record.reply, RESULT_BYTES_MIN);
    check(record.reply.result.length <= RESULT_BYTES_MIN && (length > RESULT_BYTES_MIN || record.reply.result.length == length));
    if (!text_is_there(record.reply.result))
        return;
    check(json_read(arena, record.reply.result, &root) == STATUS_OK && root->type == JSON_OBJECT);
    check((json_member(root, TEXT("resultTooLarge")) != NULL) >= (length > RESULT_BYTES_MIN));
    check_reply(arena, &record);
}

static void check_replies(struct arena *arena, const struct inbox_record *record)
{
    check_reply(arena, record);
    check_bounded(arena, *record);
}

static void check_command(struct arena *arena, const struct command *command)
{
    struct buffer buffer = buffer_in(arena, 0);
    struct command again;

    command_write(&buffer, command);
    check(command_read(arena, read_again(arena, &buffer), &again) == STATUS_OK);
    check_same(command->command_id, again.command_id);
    check_same(command->order_id, again.order_id);
    check_same(command->type, again.type);
    check_same(command->issued_at, again.issued_at);
    check_same(command->deadline_at, again.deadline_at);
    check_same(command->reply_to, again.reply_to);
    check_same(command->order, again.order);
    check_same(command->results, again.results);
    check(command->attempt == again.attempt);
}

static void check_order(const struct order *order)
{
    check(id_is_good(order->order_id) && id_is_good(order->customer_id) && warehouse_is_good(order->warehouse));
    check(order->line_count >= 1 && order->line_count <= ORDER_LINES_MAX);
    for (size_t i = 0; i < order->line_count; i++)
        check(order->lines[i].product_id.length >= 1 && order->lines[i].quantity >= 1 &&
              order->lines[i].quantity <= LINE_QUANTITY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    const struct text text = {(const char *)bytes, length};
    const struct json *root;
    struct inbox_record record;
    struct command command;
    struct order order;

    if (json_read(arena, text, &root) != STATUS_OK)
        return 0;
    if (inbox_read(arena, root, &record) == STATUS_OK && text_equals(record.kind, TEXT("reply")))
        check_replies(arena, &record);
    if (command_read(arena, root, &command) == STATUS_OK)
        check_command(arena, &command);
    else if (text_is_there(command.command_id))
        check(id_is_good(command.order_id) && text_begins(command.command_id, command.order_id));
    if (order_read(arena, text, &order) == STATUS_OK)
        check_order(&order);
    return 0;
}
