/* What the command line works out by itself: topics, catalog files, money. */
#include "catalog_file.h"
#include "money.h"
#include "topic_plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(cli, .init = set_up, .fini = tear_down);

static const char *config_value(const struct topic_plan *plan, const char *name)
{
    for (size_t i = 0; plan->config[i] != NULL; i += 2)
        if (strcmp(plan->config[i], name) == 0)
            return plan->config[i + 1];
    return "";
}

Test(cli, topics_are_as_the_design_says)
{
    struct cli_settings alone = {.topic_partitions = 6, .topic_replication = 1, .retention_days = 7};
    struct cli_settings cluster = {.topic_partitions = 12, .topic_replication = 3, .retention_days = 1};
    struct topic_plan plans[TOPIC_PLAN_COUNT];
    size_t dead = 0;

    topic_plans(arena, &alone, plans);
    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++) {
        bool is_dead = strstr(plans[i].name, ".dlq") != NULL;
        dead += is_dead;
        cr_expect_str_neq(plans[i].name, "order.events.dlq");
        cr_expect_eq(plans[i].partitions, 6);
        cr_expect_str_eq(config_value(&plans[i], "message.timestamp.type"), "LogAppendTime");
        cr_expect_str_eq(config_value(&plans[i], "retention.ms"), is_dead ? "2592000000" : "604800000", "%s", plans[i].name);
        cr_expect_str_eq(config_value(&plans[i], "segment.ms"), "21600000");
        cr_expect_str_eq(config_value(&plans[i], "flush.messages"), "1");
        cr_expect_str_eq(config_value(&plans[i], "min.insync.replicas"), "");
    }
    cr_expect_eq(dead, 6);
    topic_plans(arena, &cluster, plans);
    cr_expect_eq(plans[0].replication, 3);
    cr_expect_str_eq(config_value(&plans[0], "min.insync.replicas"), "2");
    cr_expect_str_eq(config_value(&plans[0], "flush.messages"), "");
    cr_expect_str_eq(config_value(&plans[0], "retention.ms"), "86400000");
}

Test(cli, money_has_the_decimals_of_its_currency)
{
    static const struct {
        int64_t amount;
        const char *currency, *text;
    } cases[] = {
        {0, "USD", "0.00 USD"},    {5, "USD", "0.05 USD"},     {1999, "USD", "19.99 USD"},
        {1999, "JPY", "1999 JPY"}, {1999, "BHD", "1.999 BHD"}, {INT64_C(9007199254740992), "EUR", "90071992547409.92 EUR"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect(text_equals(money_text(arena, cases[i].amount, text_of(cases[i].currency)), text_of(cases[i].text)), "%s",
                  cases[i].text);
}

#define PRODUCT(id, rest) "{\"productId\":\"" id "\",\"name\":\"N\",\"unitPrice\":1,\"currency\":\"USD\"" rest "}"

static const struct {
    const char *file, *mistake; /* "" for none */
} files[] = {
    {"{\"products\":[]}", ""},
    {"{\"products\":[" PRODUCT("A", "") "]}", ""},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":{\"main\":0,\"east\":7}") "],\"more\":1}", ""},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":null") "]}", ""},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":{\"main\":null}") "]}", ""},
    {"", "the file is empty"},
    {"[]", "products: missing"},
    {"{\"products\":{}}", "products: missing"},
    {"{\"products\":[7]}", "products[0]: not an object"},
    {"{\"products\":[" PRODUCT("A", "") "," PRODUCT("A", "") "]}", "A is listed twice"},
    {"{\"products\":[" PRODUCT("a b", "") "]}", "products[0].productId"},
    {"{\"products\":[{\"productId\":\"A\",\"unitPrice\":1,\"currency\":\"USD\"}]}", "products[0].name"},
    {"{\"products\":[{\"productId\":\"A\",\"name\":\"N\",\"unitPrice\":1,\"currency\":\"usd\"}]}", "products[0].currency"},
    {"{\"products\":[{\"productId\":\"A\",\"name\":\"N\",\"unitPrice\":-1,\"currency\":\"USD\"}]}", "products[0].unitPrice"},
    {"{\"products\":[{\"productId\":\"A\",\"name\":\"N\",\"unitPrice\":19.99,\"currency\":\"USD\"}]}", "products[0].unitPrice"},
    {"{\"products\":[{\"productId\":\"A\",\"name\":\"N\",\"unitPrice\":9007199254740993,\"currency\":\"USD\"}]}",
     "products[0].unitPrice"},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":7") "]}", "products[0].stock"},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":{\"a:b\":7}") "]}", "products[0].stock"},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":{\"main\":-1}") "]}", "products[0].stock"},
    {"{\"products\":[" PRODUCT("A", ",\"stock\":{\"main\":1.5}") "]}", "products[0].stock"},
};

