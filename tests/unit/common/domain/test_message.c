#include "message.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(message, .init = set_up, .fini = tear_down);

#define EXPECT_TEXT(got, wanted) expect_text((got), (wanted), __LINE__)

static void expect_text(struct text got, struct text wanted, int line)
{
    cr_expect(text_is_there(got) == text_is_there(wanted) && text_equals(got, wanted), "line %d: got <%.*s>, wanted <%.*s>", line,
              TEXT_ARG(got), TEXT_ARG(wanted));
}

static const struct json *json_of(struct text text)
{
    const struct json *root;

    cr_assert_eq(json_read(arena, text, &root), STATUS_OK, "%.*s", TEXT_ARG(text));
    return root;
}

static struct text repeated(char byte, size_t times)
{
    char *bytes = arena_take(arena, times + 1);

    memset(bytes, byte, times);
    bytes[times] = '\0';
    return (struct text){bytes, times};
}

/* So many characters of three bytes each. */
static struct text kanji(size_t times)
{
    struct buffer buffer = buffer_in(arena, 3 * times);

    for (size_t i = 0; i < times; i++)
        buffer_add(&buffer, TEXT("\u65e5"));
    return text_copy(arena, buffer_text(&buffer));
}

/* The names of the members that were mended, with a space behind each. */
static void expect_mended(const struct reply *reply, const char *wanted)
{
    struct buffer buffer = buffer_in(arena, 0);

    for (size_t i = 0; i < REPLY_MEMBERS; i++)
        if (reply->mended >> i & 1)
            buffer_add_format(&buffer, "%s ", reply_member(i));
    cr_expect(text_equals(buffer_text(&buffer), text_of(wanted)), "got <%.*s>, wanted <%s>", TEXT_ARG(buffer_text(&buffer)),
              wanted);
}

/* A copy of a JSON text in which what stands at one place is replaced; the test ends when it does not stand there. */
static struct text with(const char *json, const char *old, const char *new)
{
    const char *found = strstr(json, old);

    cr_assert_not_null(found, "%s is not in %s", old, json);
    return text_format(arena, "%.*s%s%s", (int)(found - json), json, new, found + strlen(old));
}

/* ---- commands ---- */

static const char full_command[] =
    "{\"commandId\":\"ORD-1/payment.authorize\",\"orderId\":\"ORD-1\",\"type\":\"payment.authorize\",\"attempt\":3,"
    "\"issuedAt\":\"2026-01-31T09:30:00.000Z\",\"deadlineAt\":\"2026-01-31T10:30:00.000Z\",\"replyTo\":\"saga.inbox\","
    "\"order\":{\"orderId\":\"ORD-1\", \"x\":[1]},\"results\":{\"order.validate\":{}}}";

Test(message, a_command_is_read_and_written_back_the_same)
{
    struct command command;
    struct buffer buffer = buffer_in(arena, 0);

    cr_assert_eq(command_read(arena, json_of(text_of(full_command)), &command), STATUS_OK);
    EXPECT_TEXT(command.command_id, TEXT("ORD-1/payment.authorize"));
    EXPECT_TEXT(command.order_id, TEXT("ORD-1"));
    EXPECT_TEXT(command.type, TEXT("payment.authorize"));
    cr_expect_eq(command.attempt, 3);
    EXPECT_TEXT(command.issued_at, TEXT("2026-01-31T09:30:00.000Z"));
    EXPECT_TEXT(command.deadline_at, TEXT("2026-01-31T10:30:00.000Z"));
    EXPECT_TEXT(command.reply_to, TEXT("saga.inbox"));
    EXPECT_TEXT(command.order, TEXT("{\"orderId\":\"ORD-1\", \"x\":[1]}"));
    EXPECT_TEXT(command.results, TEXT("{\"order.validate\":{}}"));
    command_write(&buffer, &command);
    EXPECT_TEXT(buffer_text(&buffer), text_of(full_command));
}

Test(message, what_a_command_does_not_need_may_be_null)
{
    struct command command;

    cr_assert_eq(
        command_read(
            arena,
            json_of(TEXT("{\"commandId\":\"O/order.validate\",\"orderId\":\"O\",\"type\":\"order.validate\",\"attempt\":1,"
                         "\"issuedAt\":null,\"deadlineAt\":null,\"replyTo\":null,\"order\":{},\"results\":null}")),
            &command),
        STATUS_OK);
    cr_expect_not(text_is_there(command.issued_at) || text_is_there(command.reply_to) || text_is_there(command.results));
}

Test(message, a_command_needs_no_times_and_no_results)
{
    struct command command;

    cr_assert_eq(
        command_read(arena, json_of(TEXT("{\"order\":{},\"attempt\":1,\"type\":\"t\",\"orderId\":\"A\",\"commandId\":\"A/t\"}")),
                     &command),
        STATUS_OK);
    cr_expect_not(text_is_there(command.issued_at));
    cr_expect_not(text_is_there(command.results));
    EXPECT_TEXT(command.order, TEXT("{}"));
}

static const struct {
    const char *old, *new;
    int64_t attempt;
} answerable[] = {
    {"\"type\":\"payment.authorize\"", "\"type\":\"payment.void\"", 3}, /* not the type of the id */
    {"\"type\":\"payment.authorize\",", "", 3},
    {"\"type\":\"payment.authorize\"", "\"type\":7", 3},
    {"\"attempt\":3,", "", 0},
    {"\"attempt\":3", "\"attempt\":\"3\"", 0},
    {"\"attempt\":3", "\"attempt\":0", 0},
    {"\"attempt\":3", "\"attempt\":-3", 0},
    {"\"attempt\":3", "\"attempt\":3.0", 0},
    {"\"attempt\":3", "\"attempt\":2147483648", 0},
    {"\"issuedAt\":\"2026", "\"issuedAt\":\"+2026", 3},
    {"\"deadlineAt\":\"2026-01-31T10:30:00.000Z\"", "\"deadlineAt\":7", 3},
    {"\"replyTo\":\"saga.inbox\"", "\"replyTo\":[]", 3},
    {"\"order\":{\"orderId\":\"ORD-1\", \"x\":[1]}", "\"order\":null", 3},
    {"\"order\":{\"orderId\":\"ORD-1\", \"x\":[1]},", "", 3},
    {"\"results\":{\"order.validate\":{}}", "\"results\":[]", 3},
};

