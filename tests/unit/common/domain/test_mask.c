#include "mask.h"

#include "clock.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(mask, .init = set_up, .fini = tear_down);

#define EXPECT_TEXT(got, wanted) expect_text((got), (wanted), __LINE__)

static void expect_text(struct text got, struct text wanted, int line)
{
    cr_expect(text_equals(got, wanted), "line %d: got <%.*s>, wanted <%.*s>", line, TEXT_ARG(got), TEXT_ARG(wanted));
}

/* A copy in memory of exactly its size, so that the sanitizer sees a byte read too far. */
static struct text masked_alone(struct text text, bool *out_masked)
{
    char *copy = malloc(text.length + 1);

    memcpy(copy, text.at, text.length);
    char *exact = realloc(copy, text.length == 0 ? 1 : text.length);
    const struct text masked = text_copy(arena, mask_bytes(arena, (struct text){exact, text.length}, out_masked));
    free(exact);
    return masked;
}

/* ---- what a card number is ---- */

static const struct {
    const char *text, *masked;
} texts[] = {
    /* the networks' test numbers, 13 to 19 digits */
    {"4222222222222", "*************"},
    {"30569309025904", "**************"},
    {"378282246310005", "***************"},
    {"4111111111111111", "****************"},
    {"5555555555554444", "****************"},
    {"6011111111111117", "****************"},
    {"6304000000000000", "****************"},
    {"4000000000000000006", "*******************"},
    /* somewhere in a text */
    {"card 4111111111111111 please", "card **************** please"},
    {"tok_4111111111111111", "tok_****************"},
    {"x4111111111111111y", "x****************y"},
    {"(4111111111111111)", "(****************)"},
    {"4111111111111111,5555555555554444", "****************,****************"},
    {"caff\xC3\xA8"
     "4111111111111111",
     "caff\xC3\xA8****************"},
    /* spaces and dashes, those of typography too */
    {"4111 1111 1111 1111", "**** **** **** ****"},
    {"4111-1111-1111-1111", "****-****-****-****"},
    {"3782 822463 10005", "**** ****** *****"},
    {"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "* * * * * * * * * * * * * * * *"},
    {"4111  --  1111 - 1111-1111", "****  --  **** - ****-****"},
    {"-4111111111111111-", "-****************-"},
    {"4111\t1111\n1111\r\n1111", "****\t****\n****\r\n****"},
    {"4111\xC2\xA0"
     "1111\xC2\xA0"
     "1111\xC2\xA0"
     "1111",
     "****\xC2\xA0****\xC2\xA0****\xC2\xA0****"},
    {"4111\xE2\x80\x93"
     "1111\xE2\x80\x93"
     "1111\xE2\x80\x93"
     "1111",
     "****\xE2\x80\x93****\xE2\x80\x93****\xE2\x80\x93****"},
    {"4111\xE2\x80\xAF"
     "1111\xE2\x88\x92"
     "1111\xE3\x80\x80"
     "1111",
     "****\xE2\x80\xAF****\xE2\x88\x92****\xE3\x80\x80****"},
    /* a longer row of digits: a card number may begin and end at any gap */
    {"4111111111111111 123", "**************** 123"},
    {"4111 1111 1111 1111 123", "**** **** **** **** 123"},
    {"4111 1111 1111 1111 12/27 123", "**** **** **** **** 12/27 123"},
    {"1 4111111111111111", "1 ****************"},
    {"2026-01-31 4111111111111111", "2026-01-31 ****************"},
    {"4111111111111111 5555555555554444", "**************** ****************"},
    {"4111 1111 1111 1111 5555 5555 5555 4444", "**** **** **** **** **** **** **** ****"},
    {"4111111111111111 99999999999999999999999", "**************** 99999999999999999999999"},
    {"99999999999999999999999-4111111111111111", "99999999999999999999999-****************"},
    /* as JSON escapes them, also where the text is no JSON at all */
    {"\\u0034111111111111111", "\\u002a***************"},
    {"\\u0034\\u0031\\u0031\\u00311111\\u00201111\\u002D1111", "\\u002a\\u002a\\u002a\\u002a****\\u0020****\\u002D****"},
    {"4111\\n1111\\t1111\\r\\n1111", "****\\n****\\t****\\r\\n****"},
    {"4111\\u00a01111\\u20131111\\u00A01111", "****\\u00a0****\\u2013****\\u00A0****"},
    {"\\\\4111111111111111", "\\\\****************"},
    {"\\4111111111111111", "\\****************"},
    /* zeros pass the check */
    {"0000000000000", "*************"},
    {"00000000-0000-0000-0000-000000000000", "********-****-****-****-************"},
};

static const char *const clean[] = {
    "",
    "1",
    "4111",
    "no digits at all",
    "4111111111111112",
    "411111111111",
    "422222222222",
    "40000000000000000006",
    "41111111111111111111111111111111", /* 32 digits in one go */
    "4111x1111x1111x1111",
    "4111.1111.1111.1111",
    "4111_1111_1111_1111",
    "4111/1111/1111/1111",
    "41111111:11111111",
    "2026-01-31T09:30:00.000Z",
    "+39 011 555 0100",
    "ORD-1001",
    "192.168.100.200:65535",
    "3.14159265358979312",
    "1234567890123456",
    "4111 1111 1111 1112",
    "4111111111111112 123",
    "\\u00341111",
    "\\u4111",
    "\\u4111111111111111",
    "411111111111\\",
    "411111111111\\u003",
    "411111111111\\u003g1111",
    "411111111111\xC2",
    "411111111111\xE2\x80",
    "4111\xC2\xA1"
    "1111\xC2\xA1"
    "1111\xC2\xA1"
    "1111",
    "4111\xE2\x82\xAC"
    "1111\xE2\x82\xAC"
    "1111\xE2\x82\xAC"
    "1111",
    "4111\\\\n1111\\\\n1111\\\\n1111",
    "4111\\b1111\\b1111\\b1111",
};

Test(mask, card_numbers_are_masked_and_nothing_else_is_touched)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        bool masked = false;
        EXPECT_TEXT(masked_alone(text_of(texts[i].text), &masked), text_of(texts[i].masked));
        cr_expect(masked, "%s", texts[i].text);
        cr_expect(mask_finds_card(text_of(texts[i].text)), "%s", texts[i].text);
    }
}

