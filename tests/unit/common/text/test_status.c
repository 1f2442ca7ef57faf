#include "status.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

static const struct {
    enum status status;
    const char *name;
    enum status_then then;
} expected[] = {
    {STATUS_OK, "OK", THEN_COMMIT},
    {STATUS_BAD_MESSAGE, "BAD_MESSAGE", THEN_BURY}, /* one bad record never stops a queue */
    {STATUS_CONFLICT, "CONFLICT", THEN_RETRY},
    {STATUS_UNAVAILABLE, "UNAVAILABLE", THEN_RETRY}, /* nothing is lost while Redis or Kafka is away */
    {STATUS_BROKEN, "BROKEN", THEN_BURY},
    {STATUS_NOT_FOUND, "NOT_FOUND", THEN_BURY},
    {STATUS_FATAL, "FATAL", THEN_STOP},
};

Test(status, every_status_has_its_name_and_its_consequence)
{
    cr_assert_eq(COUNT_OF(expected), STATUS_COUNT, "a status is missing in this test");
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        cr_expect_str_eq(status_name(expected[i].status), expected[i].name);
        cr_expect_eq(status_then(expected[i].status), expected[i].then, "%s", expected[i].name);
    }
}

Test(status, every_status_is_explained_in_its_own_words)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        cr_expect_gt(strlen(status_text((enum status)i)), 0, "%s", status_name((enum status)i));
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(status_text((enum status)i), status_text((enum status)j));
    }
}

static enum status goes_on_after(enum status status, bool *out_went_on)
{
    *out_went_on = false;
    TRY(status);
    *out_went_on = true;
    return STATUS_OK;
}

Test(status, try_goes_on_only_after_ok)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        bool went_on;
        cr_expect_eq(goes_on_after((enum status)i, &went_on), (enum status)i);
        cr_expect_eq(went_on, i == STATUS_OK, "%s", status_name((enum status)i));
    }
}

static int released;

static void counter_release(int *counter)
{
    if (counter != NULL)
        released += *counter;
}
DEFINE_CLEANUP(int, counter_release);

Test(status, cleanup_releases_what_a_scope_held)
{
    int three = 3;

    {
        CLEANUP(counter_release) int *held = &three;
        CLEANUP(counter_release) int *nothing = NULL;
        cr_expect_eq(released, 0);
        (void)held;
        (void)nothing;
    }
    cr_expect_eq(released, 3);
}