Test(message, a_bad_command_with_a_usable_id_can_be_answered)
{
    for (size_t i = 0; i < COUNT_OF(answerable); i++) {
        struct command command;
        const struct text text = with(full_command, answerable[i].old, answerable[i].new);
        cr_expect_eq(command_read(arena, json_of(text), &command), STATUS_BAD_MESSAGE, "%s", answerable[i].new);
        EXPECT_TEXT(command.command_id, TEXT("ORD-1/payment.authorize"));
        EXPECT_TEXT(command.order_id, TEXT("ORD-1"));
        EXPECT_TEXT(command.type, TEXT("payment.authorize"));
        cr_expect_eq(command.attempt, answerable[i].attempt, "%s", answerable[i].new);
        cr_expect_not(text_is_there(command.order));
    }
}

Test(message, the_answer_to_a_bad_command_can_be_read)
{
    struct command command;
    struct inbox_record record;
    struct buffer buffer = buffer_in(arena, 0);

    cr_assert_eq(command_read(arena, json_of(with(full_command, "\"attempt\":3,", "")), &command), STATUS_BAD_MESSAGE);
    reply_write(&buffer, &(struct reply){.command_id = command.command_id,
                                         .order_id = command.order_id,
                                         .type = command.type,
                                         .attempt = command.attempt,
                                         .outcome = TEXT("failed"),
                                         .reason = TEXT("bad_command")});
    cr_assert_eq(inbox_read(arena, json_of(buffer_text(&buffer)), &record), STATUS_OK);
    cr_expect_eq(record.reply.attempt, 0);
}

static const struct {
    const char *old, *new;
} unanswerable[] = {
    {"\"commandId\":\"ORD-1/payment.authorize\",", ""},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":1"},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":\"\""},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":\"ORD-1\""},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":\"ORD-1/\""},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":\"ORD-2/payment.authorize\""},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":\"ORD-10/payment.authorize\""},
    {"\"commandId\":\"ORD-1/payment.authorize\"", "\"commandId\":\"/payment.authorize\""},
    {"\"orderId\":\"ORD-1\",\"type\"", "\"type\""},
    {"\"orderId\":\"ORD-1\",\"type\"", "\"orderId\":\"ORD 1\",\"type\""},
    {"\"orderId\":\"ORD-1\",\"type\"", "\"orderId\":\"\",\"type\""},
    {"\"orderId\":\"ORD-1\",\"type\"", "\"orderId\":null,\"type\""},
};

Test(message, a_command_without_a_usable_id_sets_nothing)
{
    for (size_t i = 0; i < COUNT_OF(unanswerable); i++) {
        struct command command;
        const struct text text = with(full_command, unanswerable[i].old, unanswerable[i].new);
        cr_expect_eq(command_read(arena, json_of(text), &command), STATUS_BAD_MESSAGE, "%s", text.at);
        cr_expect_not(text_is_there(command.command_id), "%s", text.at);
        cr_expect_not(text_is_there(command.order_id), "%s", text.at);
    }
}

Test(message, what_is_no_object_is_no_command)
{
    static const char *const texts[] = {"null", "[]", "1", "\"ORD-1\"", "{}"};
    struct command command;

    cr_expect_eq(command_read(arena, NULL, &command), STATUS_BAD_MESSAGE);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        cr_expect_eq(command_read(arena, json_of(text_of(texts[i])), &command), STATUS_BAD_MESSAGE, "%s", texts[i]);
        cr_expect_not(text_is_there(command.command_id));
    }
}

Test(message, a_command_id_has_a_limit)
{
    const char *order_id = repeated('A', 64).at;
    struct command command;
    const struct {
        size_t type_length;
        enum status status;
    } rows[] = {{63, STATUS_OK}, {64, STATUS_BAD_MESSAGE}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *type = repeated('t', rows[i].type_length).at;
        const struct text text =
            text_format(arena, "{\"commandId\":\"%s/%s\",\"orderId\":\"%s\",\"type\":\"%s\",\"attempt\":1,\"order\":{}}",
                        order_id, type, order_id, type);
        cr_expect_eq(command_read(arena, json_of(text), &command), rows[i].status, "%zu", rows[i].type_length);
        cr_expect_eq(text_is_there(command.command_id), rows[i].status == STATUS_OK);
    }
}

/* ---- replies and the rest of the inbox ---- */

static const char full_reply[] =
    "{\"kind\":\"reply\",\"commandId\":\"ORD-1/"
    "inventory.allocate\",\"orderId\":\"ORD-1\",\"type\":\"inventory.allocate\",\"attempt\":2,"
    "\"outcome\":\"refused\",\"reason\":\"insufficient_inventory\",\"productId\":\"KEYBOARD\",\"errors\":[{\"field\": \"x\"}],"
    "\"result\":{\"a\": 1}}";