Test(mask, what_holds_no_card_number_is_given_back_itself)
{
    for (size_t i = 0; i < COUNT_OF(clean); i++) {
        bool masked = true;
        const struct text text = text_of(clean[i]);
        EXPECT_TEXT(masked_alone(text, &masked), text);
        cr_expect_not(masked, "%s", clean[i]);
        cr_expect_not(mask_finds_card(text), "%s", clean[i]);
        cr_expect_eq(mask_bytes(arena, text, &masked).at, text.at, "%s", clean[i]);
    }
}

Test(mask, nothing_is_not_a_card_number)
{
    bool masked = true;

    cr_expect_not(mask_finds_card(TEXT_NONE));
    cr_expect_not(text_is_there(mask_bytes(arena, TEXT_NONE, &masked)));
    cr_expect_not(masked);
}

Test(mask, the_original_is_never_changed)
{
    char text[] = "4111 1111 1111 1111";
    bool masked;

    cr_expect_neq(mask_bytes(arena, text_of(text), &masked).at, text);
    cr_expect_str_eq(text, "4111 1111 1111 1111");
}

Test(mask, masking_twice_changes_nothing_more)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        bool masked = true;
        mask_bytes(arena, text_of(texts[i].masked), &masked);
        cr_expect_not(masked, "%s", texts[i].masked);
    }
}

