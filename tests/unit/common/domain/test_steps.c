/* The table of moves, and docs/saga.md that is printed from it. */
#include "steps.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(steps, every_status_has_a_text_of_its_own)
{
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++) {
        cr_expect_eq(saga_status_of(text_of(saga_status_text(status))), status);
        cr_expect_neq(saga_status_index(status)[0], '\0');
    }
    cr_expect_eq(saga_status_of(TEXT("")), SAGA_NONE);
    cr_expect_eq(saga_status_of(TEXT("complete")), SAGA_NONE);
}

Test(steps, every_command_has_a_type_of_its_own)
{
    for (enum ask ask = ASK_NOTHING + 1; ask < ASK_COUNT; ask++)
        cr_expect_eq(ask_of(text_of(ask_type(ask))), ask);
    cr_expect_eq(ask_of(TEXT("payment.steal")), ASK_NOTHING);
}

Test(steps, undo_walks_upwards)
{
    cr_expect_eq(step_to_undo(3), 3);
    cr_expect_eq(step_to_undo(2), 2);
    cr_expect_eq(step_to_undo(0), STEP_NONE);
    cr_expect_eq(step_to_undo(STEP_NONE), STEP_NONE);
    cr_expect_eq(step_at(STEP_PIVOT)->ask, ASK_SHIP);
}

Test(steps, saga_md_is_current)
{
    char *printed = NULL, *kept = NULL;
    size_t printed_size = 0, kept_size;
    FILE *out = open_memstream(&printed, &printed_size);
    FILE *in = fopen("docs/saga.md", "r"); /* tests run in the top folder */

    steps_print_markdown(out);
    fclose(out);
    cr_assert_not_null(in, "docs/saga.md is missing: print-saga > docs/saga.md");
    kept = calloc(1, printed_size + 2);
    kept_size = fread(kept, 1, printed_size + 1, in);
    fclose(in);
    cr_expect_eq(kept_size, printed_size);
    cr_expect_str_eq(kept, printed, "print it again: print-saga > docs/saga.md");
    free(printed);
    free(kept);
}