Test(message, a_reply_is_read_and_written_back_the_same)
{
    struct inbox_record record;
    struct buffer buffer = buffer_in(arena, 0);

    cr_assert_eq(inbox_read(arena, json_of(text_of(full_reply)), &record), STATUS_OK);
    EXPECT_TEXT(record.kind, TEXT("reply"));
    EXPECT_TEXT(record.order_id, TEXT("ORD-1"));
    EXPECT_TEXT(record.reply.command_id, TEXT("ORD-1/inventory.allocate"));
    EXPECT_TEXT(record.reply.order_id, TEXT("ORD-1"));
    EXPECT_TEXT(record.reply.type, TEXT("inventory.allocate"));
    cr_expect_eq(record.reply.attempt, 2);
    EXPECT_TEXT(record.reply.outcome, TEXT("refused"));
    EXPECT_TEXT(record.reply.reason, TEXT("insufficient_inventory"));
    EXPECT_TEXT(record.reply.product_id, TEXT("KEYBOARD"));
    EXPECT_TEXT(record.reply.errors, TEXT("[{\"field\": \"x\"}]"));
    EXPECT_TEXT(record.reply.result, TEXT("{\"a\": 1}"));
    cr_expect_not(text_is_there(record.reason), "that is a signal's");
    reply_write(&buffer, &record.reply);
    EXPECT_TEXT(buffer_text(&buffer), text_of(full_reply));
}

static const struct reply replies[] = {
    {.command_id = TEXT("O/order.validate"),
     .order_id = TEXT("O"),
     .type = TEXT("order.validate"),
     .attempt = 1,
     .outcome = TEXT("succeeded")},
    {.command_id = TEXT("O/payment.void"),
     .order_id = TEXT("O"),
     .type = TEXT("payment.void"),
     .attempt = ATTEMPT_MAX,
     .outcome = TEXT("failed"),
     .reason = TEXT("gateway \"down\"\n\xE2\x82\xAC")},
    {.command_id = TEXT("O/order.validate"),
     .order_id = TEXT("O"),
     .type = TEXT("order.validate"),
     .attempt = 0,
     .outcome = TEXT("refused"),
     .reason = TEXT(""),
     .errors = TEXT("[]")},
    {.command_id = TEXT("O/payment.authorize"),
     .order_id = TEXT("O"),
     .type = TEXT("payment.authorize"),
     .attempt = 7,
     .outcome = TEXT("succeeded"),
     .result = TEXT("{\"authorizationId\":\"A-1\",\"amount\":3998,\"currency\":\"USD\"}")},
    {.command_id = TEXT("O/inventory.allocate"),
     .order_id = TEXT("O"),
     .type = TEXT("inventory.allocate"),
     .attempt = 1,
     .outcome = TEXT("refused"),
     .reason = TEXT("insufficient_inventory"),
     .product_id = TEXT("A \xC3\xA8")},
};

Test(message, what_a_worker_writes_the_orchestrator_reads)
{
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        const struct reply *sent = &replies[i];
        struct inbox_record record;
        struct buffer buffer = buffer_in(arena, 0);
        reply_write(&buffer, sent);
        cr_assert_eq(inbox_read(arena, json_of(buffer_text(&buffer)), &record), STATUS_OK, "%.*s",
                     TEXT_ARG(buffer_text(&buffer)));
        EXPECT_TEXT(record.reply.command_id, sent->command_id);
        EXPECT_TEXT(record.reply.order_id, sent->order_id);
        EXPECT_TEXT(record.reply.type, sent->type);
        cr_expect_eq(record.reply.attempt, sent->attempt);
        EXPECT_TEXT(record.reply.outcome, sent->outcome);
        EXPECT_TEXT(record.reply.reason, sent->reason);
        EXPECT_TEXT(record.reply.product_id, sent->product_id);
        EXPECT_TEXT(record.reply.errors, sent->errors);
        EXPECT_TEXT(record.reply.result, sent->result);
    }
}

Test(message, an_order_of_the_inbox_keeps_its_parts_as_they_are)
{
    struct inbox_record record;

    cr_assert_eq(inbox_read(arena,
                            json_of(TEXT("{\"kind\":\"order\",\"orderId\":\"O-1\",\"order\":{\"orderId\": \"O-1\"},"
                                         "\"source\":{\"topic\":\"orders\"},\"policy\":{ }}")),
                            &record),
                 STATUS_OK);
    EXPECT_TEXT(record.kind, TEXT("order"));
    EXPECT_TEXT(record.order_id, TEXT("O-1"));
    EXPECT_TEXT(record.order, TEXT("{\"orderId\": \"O-1\"}"));
    EXPECT_TEXT(record.source, TEXT("{\"topic\":\"orders\"}"));
    EXPECT_TEXT(record.policy, TEXT("{ }"));
}

Test(message, a_nudge_says_only_whom_it_is_for)
{
    struct inbox_record record;

    cr_assert_eq(inbox_read(arena, json_of(TEXT("{\"orderId\":\"O-1\",\"kind\":\"nudge\",\"order\":7}")), &record), STATUS_OK);
    EXPECT_TEXT(record.kind, TEXT("nudge"));
    EXPECT_TEXT(record.order_id, TEXT("O-1"));
    cr_expect_not(text_is_there(record.order));
}

Test(message, signals_may_say_who_and_why)
{
    static const char *const kinds[] = {"cancel", "retry"};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct inbox_record record;
        cr_assert_eq(
            inbox_read(arena,
                       json_of(text_format(
                           arena, "{\"kind\":\"%s\",\"orderId\":\"O-1\",\"requestedBy\":\"ada\",\"reason\":\"x\"}", kinds[i])),
                       &record),
            STATUS_OK);
        EXPECT_TEXT(record.kind, text_of(kinds[i]));
        EXPECT_TEXT(record.requested_by, TEXT("ada"));
        EXPECT_TEXT(record.reason, TEXT("x"));
        cr_assert_eq(inbox_read(arena, json_of(text_format(arena, "{\"kind\":\"%s\",\"orderId\":\"O-1\"}", kinds[i])), &record),
                     STATUS_OK);
        cr_expect_not(text_is_there(record.requested_by));
        cr_assert_eq(
            inbox_read(arena,
                       json_of(text_format(arena, "{\"kind\":\"%s\",\"orderId\":\"O-1\",\"requestedBy\":null,\"reason\":null}",
                                           kinds[i])),
                       &record),
            STATUS_OK, "null is as good as absent");
        cr_expect_not(text_is_there(record.requested_by) || text_is_there(record.reason));
        cr_assert_eq(inbox_read(arena,
                                json_of(text_format(arena, "{\"kind\":\"%s\",\"orderId\":\"O-1\",\"reason\":\"%s\"}", kinds[i],
                                                    kanji(REASON_MAX).at)),
                                &record),
                     STATUS_OK, "characters, not bytes");
        cr_expect_eq(record.reason.length, 3 * REASON_MAX);
        cr_assert_eq(inbox_read(arena,
                                json_of(text_format(arena, "{\"kind\":\"%s\",\"orderId\":\"O-1\",\"reason\":\"%s\"}", kinds[i],
                                                    kanji(REASON_MAX + 1).at)),
                                &record),
                     STATUS_BAD_MESSAGE);
    }
}

