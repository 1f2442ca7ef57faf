/* Where a dead letter lies, and how its bytes are shown. */
#include "dlq.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(dlq_letter, places_are_read_and_printed)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct place place;
    struct text text;

    cr_assert(place_read("saga.inbox.dlq/2/9223372036854775807", &place));
    cr_expect_str_eq(place.topic, "saga.inbox.dlq");
    cr_expect_eq(place.partition, 2);
    cr_expect_eq(place.offset, INT64_MAX);
    cr_expect(text_equals(place_origin(&place), TEXT("saga.inbox")));
    text = place_text(arena, &place);
    cr_expect(text_equals(text, TEXT("saga.inbox.dlq/2/9223372036854775807")), "%.*s", TEXT_ARG(text));
}

Test(dlq_letter, what_is_no_place_is_refused)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "//",
                                      "orders.dlq",
                                      "orders.dlq/0",
                                      "orders/0/1",
                                      ".dlq/0/1",
                                      "orders.dlq/0/",
                                      "orders.dlq//1",
                                      "orders.dlq/-1/1",
                                      "orders.dlq/0/-1",
                                      "orders.dlq/0/1x",
                                      "orders.dlq/2147483648/1",
                                      "orders.dlq/0/9223372036854775808",
                                      "orders.dlq/0/1/2"};
    char long_topic[300];
    struct place place = {.offset = 42};

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect_not(place_read(bad[i], &place), "%s", bad[i]);
    memset(long_topic, 'a', sizeof(long_topic));
    snprintf(long_topic + 200, sizeof(long_topic) - 200, ".dlq/0/1");
    cr_expect_not(place_read(long_topic, &place));
    cr_expect_eq(place.offset, 42, "it is left as it was");
}

Test(dlq_letter, topics_are_found_by_either_name)
{
    const char *topics[DLQ_TOPICS_MAX];

    cr_expect_eq(dlq_topics(NULL, topics), 6);
    cr_expect_eq(dlq_topics("orders", topics), 1);
    cr_expect_str_eq(topics[0], "orders.dlq");
    cr_expect_eq(dlq_topics("orders.dlq", topics), 1);
    cr_expect_eq(dlq_topics("order.events", topics), 0);
    cr_expect_eq(dlq_topics("order", topics), 0);
    cr_expect_eq(dlq_topics("", topics), 0);
}

Test(dlq_letter, topics_are_found_with_and_without_the_namespace)
{
    const char *topics[DLQ_TOPICS_MAX];

    namespace_use(TEXT("shop"));
    cr_expect_eq(dlq_topics("orders", topics), 1);
    cr_expect_str_eq(topics[0], "shop.orders.dlq");
    cr_expect_eq(dlq_topics("shop.orders", topics), 1);
    cr_expect_eq(dlq_topics("orders.dlq", topics), 1);
    cr_expect_eq(dlq_topics("shop.orders.dlq", topics), 1);
    cr_expect_eq(dlq_topics("other.orders", topics), 0);
}
