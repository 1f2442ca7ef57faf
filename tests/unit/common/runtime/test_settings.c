/* Settings from the environment: defaults, files, and every mistake told at once. */
#include "settings.h"
#include "service.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

struct example {
    char name[SETTING_TEXT_SIZE], password[SETTING_TEXT_SIZE];
    int64_t count, level;
};

static const struct setting table[] = {
    SETTING_TEXT("T_NAME", struct example, name, "nobody", "a name"),
    SETTING_SECRET("T_PASSWORD", struct example, password, "", "a secret"),
    SETTING_NUMBER("T_COUNT", struct example, count, 7, 1, 100, "a number"),
    SETTING_WORD("T_LEVEL", struct example, level, "info", "debug info error", "a word"),
};

static char *report;

/* A fresh report; what was in it before is gone. */
static FILE *open_report(void)
{
    static size_t size;

    free(report);
    report = NULL;
    return open_memstream(&report, &size);
}

static void forget_report(void) { free(report); }
TestSuite(settings, .fini = forget_report);

/* Reads the table; report then holds what was said. */
static size_t read_example(struct example *out)
{
    size_t mistakes;
    FILE *file = open_report();

    mistakes = settings_read(table, COUNT_OF(table), out, file);
    fclose(file);
    return mistakes;
}

static const char *temporary_file(const char *content)
{
    static char path[64];
    int descriptor;

    snprintf(path, sizeof(path), "/tmp/orderly-setting-XXXXXX");
    descriptor = mkstemp(path);
    cr_assert_geq(write(descriptor, content, strlen(content)), 0);
    close(descriptor);
    return path;
}

Test(settings, what_is_not_set_or_empty_gets_its_default)
{
    struct example example;

    setenv("T_COUNT", "", 1);
    cr_assert_eq(read_example(&example), 0, "%s", report);
    cr_expect_str_eq(example.name, "nobody");
    cr_expect_str_eq(example.password, "");
    cr_expect_eq(example.count, 7);
    cr_expect_eq(example.level, 1);
}

Test(settings, what_is_set_holds)
{
    struct example example;

    setenv("T_NAME", "somebody", 1);
    setenv("T_COUNT", "100", 1);
    setenv("T_LEVEL", "error", 1);
    cr_assert_eq(read_example(&example), 0, "%s", report);
    cr_expect_str_eq(example.name, "somebody");
    cr_expect_eq(example.count, 100);
    cr_expect_eq(example.level, 2);
}

Test(settings, a_value_may_come_from_a_file)
{
    struct example example;
    const char *path = temporary_file("hush\n");

    setenv("T_PASSWORD_FILE", path, 1);
    cr_assert_eq(read_example(&example), 0, "%s", report);
    cr_expect_str_eq(example.password, "hush", "without its line end");
    unlink(path);
    cr_expect_eq(read_example(&example), 1);
    cr_expect_not_null(strstr(report, "T_PASSWORD_FILE"), "%s", report);
}

/* As editors, shells and secret stores of other systems leave a file: none of it is part of a password. */
Test(settings, what_surrounds_a_value_in_a_file_is_not_of_it)
{
    static const char *const files[] = {
        "hush", "hush\n", "hush\r\n", "hush\n\n", "hush\r\n\r\n", "\xEF\xBB\xBFhush", "\xEF\xBB\xBFhush\r\n",
    };
    struct example example;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *path = temporary_file(files[i]);

        setenv("T_PASSWORD_FILE", path, 1);
        cr_expect_eq(read_example(&example), 0, "%zu: %s", i, report);
        cr_expect_str_eq(example.password, "hush", "%zu", i);
        unlink(path);
    }
}

Test(settings, a_file_of_no_value_is_told)
{
    static const char *const files[][2] = {
        {"", "the file is empty"}, {"\r\n", "the file is empty"}, {"\xEF\xBB\xBF\n", "the file is empty"},
        {"\xFF\xFEh", "UTF-16"},   {"\xFE\xFFh", "UTF-16"},
    };
    struct example example;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *path = temporary_file(files[i][0]);

        setenv("T_PASSWORD_FILE", path, 1);
        cr_expect_eq(read_example(&example), 1, "%zu", i);
        cr_expect_not_null(strstr(report, files[i][1]), "%zu: %s", i, report);
        unlink(path);
    }
}