/* The kind and the order that can still be told from a record that is refused; NULL: none. */
static const struct {
    const char *json, *kind, *order_id;
} refused_records[] = {
    {"{\"kind\":\"reply\",\"orderId\":\"O-1\"}", "reply", "O-1"},
    {"{\"kind\":\"order\",\"orderId\":\"O-1\",\"order\":{},\"source\":{}}", "order", "O-1"},
    {"{\"kind\":\"order\",\"orderId\":\"O-1\",\"order\":{\"orderId\":\"O-2\"},\"source\":{},\"policy\":{}}", "order", "O-1"},
    {"{\"kind\":\"order\",\"orderId\":\"O-1\",\"order\":{},\"policy\":{}}", "order", "O-1"},
    {"{\"kind\":\"order\",\"orderId\":\"O-1\",\"source\":{},\"policy\":{}}", "order", "O-1"},
    {"{\"kind\":\"order\",\"orderId\":\"O-1\",\"order\":[],\"source\":{},\"policy\":{}}", "order", "O-1"},
    {"{\"kind\":\"order\",\"orderId\":\"O-1\",\"order\":\"{}\",\"source\":{},\"policy\":{}}", "order", "O-1"},
    {"{\"kind\":\"cancel\",\"orderId\":\"O-1\",\"reason\":7}", "cancel", "O-1"},
    {"{\"kind\":\"retry\",\"orderId\":\"O-1\",\"requestedBy\":[]}", "retry", "O-1"},
    {"{\"kind\":\"nudge\"}", "nudge", NULL},
    {"{\"kind\":\"nudge\",\"orderId\":\"\"}", "nudge", NULL},
    {"{\"kind\":\"nudge\",\"orderId\":\"a b\"}", "nudge", NULL},
    {"{\"kind\":\"nudge\",\"orderId\":7}", "nudge", NULL},
    {"{\"kind\":\"nudges\",\"orderId\":\"O-1\"}", "nudges", "O-1"},
    {"{\"kind\":\"Nudge\",\"orderId\":\"O-1\"}", "Nudge", "O-1"},
    {"{\"kind\":\"\",\"orderId\":\"O-1\"}", "", "O-1"},
    {"{\"kind\":null,\"orderId\":\"O-1\"}", NULL, "O-1"},
    {"{\"orderId\":\"O-1\"}", NULL, "O-1"},
    {"{}", NULL, NULL},
    {"[]", NULL, NULL},
    {"null", NULL, NULL},
};

Test(message, records_that_make_no_sense_are_refused_but_say_what_they_can)
{
    for (size_t i = 0; i < COUNT_OF(refused_records); i++) {
        struct inbox_record record;
        cr_expect_eq(inbox_read(arena, json_of(text_of(refused_records[i].json)), &record), STATUS_BAD_MESSAGE, "%s",
                     refused_records[i].json);
        EXPECT_TEXT(record.kind, text_of(refused_records[i].kind));
        EXPECT_TEXT(record.order_id, text_of(refused_records[i].order_id));
    }
}

static const struct {
    const char *old, *new;
} reply_faults[] = {
    {"\"outcome\":\"refused\",", ""},
    {"\"outcome\":\"refused\"", "\"outcome\":\"Refused\""},
    {"\"outcome\":\"refused\"", "\"outcome\":\"\""},
    {"\"outcome\":\"refused\"", "\"outcome\":\"done\""},
    {"\"outcome\":\"refused\"", "\"outcome\":\"succeeded refused\""},
    {"\"outcome\":\"refused\"", "\"outcome\":null"},
    {"\"commandId\":\"ORD-1/inventory.allocate\",", ""},
    {"\"commandId\":\"ORD-1/inventory.allocate\"", "\"commandId\":\"\""},
    {"\"commandId\":\"ORD-1/inventory.allocate\"", "\"commandId\":null"},
    {"\"commandId\":\"ORD-1/inventory.allocate\"", "\"commandId\":7"},
    {"\"commandId\":\"ORD-1/inventory.allocate\",\"orderId\":\"ORD-1\",\"type\":\"inventory.allocate\"",
     "\"commandId\":\"allocate\",\"orderId\":\"ORD-1\""}, /* what was asked can't be told in any way */
};

Test(message, a_reply_that_does_not_say_to_what_or_how_is_refused)
{
    for (size_t i = 0; i < COUNT_OF(reply_faults); i++) {
        struct inbox_record record;
        cr_expect_eq(inbox_read(arena, json_of(with(full_reply, reply_faults[i].old, reply_faults[i].new)), &record),
                     STATUS_BAD_MESSAGE, "%s", reply_faults[i].new);
        EXPECT_TEXT(record.order_id, TEXT("ORD-1"));
    }
}

