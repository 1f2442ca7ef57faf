/* What seemed wrong: kept, joined, and compared with a second look. */
#include "audit_finding.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct audit_findings findings;

static void clear(void) { audit_findings_free(&findings); }
TestSuite(audit_finding, .fini = clear);

static void note(const char *id, int64_t version, audit_set violations)
{
    audit_findings_note(&findings, text_of(id), TEXT_NONE, version, violations);
}

static void note_record(int32_t partition, int64_t offset)
{
    audit_findings_add(&findings, &(struct audit_finding){.order_id = "R",
                                                          .partition = partition,
                                                          .offset = offset,
                                                          .violations = AUDIT_SET(AUDIT_ORDER_UNANSWERED)});
}

Test(audit_finding, one_for_each_order_and_its_latest_version)
{
    note("B", 3, 1);
    note("A", 1, 2);
    note("B", 4, 4);
    note("B", 4, 8);
    note("B", 2, 16);
    audit_findings_merge(&findings);
    cr_assert_eq(findings.count, 2);
    cr_expect_str_eq(findings.list[0].order_id, "A");
    cr_expect_str_eq(findings.list[1].order_id, "B");
    cr_expect_eq(findings.list[1].version, 4);
    cr_expect_eq(findings.list[1].violations, 12);
}

Test(audit_finding, records_stay_apart_and_go_last)
{
    note_record(1, 5);
    note_record(0, 9);
    note_record(1, 4);
    note("Z", 1, 1);
    note("R", 1, 1);
    audit_findings_merge(&findings);
    cr_assert_eq(findings.count, 5);
    cr_expect_str_eq(findings.list[1].order_id, "Z");
    cr_expect_eq(findings.list[2].offset, 9);
    cr_expect_eq(findings.list[3].offset, 4);
    cr_expect_eq(findings.list[4].offset, 5);
}

Test(audit_finding, merging_nothing)
{
    audit_findings_merge(&findings);
    cr_expect_eq(findings.count, 0);
}

Test(audit_finding, no_more_than_there_is_room_for)
{
    char id[32];

    for (size_t i = 0; i < AUDIT_FINDINGS_MAX + 3; i++) {
        snprintf(id, sizeof(id), "O-%zu", i);
        note(id, 1, 1);
    }
    cr_expect_eq(findings.count, AUDIT_FINDINGS_MAX);
    cr_expect_eq(findings.left_out, 3);
}

Test(audit_finding, an_id_that_no_order_can_have_is_only_counted)
{
    char id[200];

    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    note(id, 1, 1);
    cr_expect_eq(findings.count, 0);
    cr_expect_eq(findings.left_out, 1);
    id[ORDER_ID_MAX] = '\0';
    note(id, 1, 1);
    cr_expect_eq(findings.count, 1);
}

Test(audit_finding, only_what_both_looks_saw_at_the_same_version_is_true)
{
    struct audit_finding first = {.version = 3, .violations = 6}, second = {.version = 3, .violations = 5};
    audit_set sure, again;

    audit_finding_compare(&first, &second, &sure, &again);
    cr_expect_eq(sure, 4);
    cr_expect_eq(again, 1);
    second.version = 4;
    audit_finding_compare(&first, &second, &sure, &again);
    cr_expect_eq(sure, 0);
    cr_expect_eq(again, 5, "it moved on: judged anew");
}