/* The check as the standard tells it (ISO/IEC 7812-1, annex B), from the right. */
static bool passes_luhn(const char *digits, size_t count)
{
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++) {
        const unsigned digit = (unsigned)(digits[count - 1 - i] - '0'), value = i % 2 == 1 ? digit * 2 : digit;
        sum += value / 10 + value % 10;
    }
    return sum % 10 == 0;
}

Test(mask, digits_are_masked_exactly_when_they_pass_the_check)
{
    uint64_t seed = 42;
    size_t found = 0;

    for (size_t i = 0; i < 20000; i++) {
        const size_t count = 11 + i % 11; /* 11..21 */
        char digits[24];
        for (size_t j = 0; j < count; j++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            digits[j] = (char)('0' + (seed >> 33) % 10);
        }
        const bool wanted = count >= CARD_DIGITS_MIN && count <= CARD_DIGITS_MAX && passes_luhn(digits, count);
        cr_assert_eq(mask_finds_card((struct text){digits, count}), wanted, "%.*s", (int)count, digits);
        found += wanted;
    }
    cr_expect(found > 1000 && found < 1600, "%zu", found);
}

/* Every window that begins and ends with a group of digits, tried one by one. */
static void mask_slowly(char *text, size_t length)
{
    char *original = strndup(text, length);

    for (size_t from = 0; from < length; from++)
        for (size_t to = from + 1; to <= length; to++) {
            char digits[64];
            size_t count = 0;
            if (original[from] == ' ' || original[to - 1] == ' ' || (from > 0 && original[from - 1] != ' ') ||
                (to < length && original[to] != ' '))
                continue;
            for (size_t i = from; i < to; i++)
                if (original[i] != ' ')
                    digits[count++] = original[i];
            if (count >= CARD_DIGITS_MIN && count <= CARD_DIGITS_MAX && passes_luhn(digits, count))
                for (size_t i = from; i < to; i++)
                    text[i] = original[i] == ' ' ? ' ' : '*';
        }
    free(original);
}

Test(mask, in_any_row_of_groups_every_card_number_is_found)
{
    uint64_t seed = 7;

    for (size_t i = 0; i < 2000; i++) {
        char text[41] = "", slowly[41];
        for (size_t j = 0; j < 40; j++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[j] = (seed >> 40) % (2 + i % 9) == 0 ? ' ' : (char)('0' + (seed >> 33) % 10);
        }
        memcpy(slowly, text, sizeof(text));
        mask_slowly(slowly, 40);
        bool masked;
        EXPECT_TEXT(mask_bytes(arena, text_of(text), &masked), text_of(slowly));
    }
}

static double seconds_now(void) { return (double)clock_cpu_us() / 1e6; }

Test(mask, a_megabyte_of_digits_takes_no_time, .timeout = 20)
{
    static const char *const parts[] = {
        "4", "4 ", "4 5-6\t", "4111111111111111 ", "4                    ", "\\u0034", "4\xE2\x80\x93", "411111111111111", " "};

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct buffer buffer = buffer_in(arena, (1 << 20) + 32);
        bool masked;
        while (buffer.length < 1 << 20)
            buffer_add(&buffer, text_of(parts[i]));
        const double begin = seconds_now();
        mask_bytes(arena, buffer_text(&buffer), &masked);
        cr_expect_lt(seconds_now() - begin, 2.0, "<%s> again and again", parts[i]);
    }
}

Test(mask, spaces_between_two_digits_may_be_a_megabyte, .timeout = 20)
{
    struct buffer buffer = buffer_in(arena, 1 << 20);
    bool masked;

    for (int digit = 0; digit < 16; digit++) {
        buffer_add(&buffer, (struct text){&"4111111111111111"[digit], 1});
        for (int i = 0; i < 65535; i++)
            buffer_add(&buffer, TEXT(" "));
    }
    const struct text text = mask_bytes(arena, buffer_text(&buffer), &masked);
    cr_expect(masked);
    cr_expect_null(memchr(text.at, '4', text.length));
    cr_expect_null(memchr(text.at, '1', text.length));
}

