/* What the list keeps while it reads all. */
#include "dlq_newest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct listed_letter letter(int64_t buried_ms, int64_t offset)
{
    struct listed_letter listed = {.letter = {.buried_ms = buried_ms, .place = {.topic = "orders.dlq", .offset = offset}}};

    return listed;
}

Test(dlq_newest, keeps_the_newest_in_any_order_of_coming)
{
    for (size_t limit = 1; limit <= 70; limit += 23) {
        CLEANUP(newest_destroy) struct newest *newest = newest_create(limit);
        for (int64_t i = 0; i < 1000; i++) {
            struct listed_letter listed = letter(i * 7919 % 1000, i); /* every time from 0 to 999 once */
            newest_add(newest, &listed);
            cr_assert_leq(newest->room, 2 * limit, "bounded");
        }
        newest_settle(newest);
        cr_assert_eq(newest->count, limit);
        for (size_t i = 0; i < limit; i++)
            cr_expect_eq(newest->letters[i].letter.buried_ms, 999 - (int64_t)i);
    }
}

Test(dlq_newest, of_one_time_the_last_comes_first)
{
    CLEANUP(newest_destroy) struct newest *newest = newest_create(2);
    struct listed_letter first = letter(5, 1), last = letter(5, 2), old = letter(4, 3);

    newest_add(newest, &first);
    newest_add(newest, &old);
    newest_add(newest, &last);
    newest_settle(newest);
    cr_expect_eq(newest->letters[0].letter.place.offset, 2);
    cr_expect_eq(newest->letters[1].letter.place.offset, 1);
}

Test(dlq_newest, nothing_is_nothing)
{
    CLEANUP(newest_destroy) struct newest *newest = newest_create(3);

    newest_settle(newest);
    cr_expect_eq(newest->count, 0);
    cr_expect_eq(newest->count_count, 0);
}

Test(dlq_newest, counts_by_topic_and_reason)
{
    CLEANUP(newest_destroy) struct newest *newest = newest_create(1);
    struct letter one = {.place = {.topic = "b.dlq"}, .reason = "conflict"};
    struct letter other = {.place = {.topic = "a.dlq"}, .reason = "conflict", .redriven = true};

    newest_count(newest, &one);
    newest_count(newest, &other);
    newest_count(newest, &one);
    newest_settle(newest);
    cr_assert_eq(newest->count_count, 2);
    cr_expect_str_eq(newest->counts[0].topic, "a.dlq");
    cr_expect_eq(newest->counts[0].waiting, 0);
    cr_expect_eq(newest->counts[0].redriven, 1);
    cr_expect_eq(newest->counts[1].waiting, 2);
    cr_expect_eq(newest->counts[1].redriven, 0);
}

Test(dlq_newest, more_reasons_than_can_be_told_apart_lose_no_letter)
{
    CLEANUP(newest_destroy) struct newest *newest = newest_create(1);
    int64_t total = 0;

    for (int i = 0; i < 3 * DLQ_COUNTS_MAX; i++) {
        struct letter strange = {.place = {.topic = "orders.dlq"}};
        snprintf(strange.reason, sizeof(strange.reason), "strange-%d", i);
        newest_count(newest, &strange);
    }
    newest_settle(newest);
    for (size_t i = 0; i < newest->count_count; i++)
        total += newest->counts[i].waiting;
    cr_expect_eq(newest->count_count, DLQ_COUNTS_MAX);
    cr_expect_eq(total, 3 * DLQ_COUNTS_MAX);
    cr_expect_str_eq(newest->counts[0].reason, "(others)");
}