Test(message, texts_of_a_reply_have_limits)
{
    for (size_t more = 0; more <= 1; more++) {
        struct inbox_record record;
        const struct text reason = text_format(arena, "\"reason\":\"%s\"", kanji(REASON_MAX + more).at);
        const struct text product = text_format(arena, "\"productId\":\"%s\"", kanji(PRODUCT_ID_MAX + more).at);
        const struct text id = text_format(arena, "\"commandId\":\"%s\"", repeated('x', COMMAND_ID_MAX + more).at);
        cr_assert_eq(inbox_read(arena,
                                json_of(with(full_reply, "\"reason\":\"insufficient_inventory\"", text_copy(arena, reason).at)),
                                &record),
                     STATUS_OK);
        cr_expect_eq(record.reply.reason.length, 3 * REASON_MAX, "what is longer is cut");
        expect_mended(&record.reply, more == 0 ? "" : "reason ");
        cr_assert_eq(
            inbox_read(arena, json_of(with(full_reply, "\"productId\":\"KEYBOARD\"", text_copy(arena, product).at)), &record),
            STATUS_OK);
        cr_expect_eq(record.reply.product_id.length, 3 * PRODUCT_ID_MAX);
        expect_mended(&record.reply, more == 0 ? "" : "productId ");
        cr_expect_eq(inbox_read(arena,
                                json_of(with(full_reply, "\"commandId\":\"ORD-1/inventory.allocate\"", text_copy(arena, id).at)),
                                &record),
                     more == 0 ? STATUS_OK : STATUS_BAD_MESSAGE);
    }
}

/* A known command is answered, whatever else is wrong. written NULL: as full_reply. */
static const struct {
    const char *old, *new, *mended, *written_old, *written_new;
} details[] = {
    {"\"type\":\"inventory.allocate\",", "", "", "", ""},
    {"\"type\":\"inventory.allocate\"", "\"type\":null", "", "", ""},
    {"\"type\":\"inventory.allocate\"", "\"type\":7", "type ", "", ""},
    {"\"attempt\":2,", "", "attempt ", "\"attempt\":2", "\"attempt\":0"},
    {"\"attempt\":2", "\"attempt\":null", "attempt ", "\"attempt\":2", "\"attempt\":0"},
    {"\"attempt\":2", "\"attempt\":-1", "attempt ", "\"attempt\":2", "\"attempt\":0"},
    {"\"attempt\":2", "\"attempt\":2.5", "attempt ", "\"attempt\":2", "\"attempt\":0"},
    {"\"attempt\":2", "\"attempt\":\"2\"", "attempt ", "\"attempt\":2", "\"attempt\":0"},
    {"\"attempt\":2", "\"attempt\":2147483648", "attempt ", "\"attempt\":2", "\"attempt\":0"},
    {"\"reason\":\"insufficient_inventory\"", "\"reason\":null", "", "\"reason\":\"insufficient_inventory\",", ""},
    {"\"reason\":\"insufficient_inventory\"", "\"reason\":7", "reason ", "\"reason\":\"insufficient_inventory\",", ""},
    {"\"reason\":\"insufficient_inventory\"", "\"reason\":{\"code\":7}", "reason ", "\"reason\":\"insufficient_inventory\",", ""},
    {"\"productId\":\"KEYBOARD\"", "\"productId\":null", "", "\"productId\":\"KEYBOARD\",", ""},
    {"\"productId\":\"KEYBOARD\"", "\"productId\":7", "productId ", "\"productId\":\"KEYBOARD\",", ""},
    {"\"errors\":[{\"field\": \"x\"}]", "\"errors\":null", "", "\"errors\":[{\"field\": \"x\"}],", ""},
    {"\"errors\":[{\"field\": \"x\"}]", "\"errors\":{}", "errors ", "\"errors\":[{\"field\": \"x\"}],", ""},
    {"\"result\":{\"a\": 1}", "\"result\":null", "", ",\"result\":{\"a\": 1}", ""},
    {"\"result\":{\"a\": 1}", "\"result\":[]", "result ", ",\"result\":{\"a\": 1}", ""},
    {"\"result\":{\"a\": 1}", "\"result\":\"x\"", "result ", ",\"result\":{\"a\": 1}", ""},
    {"\"result\":{\"a\": 1}", "\"result\":1", "result ", ",\"result\":{\"a\": 1}", ""},
};

Test(message, a_reply_to_a_known_command_is_not_refused_for_a_detail)
{
    for (size_t i = 0; i < COUNT_OF(details); i++) {
        struct inbox_record record;
        struct buffer buffer = buffer_in(arena, 0);
        cr_assert_eq(inbox_read(arena, json_of(with(full_reply, details[i].old, details[i].new)), &record), STATUS_OK, "%s",
                     details[i].new);
        expect_mended(&record.reply, details[i].mended);
        reply_write(&buffer, &record.reply);
        EXPECT_TEXT(buffer_text(&buffer), with(full_reply, details[i].written_old, details[i].written_new));
    }
}

/* ---- results that are too large ---- */

static const char *bounded(const char *result, size_t bytes_max, const char *mended)
{
    struct reply reply = {.result = text_of(result)};

    reply_bound_result(arena, &reply, bytes_max);
    expect_mended(&reply, mended);
    cr_expect_leq(reply.result.length, bytes_max > 100 ? bytes_max : 100);
    return text_is_there(reply.result) ? text_copy(arena, reply.result).at : "none";
}

Test(message, a_result_that_is_no_larger_than_an_order_is_kept)
{
    static const char result[] = "{\"a\": [1, 2]}";

    cr_expect_str_eq(bounded(result, sizeof(result) - 1, ""), result);
    cr_expect_str_eq(bounded(NULL, 10, ""), "none");
    cr_expect_str_eq(bounded(result, sizeof(result) - 2, "result "), "{\"resultTooLarge\":{\"bytes\":13}}");
}

Test(message, of_a_result_that_is_too_large_what_is_small_is_kept_the_total_first)
{
    const char *label = repeated('x', 1000).at;
    const struct text large = text_format(
        arena,
        "{ \"label\":\"%s\", \"labels\":[\"%s\"], \"url\":{\"a\":\"%s\"}, \"authorizationId\" : \"A\\u002d1\", "
        "\"amount\":3998, \"resultTooLarge\":1, \"ok\":true, \"none\":null, \"c\\u0075rrency\":\"USD\", \"rate\":1.5 }",
        label, label, label);

    cr_expect_str_eq(
        bounded(text_copy(arena, large).at, 1024, "result "),
        text_copy(arena, text_format(arena,
                                     "{\"resultTooLarge\":{\"bytes\":%zu},\"amount\":3998,\"c\\u0075rrency\":\"USD\","
                                     "\"authorizationId\":\"A\\u002d1\",\"ok\":true,\"none\":null,\"rate\":1.5}",
                                     large.length))
            .at);
}