/* ---- in an order ---- */

#define CARD "4111111111111111"
#define STARS "****************"

static const struct {
    const char *json, *masked; /* masked NULL: nothing to mask */
} orders[] = {
    /* ids stay, in their place */
    {"{\"orderId\":\"" CARD "\",\"customerId\":\"" CARD "\",\"warehouse\":\"" CARD "\",\"items\":[{\"productId\":\"" CARD "\"}]}",
     NULL},
    {"{\"order\\u0049d\":\"" CARD "\",\"items\":[{},{\"product\\u0049d\":\"\\u0034111111111111111\"}]}", NULL},
    {"{\"items\":[{\"productId\":\"4006381333931\"},{\"productId\":\"" CARD "\"}]}", NULL}, /* an EAN-13 */
    /* ids in other places are not */
    {"{\"productId\":\"" CARD "\"}", "{\"productId\":\"" STARS "\"}"},
    {"{\"x\":{\"orderId\":\"" CARD "\"}}", "{\"x\":{\"orderId\":\"" STARS "\"}}"},
    {"{\"items\":{\"productId\":\"" CARD "\"}}", "{\"items\":{\"productId\":\"" STARS "\"}}"},
    {"{\"items\":[[{\"productId\":\"" CARD "\"}]]}", "{\"items\":[[{\"productId\":\"" STARS "\"}]]}"},
    {"{\"items\":[{\"orderId\":\"" CARD "\"}]}", "{\"items\":[{\"orderId\":\"" STARS "\"}]}"},
    {"{\"items\":[\"" CARD "\"]}", "{\"items\":[\"" STARS "\"]}"},
    {"{\"x\":{\"items\":[{\"productId\":\"" CARD "\"}]}}", "{\"x\":{\"items\":[{\"productId\":\"" STARS "\"}]}}"},
    {"[{\"orderId\":\"" CARD "\"}]", "[{\"orderId\":\"" STARS "\"}]"},
    {"{\"OrderId\":\"" CARD "\"}", "{\"OrderId\":\"" STARS "\"}"},
    {"{\"orderId\":[\"" CARD "\"]}", "{\"orderId\":[\"" STARS "\"]}"},
    {"{\"orderId\":{\"orderId\":\"" CARD "\"}}", "{\"orderId\":{\"orderId\":\"" STARS "\"}}"},
    /* what breaks the rule of ids is none: it will be rejected, but would be kept with the order */
    {"{\"customerId\":\"4111 1111 1111 1111\"}", "{\"customerId\":\"**** **** **** ****\"}"},
    {"{\"orderId\":\"" CARD "\\u0020\"}", "{\"orderId\":\"" STARS "\\u0020\"}"},
    {"{\"items\":[{\"productId\":\"card " CARD "\"}]}", "{\"items\":[{\"productId\":\"card " STARS "\"}]}"},
    /* everything else that is a string is looked at */
    {"\"" CARD "\"", "\"" STARS "\""},
    {"{\"paymentMethod\":\"tok_" CARD "\"}", "{\"paymentMethod\":\"tok_" STARS "\"}"},
    {"{\"shipTo\":{\"name\":\"Ada\",\"line1\":\"4111 1111 1111 1111\"}}",
     "{\"shipTo\":{\"name\":\"Ada\",\"line1\":\"**** **** **** ****\"}}"},
    {"{\"a\":[[[{\"b\":[\"" CARD "\",1,\"x\"]}]]]}", "{\"a\":[[[{\"b\":[\"" STARS "\",1,\"x\"]}]]]}"},
    {"{ \"a\" : \"" CARD "\" , \"b\" : \"" CARD "\" }", "{ \"a\" : \"" STARS "\" , \"b\" : \"" STARS "\" }"},
    {"{\"a\":\"\\u00341\\u00311111111111111 \\\"\\u00e8\\\"\"}", "{\"a\":\"\\u002a*\\u002a************* \\\"\\u00e8\\\"\"}"},
    {"{\"a\":\"4111\\t1111\\u00a01111\\n1111\"}", "{\"a\":\"****\\t****\\u00a0****\\n****\"}"},
    {"{\"a\":\"\\\\u0034111111111111111\"}", NULL}, /* a backslash, then u0034111111111111111: 20 digits */
    {"{\"a\":\"\\\\\\u0034111111111111111\"}", "{\"a\":\"\\\\\\u002a***************\"}"},
    /* strings do not run together, and what is no string stays */
    {"[\"41111111\",\"11111111\"]", NULL},
    {"{\"a\":\"41111111\",\"b\":\"11111111\"}", NULL},
    {"{\"timestamp\":1769850600001,\"x\":[4111111111111112,null,true,{}]}", NULL},
    /* a number becomes a string of the same length */
    {"{\"a\":" CARD ",\"x\":[" CARD ",null,true,{}]}", "{\"a\":\"**************\",\"x\":[\"**************\",null,true,{}]}"},
    {"{\"a\":4222222222222,\"b\":4000000000000000006}", "{\"a\":\"***********\",\"b\":\"*****************\"}"},
    {CARD, "\"**************\""},
    {"-" CARD, "\"***************\""},
    {"[" CARD ".0," CARD ".50," CARD "e0]", "[\"****************\",\"*****************\",\"****************\"]"},
    {"[4.111111111111111e15,4.111111111111111E+15]", "[\"******************\",\"*******************\"]"},
    {"[41111111111111110e-1,0.4111111111111111e16,0.004111111111111111e18]",
     "[\"******************\",\"*******************\",\"*********************\"]"},
    {"[4.22222222222e12,4.222222222223e12]", NULL}, /* 4222222222220 and 4222222222223 are none */
    {"[6.304e15]", "[\"******\"]"},
    {"[4.222222222222e12]", "[\"***************\"]"},
    {"[4000000000000000006.4111111111111111]", "[\"**********************************\"]"},
    {"[0.4111111111111111,3.4111111111111111,4.111111111111111,4.111111111111111e-15,4.111111111111111e99]", NULL},
    {"[4.111111111111111e99999999999999999999,0,0.0e15,1e15,1e12,1e18]", NULL},
    {"{\"orderId\":" CARD ",\"items\":[{\"productId\":" CARD ",\"quantity\":10000}]}",
     "{\"orderId\":\"**************\",\"items\":[{\"productId\":\"**************\",\"quantity\":10000}]}"},
    /* names too */
    {"{\"" CARD "\":\"a name\"}", "{\"" STARS "\":\"a name\"}"},
    {"{\"shipTo\":{\"card 4111-1111-1111-1111\":\"\"}}", "{\"shipTo\":{\"card ****-****-****-****\":\"\"}}"},
    {"{\"\\u0034111111111111111\":" CARD "}", "{\"\\u002a***************\":\"**************\"}"},
    {"[{\"" CARD "\":1},{\"" CARD "\":{\"" CARD "\":2}}]", "[{\"" STARS "\":1},{\"" STARS "\":{\"" STARS "\":2}}]"},
    {"{\"x " CARD "\":1,\"x 4111111111111112\":2}", "{\"x " STARS "\":1,\"x 4111111111111112\":2}"},
    /* no member may be there twice: names that would be alike are told apart, and the rest of them goes as well */
    {"{\"" CARD "\":1,\"5555555555554444\":2}", "{\"**********aaaaaa\":1,\"**********aaaaab\":2}"},
    {"{\"" CARD "\":1,\"" STARS "\":2}", "{\"**********aaaaaa\":1,\"" STARS "\":2}"},
    {"{\"" CARD "\":1,\"*\\u002a**************\":2}", "{\"**********aaaaaa\":1,\"*\\u002a**************\":2}"},
    {"{\"**********aaaaaa\":0,\"" CARD "\":1,\"x*aaaaac\":3,\"5555555555554444\":2,\"**********aaaaz\":4,\"a\":5}",
     "{\"**********aaaaaa\":0,\"**********aaaaab\":1,\"x*aaaaac\":3,\"**********aaaaac\":2,\"**********aaaaz\":4,\"a\":5}"},
    {"{\"\\u0034111111111111111\":1,\"5555 5555 5555 4444\":2}", "{\"***************aaaaaa\":1,\"*************aaaaab\":2}"},
    {"{}", NULL},
    {"\"\"", NULL},
};

