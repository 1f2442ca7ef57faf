/* The guard at the door. */
#include "admission.h"

#include <criterion/criterion.h>

#define NOW_MS INT64_C(1700000000000)
#define DAY_MS INT64_C(86400000)

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(admission, .init = set_up, .fini = tear_down);

static struct admission decide(struct text value, int64_t age_ms)
{
    struct admission_rules rules = {.bytes_max = 2000, .retention_ms = 7 * DAY_MS, .policy = TEXT("{\"stepAttempts\":5}")};
    struct application application = {
        .topic = TEXT("orders"), .value = value, .partition = 4, .offset = 17, .time_ms = NOW_MS - age_ms};

    return admission_decide(arena, &rules, &application, NOW_MS);
}

static const struct {
    const char *value, *reason;
} refused[] = {
    {"", "not_json"},
    {"   ", "not_json"},
    {"hello", "not_json"},
    {"{\"orderId\":\"A\"", "not_json"},
    {"{\"orderId\":\"A\",\"orderId\":\"A\"}", "not_json"},
    {"{\"orderId\":\"A\xff\"}", "not_json"},
    {"[]", "not_an_object"},
    {"null", "not_an_object"},
    {"\"ORD-1\"", "not_an_object"},
    {"{}", "no_order_id"},
    {"{\"orderId\":null}", "no_order_id"},
    {"{\"orderId\":7}", "no_order_id"},
    {"{\"orderId\":\"\"}", "no_order_id"},
    {"{\"orderId\":\"a b\"}", "no_order_id"},
    {"{\"orderId\":\"{x}\"}", "no_order_id"},
    {"{\"orderId\":\"x/y\"}", "no_order_id"},
    {"{\"orderId\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}", "no_order_id"},
};

Test(admission, what_can_not_be_an_order_is_a_dead_letter)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct admission admission = decide(text_of(refused[i].value), 0);
        cr_assert_not_null(admission.dead_reason, "%s", refused[i].value);
        cr_expect_str_eq(admission.dead_reason, refused[i].reason, "%s", refused[i].value);
    }
    cr_expect_str_eq(decide(TEXT_NONE, 0).dead_reason, "not_json", "a null value");
}

Test(admission, size_and_age_have_limits)
{
    char *large = arena_take(arena, 2001);

    memset(large, ' ', 2001);
    memcpy(large, "{\"orderId\":\"A\"}", 15);
    cr_expect_str_eq(decide((struct text){large, 2001}, 0).dead_reason, "too_large");
    cr_expect_null(decide((struct text){large, 2000}, 0).dead_reason);
    cr_expect_null(decide(TEXT("{\"orderId\":\"A\"}"), 7 * DAY_MS).dead_reason);
    cr_expect_str_eq(decide(TEXT("{\"orderId\":\"A\"}"), 7 * DAY_MS + 1).dead_reason, "too_old");
}

Test(admission, an_order_becomes_a_record_of_the_inbox)
{
    struct admission admission = decide(TEXT(" {\"x\" : 1, \"orderId\":\"ORD-1\"} "), 0);
    struct inbox_record message = {0};
    const struct json *root;

    cr_assert_null(admission.dead_reason);
    cr_assert_eq(json_read(arena, admission.inbox_value, &root), STATUS_OK, "%.*s", TEXT_ARG(admission.inbox_value));
    cr_assert_eq(inbox_read(arena, root, &message), STATUS_OK);
    cr_expect(text_equals(message.order_id, TEXT("ORD-1")));
    cr_expect(text_equals(message.order, TEXT("{\"x\" : 1, \"orderId\":\"ORD-1\"}")), "the order's own bytes");
    cr_expect(text_equals(message.policy, TEXT("{\"stepAttempts\":5}")));
    cr_expect(
        text_equals(message.source, TEXT("{\"topic\":\"orders\",\"partition\":4,\"offset\":17,\"timestamp\":1700000000000}")));
}

Test(admission, card_numbers_get_no_further)
{
    struct admission admission = decide(TEXT("{\"orderId\":\"ORD-1\",\"note\":\"4111 1111 1111 1111\"}"), 0);
    struct admission dead = decide(TEXT("{\"note\":\"4111111111111111\"}"), 0);
    struct admission rubbish = decide(TEXT("card 4111-1111-1111-1111"), 0);

    cr_assert_null(admission.dead_reason);
    cr_expect(admission.masked);
    cr_expect_null(memmem(admission.inbox_value.at, admission.inbox_value.length, "1111", 4));
    cr_expect_not_null(memmem(admission.inbox_value.at, admission.inbox_value.length, "\"masked\":true", 13));
    cr_expect(dead.masked);
    cr_expect_null(memmem(dead.masked_value.at, dead.masked_value.length, "1111", 4));
    cr_expect(rubbish.masked);
    cr_expect_null(memmem(rubbish.masked_value.at, rubbish.masked_value.length, "1111", 4));
    cr_expect_null(decide(TEXT("{\"orderId\":\"4111111111111111\"}"), 0).masked_value.at, "an id is no card");
}

Test(admission, card_numbers_get_no_further_in_other_clothes)
{
    static const char *const orders[] = {
        "{\"orderId\":\"ORD-1\",\"note\":4111111111111111}",
        "{\"orderId\":\"ORD-1\",\"note\":[-4111111111111111.00]}",
        "{\"orderId\":\"ORD-1\",\"shipTo\":{\"4111111111111111\":\"\"}}",
        "{\"orderId\":\"ORD-1\",\"4111111111111111\":1,\"4111 1111 1111 1111\":2,\"4111-1111-1111-1111\":3}",
        "{\"orderId\":4111111111111111}",
        "{\"note\":4111111111111111}",
    };

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct admission admission = decide(text_of(orders[i]), 0);
        struct text further = admission.dead_reason == NULL ? admission.inbox_value : admission.masked_value;
        const struct json *root;
        cr_expect(admission.masked, "%s", orders[i]);
        cr_expect_null(memmem(further.at, further.length, "1111", 4), "%s", orders[i]);
        cr_expect_eq(json_read(arena, further, &root), STATUS_OK, "%.*s", TEXT_ARG(further));
    }
}

/* An order that was sent again is as old as it says itself. */
Test(admission, what_was_made_long_ago_is_too_old_however_new_its_record_is)
{
    struct admission_rules rules = {.bytes_max = 2000, .retention_ms = 7 * DAY_MS, .policy = TEXT("{}")};
    struct application application = {
        .topic = TEXT("orders"), .value = TEXT("{\"orderId\":\"A\"}"), .time_ms = NOW_MS, .made_ms = NOW_MS - 8 * DAY_MS};
    struct admission admission = admission_decide(arena, &rules, &application, NOW_MS);

    cr_assert_not_null(admission.dead_reason);
    cr_expect_str_eq(admission.dead_reason, "too_old");
    application.made_ms = NOW_MS - 6 * DAY_MS;
    cr_expect_null(admission_decide(arena, &rules, &application, NOW_MS).dead_reason);
}