Test(message, what_is_kept_of_a_result_of_many_small_members_is_bounded_too)
{
    struct buffer buffer = buffer_in(arena, 0);
    const struct json *root;

    buffer_add(&buffer, TEXT("{"));
    for (int i = 0; i < 5000; i++)
        buffer_add_format(&buffer, "\"m%d\":%d,", i, i);
    buffer_add(&buffer, TEXT("\"currency\":\"EUR\",\"amount\":1}"));
    const struct text kept = text_of(bounded(text_copy(arena, buffer_text(&buffer)).at, 1024, "result "));
    cr_expect_leq(kept.length, 1024);
    root = json_of(kept);
    cr_expect(json_string_is(json_member(root, TEXT("currency")), TEXT("EUR")));
    cr_expect_not_null(json_member(root, TEXT("amount")));
    cr_expect_not_null(json_member(root, TEXT("m0")));
    cr_expect_null(json_member(root, TEXT("m4999")));
}

Test(message, a_result_too_deep_to_be_handed_on_is_refused)
{
    for (size_t depth = 31; depth <= 33; depth++) {
        struct inbox_record record;
        const char *result =
            text_format(arena, "\"result\":{\"a\":%s1%s}", repeated('[', depth - 1).at, repeated(']', depth - 1).at).at;
        cr_expect_eq(inbox_read(arena, json_of(with(full_reply, "\"result\":{\"a\": 1}", result)), &record),
                     depth <= JSON_DEPTH_MAX ? STATUS_OK : STATUS_BAD_MESSAGE, "%zu", depth);
    }
}

/* ---- the order ---- */

static const char full_order[] =
    "{\"orderId\":\"ORD-1001\",\"customerId\":\"C-42\",\"items\":[{\"productId\":\"KEYBOARD\",\"quantity\":2,\"price\":1},"
    "{\"productId\":\"M\\u004fUSE\",\"quantity\":10000}],\"paymentMethod\":\"tok_visa\",\"warehouse\":\"north\","
    "\"shipTo\":{\"name\":\"Ada\",\"line1\":\"1 Main "
    "St\",\"city\":\"Turin\",\"postalCode\":\"10121\",\"country\":\"IT\"},\"gift\":true}";

Test(message, an_order_is_read_as_far_as_workers_need_it)
{
    struct order order;

    cr_assert_eq(order_read(arena, text_of(full_order), &order), STATUS_OK);
    EXPECT_TEXT(order.order_id, TEXT("ORD-1001"));
    EXPECT_TEXT(order.customer_id, TEXT("C-42"));
    EXPECT_TEXT(order.payment_method, TEXT("tok_visa"));
    EXPECT_TEXT(order.warehouse, TEXT("north"));
    EXPECT_TEXT(order.country, TEXT("IT"));
    cr_assert_eq(order.line_count, 2);
    EXPECT_TEXT(order.lines[0].product_id, TEXT("KEYBOARD"));
    cr_expect_eq(order.lines[0].quantity, 2);
    EXPECT_TEXT(order.lines[1].product_id, TEXT("MOUSE"));
    cr_expect_eq(order.lines[1].quantity, 10000);
}

Test(message, an_order_may_leave_warehouse_and_address_out)
{
    struct order order;

    memset(&order, 0xAA, sizeof(order));
    cr_assert_eq(order_read(arena,
                            TEXT("{\"orderId\":\"O\",\"customerId\":\"C\",\"items\":[{\"productId\":\"P\",\"quantity\":1}],"
                                 "\"paymentMethod\":\"pm_1\"}"),
                            &order),
                 STATUS_OK);
    EXPECT_TEXT(order.warehouse, TEXT("main"));
    cr_expect_not(text_is_there(order.country));
    cr_expect_eq(order.line_count, 1);
    cr_assert_eq(order_read(arena, with(full_order, ",\"country\":\"IT\"", ""), &order), STATUS_OK);
    cr_expect_not(text_is_there(order.country));
    cr_assert_eq(order_read(arena, with(full_order, "\"warehouse\":\"north\"", "\"warehouse\":null"), &order), STATUS_OK,
                 "as good as absent");
    EXPECT_TEXT(order.warehouse, TEXT("main"));
    cr_assert_eq(order_read(arena, with(full_order, "\"country\":\"IT\"", "\"country\":null"), &order), STATUS_OK);
    cr_expect_not(text_is_there(order.country));
    cr_assert_eq(order_read(arena, with(full_order, "\"shipTo\":{", "\"shipTo\":null,\"x\":{"), &order), STATUS_OK);
    cr_expect_not(text_is_there(order.country));
}