Test(settings, what_stands_far_behind_a_value_in_a_file_is_not_passed_over)
{
    char content[1200];
    struct example example;

    memset(content, '\n', sizeof(content) - 2);
    memcpy(content, "hush", 4);
    content[sizeof(content) - 2] = 'x';
    content[sizeof(content) - 1] = '\0';
    setenv("T_PASSWORD_FILE", temporary_file(content), 1);
    cr_expect_eq(read_example(&example), 1);
    cr_expect_not_null(strstr(report, "more than 1023 bytes"), "%s", report);
    unlink(getenv("T_PASSWORD_FILE"));
}

Test(settings, all_mistakes_are_told_at_once)
{
    struct example example;

    setenv("T_COUNT", "101", 1);
    setenv("T_LEVEL", "loud", 1);
    cr_expect_eq(read_example(&example), 2);
    cr_expect_not_null(strstr(report, "T_COUNT"), "%s", report);
    cr_expect_not_null(strstr(report, "101"), "%s", report);
    cr_expect_not_null(strstr(report, "T_LEVEL"), "%s", report);
}

Test(settings, numbers_are_strict)
{
    static const char *const senseless[] = {"1.5", "0x10", " 5", "5 ", "five", "99999999999999999999", "-1", "0", "1e1", "+"};
    struct example example;

    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        setenv("T_COUNT", senseless[i], 1);
        cr_expect_eq(read_example(&example), 1, "'%s'", senseless[i]);
    }
}

Test(settings, a_secret_is_never_shown)
{
    struct example example;
    char longer[SETTING_TEXT_SIZE + 10];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memcpy(longer, "TOPSECRET", 9);
    setenv("T_PASSWORD", longer, 1);
    cr_expect_eq(read_example(&example), 1, "it is too long");
    cr_expect_null(strstr(report, "TOPSECRET"), "%s", report);
}

static size_t read_passed(struct bus_properties *out)
{
    size_t mistakes;
    FILE *file = open_report();

    mistakes = settings_read_passed(out, file);
    fclose(file);
    return mistakes;
}

Test(settings, properties_of_librdkafka_pass_through)
{
    struct bus_properties passed;

    setenv("RDKAFKA_SECURITY_PROTOCOL", "ssl", 1);
    setenv("RDKAFKA_SSL_CA_LOCATION", "/ca.pem", 1);
    cr_assert_eq(read_passed(&passed), 0, "%s", report);
    cr_expect_eq(passed.count, 2);
    for (size_t i = 0; i < passed.count; i++)
        cr_expect(strcmp(passed.list[i].name, "security.protocol") == 0 || strcmp(passed.list[i].name, "ssl.ca.location") == 0);
}

Test(settings, what_carries_the_guarantees_is_refused)
{
    static const char *const refused[] = {"ACKS",
                                          "ENABLE_IDEMPOTENCE",
                                          "ENABLE_AUTO_COMMIT",
                                          "ENABLE_AUTO_OFFSET_STORE",
                                          "GROUP_ID",
                                          "GROUP_INSTANCE_ID",
                                          "PARTITIONER",
                                          "MESSAGE_TIMEOUT_MS",
                                          "TRANSACTIONAL_ID",
                                          "AUTO_OFFSET_RESET",
                                          "BOOTSTRAP_SERVERS"};
    struct bus_properties passed;
    char name[64];

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        snprintf(name, sizeof(name), "RDKAFKA_%s", refused[i]);
        setenv(name, "1", 1);
        cr_expect_eq(read_passed(&passed), 1, "%s", name);
        cr_expect_not_null(strstr(report, name), "%s", report);
        unsetenv(name);
    }
}

Test(settings, help_and_markdown_name_every_setting_of_the_services)
{
    size_t count;
    const struct setting *services = service_settings_table(&count);
    FILE *file = open_report();

    settings_print(services, count, file);
    settings_print_markdown(services, count, file);
    fclose(file);
    for (size_t i = 0; i < count; i++) {
        cr_expect_not_null(strstr(report, services[i].name), "%s", services[i].name);
        cr_expect_not_null(strstr(report, services[i].meaning), "%s", services[i].name);
    }
}
