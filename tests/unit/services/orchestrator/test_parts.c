/* A batch is handled in parts when its sagas are large, and in one when they are small. */
#include "parts.h"

#include <criterion/criterion.h>

#define GROUPS 100

static struct group groups[GROUPS];
static struct heard heard[GROUPS];
static const struct inbox_record reply = {.kind = {"reply", 5}}, order = {.kind = {"order", 5}};

/* Each group hears one reply, of a saga that no cache has. */
static struct batch batch_of_replies(void)
{
    for (size_t i = 0; i < GROUPS; i++) {
        heard[i] = (struct heard){.message = &reply};
        groups[i] = (struct group){.order_id = TEXT("A"), .heard = &heard[i], .heard_count = 1};
    }
    return (struct batch){.groups = groups, .group_count = GROUPS};
}

Test(parts, are_small_as_long_as_nobody_knows_how_large_sagas_are)
{
    struct batch batch = batch_of_replies(), part = batch_part(&batch, 0, 0);

    cr_expect_eq(part.group_count, PART_LOADS_LEAST);
    part = batch_part(&batch, 96, 0);
    cr_expect_eq(part.groups, &groups[96]);
    cr_expect_eq(part.group_count, 4);
    cr_expect_eq(batch_part(&batch, GROUPS, 0).group_count, 0);
}

Test(parts, grow_with_what_fits)
{
    struct batch batch = batch_of_replies();

    cr_expect_eq(batch_part(&batch, 0, 3000).group_count, GROUPS);
    cr_expect_eq(batch_part(&batch, 0, PART_BYTES_MAX / 50).group_count, 50);
    cr_expect_eq(batch_part(&batch, 0, PART_BYTES_MAX).group_count, PART_LOADS_LEAST, "however large they are");
}

Test(parts, count_only_what_has_to_be_loaded)
{
    struct batch batch = batch_of_replies();

    for (size_t i = 0; i < GROUPS / 2; i++)
        heard[i].message = &order; /* what it brings is part of the batch already */
    cr_expect_eq(batch_part(&batch, 0, 0).group_count, GROUPS / 2 + PART_LOADS_LEAST);
}

Test(parts, the_largest_saga_that_was_loaded_tells)
{
    struct batch batch = batch_of_replies();

    cr_expect_eq(batch_saga_bytes(&batch, 77), 77, "nothing was loaded");
    groups[3].old_values[0] = (struct text){"x", 1000};
    groups[3].old_values[5] = (struct text){"x", 500};
    groups[4].old_values[0] = (struct text){"x", 9000};
    groups[4].cached = true;
    cr_expect_eq(batch_saga_bytes(&batch, 77), 1500);
}