static const struct {
    const char *old, *new;
} order_faults[] = {
    {"\"orderId\":\"ORD-1001\",", ""},
    {"\"orderId\":\"ORD-1001\"", "\"orderId\":\"ORD 1001\""},
    {"\"orderId\":\"ORD-1001\"", "\"orderId\":1001"},
    {"\"customerId\":\"C-42\",", ""},
    {"\"customerId\":\"C-42\"", "\"customerId\":\"\""},
    {"\"customerId\":\"C-42\"", "\"customerId\":\"C/42\""},
    {"\"paymentMethod\":\"tok_visa\",", ""},
    {"\"paymentMethod\":\"tok_visa\"", "\"paymentMethod\":\"visa\""},
    {"\"paymentMethod\":\"tok_visa\"", "\"paymentMethod\":\"TOK_visa\""},
    {"\"paymentMethod\":\"tok_visa\"", "\"paymentMethod\":\"\""},
    {"\"paymentMethod\":\"tok_visa\"", "\"paymentMethod\":[\"tok_visa\"]"},
    {"\"warehouse\":\"north\"", "\"warehouse\":\"no:rth\""},
    {"\"warehouse\":\"north\"", "\"warehouse\":\"\""},
    {"\"warehouse\":\"north\"", "\"warehouse\":\"{north}\""},
    {"\"country\":\"IT\"", "\"country\":\"it\""},
    {"\"country\":\"IT\"", "\"country\":\"ITA\""},
    {"\"country\":\"IT\"", "\"country\":\"I\""},
    {"\"country\":\"IT\"", "\"country\":\"\""},
    {"\"country\":\"IT\"", "\"country\":\"I1\""},
    {"\"shipTo\":{", "\"shipTo\":\"Turin\",\"x\":{"},
    {"\"items\":[", "\"goods\":["},
    {"\"items\":[", "\"items\":[],\"x\":["},
    {"\"items\":[", "\"items\":{},\"x\":["},
    {"\"items\":[", "\"items\":[1,"},
    {"\"items\":[", "\"items\":[null,"},
    {"\"items\":[", "\"items\":[[],"},
    {"\"productId\":\"KEYBOARD\",", ""},
    {"\"productId\":\"KEYBOARD\"", "\"productId\":\"\""},
    {"\"productId\":\"KEYBOARD\"", "\"productId\":5"},
    {"\"productId\":\"KEYBOARD\"", "\"productId\":\"MOUSE\""}, /* listed twice, once with an escape */
    {"\"quantity\":2,", ""},
    {"\"quantity\":2", "\"quantity\":null"},
    {"\"customerId\":\"C-42\"", "\"customerId\":null"},
    {"\"paymentMethod\":\"tok_visa\"", "\"paymentMethod\":null"},
    {"\"items\":[", "\"items\":null,\"x\":["},
    {"\"quantity\":2", "\"quantity\":0"},
    {"\"quantity\":2", "\"quantity\":-1"},
    {"\"quantity\":2", "\"quantity\":10001"},
    {"\"quantity\":2", "\"quantity\":2.0"},
    {"\"quantity\":2", "\"quantity\":\"2\""},
    {"\"quantity\":2", "\"quantity\":true"},
    {"\"quantity\":2", "\"quantity\":99999999999999999999"},
    {"{\"orderId\"", "[{\"orderId\""},
    {"true}", "true"},
    {"\"gift\":true", "\"warehouse\":\"main\""},
};

Test(message, an_order_that_breaks_a_rule_is_refused)
{
    for (size_t i = 0; i < COUNT_OF(order_faults); i++) {
        struct order order;
        cr_expect_eq(order_read(arena, with(full_order, order_faults[i].old, order_faults[i].new), &order), STATUS_BAD_MESSAGE,
                     "%s -> %s", order_faults[i].old, order_faults[i].new);
    }
    cr_expect_eq(order_read(arena, TEXT_NONE, &(struct order){0}), STATUS_BAD_MESSAGE);
}

static struct text order_of_lines(size_t count)
{
    struct buffer buffer = buffer_in(arena, 0);

    buffer_add(&buffer, TEXT("{\"orderId\":\"O\",\"customerId\":\"C\",\"paymentMethod\":\"tok_1\",\"items\":["));
    for (size_t i = 0; i < count; i++)
        buffer_add_format(&buffer, "%s{\"productId\":\"P-%zu\",\"quantity\":%zu}", i == 0 ? "" : ",", i, i + 1);
    buffer_add(&buffer, TEXT("]}"));
    return buffer_text(&buffer);
}

Test(message, an_order_has_at_most_100_lines)
{
    struct order order;

    cr_expect_eq(order_read(arena, order_of_lines(101), &order), STATUS_BAD_MESSAGE);
    cr_assert_eq(order_read(arena, order_of_lines(100), &order), STATUS_OK);
    cr_assert_eq(order.line_count, 100);
    EXPECT_TEXT(order.lines[99].product_id, TEXT("P-99"));
    cr_expect_eq(order.lines[99].quantity, 100);
}

Test(message, texts_of_an_order_have_limits)
{
    static const struct {
        const char *old, *prefix;
        size_t longest;
    } rows[] = {{"\"ORD-1001\"", "", 64},
                {"\"C-42\"", "", 64},
                {"\"north\"", "", 64},
                {"\"KEYBOARD\"", "", 64},
                {"\"tok_visa\"", "tok_", 128}};

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t more = 0; more <= 1; more++) {
            struct order order;
            const size_t rest = rows[i].longest + more - strlen(rows[i].prefix);
            const struct text value = text_format(arena, "\"%s%s\"", rows[i].prefix, repeated('x', rest).at);
            const struct text text = with(full_order, rows[i].old, text_copy(arena, value).at);
            cr_expect_eq(order_read(arena, text, &order), more == 0 ? STATUS_OK : STATUS_BAD_MESSAGE, "%s", rows[i].old);
        }
}

/* ---- ids ---- */

Test(message, ids_have_an_alphabet)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:";

    for (int byte = 0; byte < 256; byte++) {
        const char text[3] = {'a', (char)byte, 'z'};
        const bool wanted = byte != 0 && strchr(letters, byte) != NULL;
        cr_expect_eq(id_is_good((struct text){text, 3}), wanted, "byte %d", byte);
        cr_expect_eq(id_is_good((struct text){text + 1, 1}), wanted, "byte %d", byte);
        cr_expect_eq(warehouse_is_good((struct text){text, 3}), wanted && byte != ':', "byte %d", byte);
    }
}

