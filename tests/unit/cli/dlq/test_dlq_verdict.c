/* May a dead letter go back? Every reason to say no, each with and without force. */
#include "dlq_verdict.h"

#include <criterion/criterion.h>

#define DAY DLQ_DAY_MS
#define NOW (100 * DAY)

static const struct {
    const char *story;
    struct letter letter;
    bool named;
    enum verdict plain, forced;
} cases[] = {
    {"an order that was too large",
     {.is_ours = true, .reason = "too_large", .written_ms = NOW - DAY},
     false,
     VERDICT_SEND,
     VERDICT_SEND},
    {"back for the second time",
     {.is_ours = true, .reason = "unknown_type", .written_ms = NOW, .redrives = 2},
     false,
     VERDICT_SEND,
     VERDICT_SEND},
    {"back for the third time",
     {.is_ours = true, .reason = "unknown_type", .written_ms = NOW, .redrives = 3},
     false,
     VERDICT_TOO_OFTEN,
     VERDICT_SEND},
    {"back for the fourth time",
     {.is_ours = true, .reason = "unknown_type", .written_ms = NOW, .redrives = 4},
     true,
     VERDICT_TOO_OFTEN,
     VERDICT_SEND},
    {"of a broken saga", {.is_ours = true, .reason = "saga_broken", .written_ms = NOW - DAY}, false, VERDICT_SEND, VERDICT_SEND},
    {"a conflict", {.is_ours = true, .reason = "conflict", .written_ms = NOW}, true, VERDICT_CONFLICT, VERDICT_SEND},
    {"exactly as old as may be",
     {.is_ours = true, .reason = "not_json", .written_ms = NOW - 7 * DAY},
     false,
     VERDICT_SEND,
     VERDICT_SEND},
    {"a millisecond older",
     {.is_ours = true, .reason = "not_json", .written_ms = NOW - 7 * DAY - 1},
     false,
     VERDICT_TOO_OLD,
     VERDICT_SEND},
    {"too old when it came", {.is_ours = true, .reason = "too_old", .written_ms = NOW}, false, VERDICT_TOO_OLD, VERDICT_SEND},
    {"masked", {.is_ours = true, .reason = "not_json", .written_ms = NOW, .masked = true}, false, VERDICT_MASKED, VERDICT_SEND},
    {"cut", {.is_ours = true, .reason = "too_large", .written_ms = NOW, .cut = true}, true, VERDICT_CUT, VERDICT_CUT},
    {"no dead letter of ours", {.reason = "not_json", .written_ms = NOW}, true, VERDICT_NOT_OURS, VERDICT_NOT_OURS},
    {"redriven, among all",
     {.is_ours = true, .reason = "not_json", .written_ms = NOW, .redriven = true},
     false,
     VERDICT_REDRIVEN,
     VERDICT_REDRIVEN},
    {"redriven, by name",
     {.is_ours = true, .reason = "not_json", .written_ms = NOW, .redriven = true},
     true,
     VERDICT_REDRIVEN,
     VERDICT_SEND},
    {"redriven and cut",
     {.is_ours = true, .reason = "x", .written_ms = NOW, .redriven = true, .cut = true},
     true,
     VERDICT_CUT,
     VERDICT_CUT},
};

Test(dlq_verdict, every_case)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redrive_rules rules = {.now_ms = NOW, .retention_ms = 7 * DAY, .named = cases[i].named};
        cr_expect_eq(redrive_verdict(&cases[i].letter, &rules), cases[i].plain, "%s: %s", cases[i].story,
                     verdict_word(redrive_verdict(&cases[i].letter, &rules)));
        rules.force = true;
        cr_expect_eq(redrive_verdict(&cases[i].letter, &rules), cases[i].forced, "%s, forced: %s", cases[i].story,
                     verdict_word(redrive_verdict(&cases[i].letter, &rules)));
    }
}

Test(dlq_verdict, words_are_distinct)
{
    for (enum verdict a = 0; a < VERDICT_COUNT; a++)
        for (enum verdict b = 0; b < a; b++) {
            cr_expect_str_neq(verdict_word(a), verdict_word(b));
            cr_expect_str_neq(verdict_text(a), verdict_text(b));
        }
}
