/* What the doctor calls good. */
#include "doctor_rules.h"

#include <criterion/criterion.h>

Test(doctor_rules, settings_of_topics)
{
    static const struct {
        const char *name, *is, *planned;
        enum finding finding;
    } cases[] = {
        {"message.timestamp.type", "LogAppendTime", "LogAppendTime", FINDING_OK},
        {"message.timestamp.type", "CreateTime", "LogAppendTime", FINDING_WRONG},
        {"retention.ms", "604800000", "604800000", FINDING_OK},
        {"retention.ms", "604799999", "604800000", FINDING_WRONG},
        {"retention.ms", "604800001", "604800000", FINDING_WARNING},
        {"retention.ms", "-1", "604800000", FINDING_WARNING},
        {"segment.ms", "21600000", "21600000", FINDING_OK},
        {"segment.ms", "604800000", "21600000", FINDING_WRONG},
        {"segment.ms", "3600000", "21600000", FINDING_OK},
        {"max.message.bytes", "1048588", "2097152", FINDING_WRONG},
        {"max.message.bytes", "4194304", "2097152", FINDING_WARNING},
        {"flush.messages", "9223372036854775807", "1", FINDING_WRONG},
        {"flush.messages", "1", "1", FINDING_OK},
        {"min.insync.replicas", "1", "2", FINDING_WRONG},
        {"min.insync.replicas", "3", "2", FINDING_WARNING},
        {"retention.ms", "long", "604800000", FINDING_WRONG},
        {"something.new", "a", "b", FINDING_WARNING},
        {"something.new", "a", "a", FINDING_OK},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *why = NULL;
        cr_expect_eq(setting_finding(cases[i].name, cases[i].is, cases[i].planned, &why), cases[i].finding, "%s=%s",
                     cases[i].name, cases[i].is);
        cr_assert_not_null(why);
        if (cases[i].finding == FINDING_OK)
            cr_expect_str_eq(why, "");
    }
}

Test(doctor_rules, info_of_redis)
{
    struct text info =
        TEXT("# Server\r\nredis_version:7.0.15\r\nredis_version_more:x\r\n\r\n# Memory\r\nused_memory:12\r\nempty:\r\nlast:1");

    cr_expect(text_equals(info_field(info, "redis_version"), TEXT("7.0.15")));
    cr_expect(text_equals(info_field(info, "used_memory"), TEXT("12")));
    cr_expect(text_equals(info_field(info, "last"), TEXT("1")));
    cr_expect(text_is_there(info_field(info, "empty")));
    cr_expect_eq(info_field(info, "empty").length, 0);
    cr_expect_not(text_is_there(info_field(info, "memory")));
    cr_expect_not(text_is_there(info_field(TEXT_NONE, "redis_version")));
}

Test(doctor_rules, versions)
{
    cr_expect_not(version_is_older(TEXT("7.0.15"), 7, 0));
    cr_expect_not(version_is_older(TEXT("8.0"), 7, 0));
    cr_expect_not(version_is_older(TEXT("10.1.0"), 7, 2));
    cr_expect(version_is_older(TEXT("6.2.14"), 7, 0));
    cr_expect(version_is_older(TEXT("7.0.15"), 7, 2));
    cr_expect_not(version_is_older(TEXT("unstable"), 7, 0));
    cr_expect_not(version_is_older(TEXT(""), 7, 0));
    cr_expect_not(version_is_older(TEXT("6"), 7, 0));
}

Test(doctor_rules, clocks_and_memory)
{
    cr_expect_eq(skew_finding(0), FINDING_OK);
    cr_expect_eq(skew_finding(-2000), FINDING_OK);
    cr_expect_eq(skew_finding(2001), FINDING_WARNING);
    cr_expect_eq(skew_finding(-60001), FINDING_WRONG);
    cr_expect_eq(ahead_finding(-86400000), FINDING_OK, "nothing was sent for a day");
    cr_expect_eq(ahead_finding(2000), FINDING_OK);
    cr_expect_eq(ahead_finding(2001), FINDING_WARNING);
    cr_expect_eq(ahead_finding(60001), FINDING_WRONG);
    cr_expect_eq(memory_finding(INT64_MAX, 0), FINDING_OK);
    cr_expect_eq(memory_finding(79, 100), FINDING_OK);
    cr_expect_eq(memory_finding(80, 100), FINDING_WARNING);
    cr_expect_eq(memory_finding(95, 100), FINDING_WRONG);
}

Test(doctor_rules, groups)
{
    static const struct {
        const char *story;
        int64_t low, high, high_later, committed;
        int members;
        int64_t waiting, missed, beyond;
        enum finding finding;
    } cases[] = {
        {"all done", 10, 20, 20, 20, 1, 0, 0, 0, FINDING_OK},
        {"a backlog", 10, 20, 25, 12, 2, 8, 0, 0, FINDING_OK},
        {"a backlog and nobody there", 10, 20, 20, 12, 0, 8, 0, 0, FINDING_WRONG},
        {"nothing to do, nobody there", 0, 0, 0, -1, 0, 0, 0, 0, FINDING_WARNING},
        {"never began", 5, 20, 20, -1, 1, 15, 0, 0, FINDING_OK},
        {"commits while it is looked at", 0, 20, 30, 25, 1, 0, 0, 0, FINDING_OK},
        {"retention was faster", 10, 20, 20, 4, 1, 10, 6, 0, FINDING_WRONG},
        {"the log lost its end", 0, 20, 20, 50, 1, 0, 0, 30, FINDING_WRONG},
        {"who is there is not told", 0, 20, 20, 10, -1, 10, 0, 0, FINDING_OK},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct group_progress progress = {0};
        progress_add(&progress, cases[i].low, cases[i].high, cases[i].high_later, cases[i].committed);
        cr_expect_eq(progress.waiting, cases[i].waiting, "%s", cases[i].story);
        cr_expect_eq(progress.missed, cases[i].missed, "%s", cases[i].story);
        cr_expect_eq(progress.beyond, cases[i].beyond, "%s", cases[i].story);
        cr_expect_eq(group_finding(&progress, cases[i].members), cases[i].finding, "%s", cases[i].story);
    }
}

Test(doctor_rules, words)
{
    cr_expect_str_eq(finding_word(FINDING_OK), "ok");
    cr_expect_str_eq(finding_word(FINDING_WRONG), "wrong");
    cr_expect_eq(finding_worse(FINDING_WRONG, FINDING_WARNING), FINDING_WRONG);
    cr_expect_eq(finding_worse(FINDING_OK, FINDING_UNKNOWN), FINDING_UNKNOWN);
}