Test(cli, a_catalog_file_is_checked_whole)
{
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char *printed = NULL;
        size_t size;
        struct catalog_file file;
        FILE *report = open_memstream(&printed, &size);
        size_t mistakes = catalog_file_read(arena, text_of(files[i].file), report, &file);
        fclose(report);
        cr_expect_eq(mistakes > 0, files[i].mistake[0] != '\0', "%s: %s", files[i].file, printed);
        cr_expect_not_null(strstr(printed, files[i].mistake), "%s: %s", files[i].file, printed);
        free(printed);
    }
}

Test(cli, a_catalog_file_becomes_entries_and_stock)
{
    struct catalog_file file;
    size_t mistakes = catalog_file_read(arena,
                                        TEXT("{\"products\":[" PRODUCT("B", ",\"stock\":{\"west\":1,\"main\":2}") "," PRODUCT(
                                            "A", ",\"stock\":{\"main\":3}") "]}"),
                                        stderr, &file);

    cr_assert_eq(mistakes, 0);
    cr_assert_eq(file.entry_count, 2);
    cr_expect(text_equals(file.entries[0].product_id, TEXT("A")));
    cr_expect(text_equals(file.entries[0].entry, TEXT("{\"name\":\"N\",\"unitPrice\":1,\"currency\":\"USD\"}")));
    cr_assert_eq(file.stock_count, 3);
    cr_expect(text_equals(file.stocks[0].warehouse, TEXT("main")) && text_equals(file.stocks[1].warehouse, TEXT("main")));
    cr_expect(text_equals(file.stocks[2].warehouse, TEXT("west")));
}

Test(cli, a_catalog_file_of_another_system)
{
    struct catalog_file file;
    struct text bytes = TEXT("\xEF\xBB\xBF{\"products\":[\r\n\r\n \t" PRODUCT("A", "") "\r\n]}\r\n");

    cr_expect_eq(catalog_file_read(arena, bytes, stderr, &file), 0);
    cr_expect_eq(file.entry_count, 1);
}

static const struct {
    struct text bytes;
    const char *mistake;
} no_catalogs[] = {
    {{"\xFF\xFE{\0}\0", 6}, "UTF-16"},
    {{"\xFE\xFF\0{\0}", 6}, "UTF-16"},
    {{"{\0}\0", 4}, "UTF-16"},
    {{"\xEF\xBB\xBF \r\n", 6}, "the file is empty"},
};

Test(cli, a_file_that_can_be_no_catalog_says_why)
{
    for (size_t i = 0; i < COUNT_OF(no_catalogs); i++) {
        char *printed = NULL;
        size_t size;
        struct catalog_file file;
        FILE *report = open_memstream(&printed, &size);
        size_t mistakes = catalog_file_read(arena, no_catalogs[i].bytes, report, &file);

        fclose(report);
        cr_expect_eq(mistakes, 1);
        cr_expect_not_null(strstr(printed, no_catalogs[i].mistake), "%zu: %s", i, printed);
        free(printed);
    }
}