Test(mask, orders_are_masked_but_for_their_ids)
{
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        const struct text text = text_of(orders[i].json),
                          wanted = text_of(orders[i].masked == NULL ? orders[i].json : orders[i].masked);
        const struct json *root;
        bool masked = orders[i].masked == NULL;
        cr_assert_eq(json_read(arena, text, &root), STATUS_OK, "%s", orders[i].json);
        const struct text result = mask_json(arena, root, &masked);
        EXPECT_TEXT(result, wanted);
        cr_expect_eq(masked, orders[i].masked != NULL, "%s", orders[i].json);
        cr_expect_eq(result.at == text.at, orders[i].masked == NULL, "the document itself when there is nothing to mask");
        cr_expect_eq(json_read(arena, result, &root), STATUS_OK, "it is still JSON: %s", wanted.at);
    }
}

Test(mask, spaces_around_a_document_are_not_part_of_it)
{
    const struct json *root;
    bool masked;

    cr_assert_eq(json_read(arena, TEXT("  [\"" CARD "\"] \n"), &root), STATUS_OK);
    EXPECT_TEXT(mask_json(arena, root, &masked), TEXT("[\"" STARS "\"]"));
}

Test(mask, many_cards_in_one_order_are_all_masked)
{
    struct buffer buffer = buffer_in(arena, 0);
    const struct json *root;
    bool masked;

    buffer_add(&buffer, TEXT("["));
    for (int i = 0; i < 10000; i++)
        buffer_add_format(&buffer, "%s{\"note\":\"%s\"}", i == 0 ? "" : ",", CARD);
    buffer_add(&buffer, TEXT("]"));
    cr_assert_eq(json_read(arena, buffer_text(&buffer), &root), STATUS_OK);
    const struct text text = mask_json(arena, root, &masked);
    cr_expect_null(memchr(text.at, '4', text.length));
    cr_expect_null(memchr(text.at, '1', text.length));
}