Test(message, ids_have_a_length)
{
    cr_expect_not(id_is_good(TEXT_NONE));
    cr_expect_not(id_is_good(TEXT("")));
    cr_expect(id_is_good(repeated('a', 64)));
    cr_expect_not(id_is_good(repeated('a', 65)));
    cr_expect_not(id_is_good(repeated('a', 1 << 20)));
    cr_expect_not(warehouse_is_good(TEXT_NONE));
    cr_expect(warehouse_is_good(repeated('a', 64)));
    cr_expect_not(warehouse_is_good(repeated('a', 65)));
}

/* ---- time ---- */

static const struct {
    const char *text;
    int64_t time_ms;
} times[] = {
    {"1970-01-01T00:00:00.000Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1970-01-01T23:59:59.999Z", 86399999},
    {"1970-12-31T23:59:59.999Z", 31535999999},
    {"1972-02-29T12:00:00.000Z", 68212800000},
    {"2000-02-29T00:00:00.000Z", 951782400000},
    {"2000-03-01T00:00:00.000Z", 951868800000},
    {"2026-01-31T09:30:00.123Z", 1769851800123},
    {"2038-01-19T03:14:08.000Z", 2147483648000},
    {"2100-02-28T23:59:59.999Z", 4107542399999},
    {"2100-03-01T00:00:00.000Z", 4107542400000},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
};

Test(message, times_are_written_and_read)
{
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        int64_t time_ms = -1;
        EXPECT_TEXT(time_text(arena, times[i].time_ms), text_of(times[i].text));
        cr_expect(time_read(text_of(times[i].text), &time_ms), "%s", times[i].text);
        cr_expect_eq(time_ms, times[i].time_ms, "%s", times[i].text);
    }
}

static void check_against_libc(int64_t time_ms)
{
    char wanted[64];
    const time_t seconds = time_ms / 1000;
    int64_t read_ms = -1;
    struct tm parts;

    gmtime_r(&seconds, &parts);
    snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
             parts.tm_hour, parts.tm_min, parts.tm_sec, (int)(time_ms % 1000));
    cr_assert_str_eq(time_text(arena, time_ms).at, wanted);
    cr_assert(time_read(text_of(wanted), &read_ms), "%s", wanted);
    cr_assert_eq(read_ms, time_ms, "%s", wanted);
    arena_reset(arena);
}

Test(message, the_days_until_9999_are_as_the_c_library_says)
{
    /* Every day of 140 years, then every 17th: in 400 years, after which the calendar repeats, that meets every day of every
     * month. */
    for (int64_t day = 0; day <= INT64_C(253402300799999) / 86400000; day += day < 51000 ? 1 : 17)
        check_against_libc(day * 86400000 + day * 7919 % 86400000);
}

static const char *const not_times[] = {
    "",
    "2026",
    "2026-01-31",
    "2026-01-31T09:30:00Z",
    "2026-01-31T09:30:00.00Z",
    "2026-01-31T09:30:00.0000Z",
    "2026-01-31T09:30:00.000",
    "2026-01-31T09:30:00.000z",
    "2026-01-31t09:30:00.000Z",
    "2026-01-31 09:30:00.000Z",
    "2026-01-31T09:30:00,000Z",
    "2026-01-31T09:30:00.000+",
    "2026-01-31T09:30:00.000Z ",
    " 2026-01-31T09:30:00.000Z",
    "2026/01/31T09:30:00.000Z",
    "2026-1-31T009:30:00.000Z",
    "+026-01-31T09:30:00.000Z",
    "-026-01-31T09:30:00.000Z",
    "202a-01-31T09:30:00.000Z",
    "2026-01-31T09:30:00.-00Z",
    "2026-01-31T09:30:00. 00Z",
    "2026-01-31T09.30.00.000Z",
    "2026-00-31T09:30:00.000Z",
    "2026-13-31T09:30:00.000Z",
    "2026-01-00T09:30:00.000Z",
    "2026-01-32T09:30:00.000Z",
    "2026-04-31T09:30:00.000Z",
    "2026-02-29T09:30:00.000Z",
    "2100-02-29T00:00:00.000Z",
    "2024-02-30T00:00:00.000Z",
    "2026-02-31T00:00:00.000Z",
    "2026-11-31T00:00:00.000Z",
    "2026-01-31T24:00:00.000Z",
    "2026-01-31T09:60:00.000Z",
    "2026-01-31T09:30:60.000Z",
    "2026-12-31T23:59:60.000Z",
    "1969-12-31T23:59:59.999Z",
    "0000-01-01T00:00:00.000Z",
    "9999-99-99T99:99:99.999Z",
    "2026-12-99T00:00:00.000Z",
};

Test(message, what_is_no_time_is_refused_and_changes_nothing)
{
    int64_t time_ms = 77;

    cr_expect_not(time_read(TEXT_NONE, &time_ms));
    for (size_t i = 0; i < COUNT_OF(not_times); i++)
        cr_expect_not(time_read(text_of(not_times[i]), &time_ms), "%s", not_times[i]);
    cr_expect_eq(time_ms, 77);
}

Test(message, of_all_days_a_month_could_have_just_the_real_ones_are_read)
{
    size_t days = 0;

    for (int year = 1996; year < 2004; year++)
        for (int month = 0; month <= 99; month++)
            for (int day = 0; day <= 99; day++) {
                int64_t time_ms;
                days += time_read(text_format(arena, "%04d-%02d-%02dT00:00:00.000Z", year, month, day), &time_ms);
            }
    cr_expect_eq(days, 6 * 365 + 2 * 366);
}

Test(message, times_that_cannot_be_written_show_the_nearest_that_can)
{
    EXPECT_TEXT(time_text(arena, -1), TEXT("1970-01-01T00:00:00.000Z"));
    EXPECT_TEXT(time_text(arena, INT64_MIN), TEXT("1970-01-01T00:00:00.000Z"));
    EXPECT_TEXT(time_text(arena, INT64_C(253402300800000)), TEXT("9999-12-31T23:59:59.999Z"));
    EXPECT_TEXT(time_text(arena, INT64_MAX), TEXT("9999-12-31T23:59:59.999Z"));
}
