/* Keys of Redis: how each is made, with and without a namespace, and what a key is about. */
#include "keys.h"
#include "names.h"

#include <criterion/criterion.h>

/* "shop" stands where a namespace does; without one the first letters are left out. */
static const struct {
    const char *name;
    enum key_kind kind;
    const char *order_id, *warehouse;
} names[] = {
    {"saga:A:B", KEY_SAGA, "A:B", ""},
    {"{saga:A:B}:history", KEY_HISTORY, "A:B", ""},
    {"{saga:A}:other", KEY_OTHER, "", ""},
    {"{saga:A", KEY_OTHER, "", ""},
    {"payment:A", KEY_PAYMENT, "A", ""},
    {"shipment:A", KEY_SHIPMENT, "A", ""},
    {"stock:main", KEY_STOCK, "", "main"},
    {"{stock:main}:supplied", KEY_STOCK, "", "main"},
    {"{stock:main}:taken", KEY_STOCK, "", "main"},
    {"{stock:main}:swept", KEY_STOCK, "", "main"},
    {"{stock:main}:reservation:A:B", KEY_RESERVATION, "A:B", "main"},
    {"{stock:main}:operation:A", KEY_OTHER, "", ""},
    {"{stock:}", KEY_OTHER, "", ""},
    {"{stock:", KEY_OTHER, "", ""},
    {"sagas:running", KEY_OTHER, "", ""},
    {"sagas:timers:3", KEY_OTHER, "", ""},
    {"catalog", KEY_OTHER, "", ""},
    {"", KEY_OTHER, "", ""},
};

static void expect_parts(struct text name, size_t i)
{
    struct key_parts key = key_read(name);

    cr_expect_eq(key.kind, names[i].kind, "%.*s", TEXT_ARG(name));
    cr_expect(text_equals(key.order_id, text_of(names[i].order_id)), "%.*s", TEXT_ARG(name));
    cr_expect(text_equals(key.warehouse, text_of(names[i].warehouse)), "%.*s", TEXT_ARG(name));
}

Test(keys, are_known_by_their_names)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        expect_parts(text_of(names[i].name), i);
}

Test(keys, are_known_by_their_names_in_a_namespace_and_those_of_others_are_not)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    namespace_use(TEXT("shop"));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        bool in_braces = names[i].name[0] == '{';
        expect_parts(text_format(arena, "%sshop:%s", in_braces ? "{" : "", names[i].name + in_braces), i);
        cr_expect_eq(key_read(text_of(names[i].name)).kind, KEY_OTHER, "%s", names[i].name);
    }
}

static void expect_key(struct text key, const char *wanted)
{
    cr_expect(text_equals(key, text_of(wanted)), "%.*s, not %s", TEXT_ARG(key), wanted);
}

Test(keys, are_made_as_the_contract_says)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    expect_key(key_saga(arena, TEXT("A")), "saga:A");
    expect_key(key_history(arena, TEXT("A")), "{saga:A}:history");
    expect_key(key_payment(arena, TEXT("A")), "payment:A");
    expect_key(key_shipment(arena, TEXT("A")), "shipment:A");
    expect_key(key_reservation(arena, TEXT("main"), TEXT("A")), "{stock:main}:reservation:A");
    expect_key(key_index(arena, SAGA_FULFILLING), "sagas:running");
    expect_key(key_index(arena, SAGA_NEEDS_ATTENTION), "sagas:needs_attention");
    expect_key(key_broken(arena), "sagas:broken");
    expect_key(key_timers(arena, 15), "sagas:timers:15");
    expect_key(key_stock(arena, TEXT("main"), STOCK_LEFT), "stock:main");
    expect_key(key_stock(arena, TEXT("main"), STOCK_SUPPLIED), "{stock:main}:supplied");
    expect_key(key_stock_operation(arena, TEXT("main"), TEXT("D-1")), "{stock:main}:operation:D-1");
    expect_key(key_catalog(arena), "catalog");
    expect_key(key_redriven(arena), "dlq:redriven");
    expect_key(keys_of_reservations(arena), "{stock:*}:reservation:*");
}

Test(keys, stand_behind_the_namespace_inside_the_braces)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    namespace_use(TEXT("shop"));
    expect_key(key_saga(arena, TEXT("A")), "shop:saga:A");
    expect_key(key_history(arena, TEXT("A")), "{shop:saga:A}:history");
    expect_key(key_stock(arena, TEXT("main"), STOCK_TAKEN), "{shop:stock:main}:taken");
    expect_key(keys_of_sagas(arena), "shop:saga:*");
    expect_key(keys_of_reservations(arena), "{shop:stock:*}:reservation:*");
}

Test(names, of_topics_and_groups_stand_behind_the_namespace)
{
    char group[TOPIC_NAME_SIZE];

    cr_expect_str_eq(topic_name(TOPIC_INBOX), "saga.inbox");
    cr_expect_str_eq(group_name("payment", group), "orderly-payment");
    namespace_use(TEXT("shop"));
    cr_expect_str_eq(topic_name(TOPIC_INBOX), "shop.saga.inbox");
    cr_expect_str_eq(topic_plain_name(TOPIC_INBOX), "saga.inbox");
    cr_expect(topic_is(TEXT("shop.orders"), TOPIC_ORDERS));
    cr_expect_not(topic_is(TEXT("orders"), TOPIC_ORDERS));
    cr_expect_str_eq(group_name("payment", group), "shop.orderly-payment");
}

Test(names, a_namespace_can_not_be_taken_for_something_else)
{
    static const char *const good[] = {"", "shop", "eu-1", "A_b", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {"saga", "stock", "a.b", "a:b", "a b", "{a", "a*", "abcdefghijklmnopqrstuvwxyz0123456"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_expect(namespace_is_good(text_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect_not(namespace_is_good(text_of(bad[i])), "%s", bad[i]);
}