/* Card numbers of 16 digits, each different: the last digit makes the sum right. */
static struct text card_of(int number)
{
    for (int check = 0; check <= 9; check++) {
        const struct text digits = text_format(arena, "4%014d%d", number, check);
        if (passes_luhn(digits.at, digits.length))
            return digits;
    }
    return TEXT_NONE;
}

Test(mask, however_many_names_are_masked_no_member_is_there_twice, .timeout = 20)
{
    enum { COUNT = 20000 };
    struct buffer buffer = buffer_in(arena, COUNT * 64);
    const struct json *root;
    bool masked;

    for (int i = 0; i < COUNT; i++) /* names that are taken already among them */
        buffer_add_format(&buffer, "%s\"%.*s\":%d,\"**********aa%c%c%c%c\":0", i == 0 ? "{" : ",", TEXT_ARG(card_of(i)), i,
                          'a' + i / 17576 % 26, 'a' + i / 676 % 26, 'a' + i / 26 % 26, 'a' + i % 26);
    buffer_add(&buffer, TEXT("}"));
    cr_assert_eq(json_read(arena, buffer_text(&buffer), &root), STATUS_OK);
    const struct text text = mask_json(arena, root, &masked);
    cr_expect(masked);
    cr_assert_eq(json_read(arena, text, &root), STATUS_OK, "it is strict JSON");
    cr_expect_eq(root->count, 2 * COUNT);
    for (JSON_EACH_MEMBER(name, root))
        cr_expect_not(mask_finds_card(json_inside(name)));
}
