/* What a person says to a saga: the orchestrator must be able to read it. */
#include "order_signal.h"

#include "message.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(order_signal, .init = set_up, .fini = tear_down);

static struct text value_of(const char *by, const char *reason)
{
    return signal_value(arena, &(struct order_signal){.kind = "cancel", .order_id = TEXT("ORD-1"), .by = by, .reason = reason});
}

Test(order_signal, is_read_as_it_was_said)
{
    struct text value = value_of("ada", "say \"no\"\n");
    struct inbox_record record;
    const struct json *root;

    cr_assert_eq(json_read(arena, value, &root), STATUS_OK);
    cr_assert_eq(inbox_read(arena, root, &record), STATUS_OK);
    cr_expect(text_equals(record.kind, TEXT("cancel")));
    cr_expect(text_equals(record.order_id, TEXT("ORD-1")));
    cr_expect(text_equals(record.requested_by, TEXT("ada")));
    cr_expect(text_equals(record.reason, TEXT("say \"no\"\n")));
}

Test(order_signal, says_nothing_of_what_is_not_known)
{
    cr_expect(text_equals(value_of(NULL, ""), TEXT("{\"kind\":\"cancel\",\"orderId\":\"ORD-1\"}")));
}

Test(order_signal, what_nobody_could_read_is_not_said)
{
    char longer[REASON_MAX + 2], kanji[3 * REASON_MAX + 1];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    cr_expect_not(text_is_there(value_of("ada", longer)));
    cr_expect_not(text_is_there(value_of("ada", "\xff")));
    longer[REASON_MAX] = '\0';
    cr_expect(text_is_there(value_of("ada", longer)));
    for (size_t i = 0; i < REASON_MAX; i++)
        memcpy(kanji + 3 * i, "\u65e5", 3);
    kanji[3 * REASON_MAX] = '\0';
    cr_expect(text_is_there(value_of(kanji, kanji)), "characters, not bytes");
}

Test(order_signal, the_user_comes_from_the_environment)
{
    setenv("USER", "grace", 1);
    cr_expect_str_eq(signal_user(), "grace");
}
