/* What an order costs. */
#include "pricing.h"
#include "gateway.h"

#include <criterion/criterion.h>

#define GOOD(price, currency)                                                                                                    \
    {                                                                                                                            \
        PRODUCT_GOOD, (price), {currency, 3}, { "", 0 }                                                                          \
    }

static const struct {
    const char *story;
    struct product products[2];
    int64_t quantities[2];
    enum price_result result;
    int64_t total;
    const char *blamed;
} cases[] = {
    {"a sum", {GOOD(1999, "USD"), GOOD(1, "USD")}, {2, 3}, PRICE_GOOD, 4001, ""},
    {"for nothing", {GOOD(0, "USD"), GOOD(0, "USD")}, {2, 3}, PRICE_GOOD, 0, ""},
    {"exactly the most", {GOOD(MONEY_MAX, "USD"), GOOD(0, "USD")}, {1, 1}, PRICE_GOOD, MONEY_MAX, ""},
    {"a sum above the most", {GOOD(MONEY_MAX, "USD"), GOOD(1, "USD")}, {1, 1}, PRICE_TOO_LARGE, 0, "L1"},
    {"a product above the most", {GOOD(MONEY_MAX, "USD"), GOOD(1, "USD")}, {2, 1}, PRICE_TOO_LARGE, 0, "L0"},
    {"a product above 64 bits", {GOOD(MONEY_MAX, "USD"), GOOD(1, "USD")}, {10000, 1}, PRICE_TOO_LARGE, 0, "L0"},
    {"gone from the catalog", {GOOD(1, "USD"), {.state = PRODUCT_UNKNOWN}}, {1, 1}, PRICE_UNKNOWN_PRODUCT, 0, "L1"},
    {"senseless in the catalog", {{.state = PRODUCT_BROKEN}, GOOD(1, "USD")}, {1, 1}, PRICE_CATALOG_BROKEN, 0, "L0"},
    {"changed currency", {GOOD(1, "USD"), GOOD(1, "EUR")}, {1, 1}, PRICE_MIXED_CURRENCIES, 0, "L1"},
};

Test(pricing, every_case)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct order order = {.line_count = 2,
                              .lines = {{TEXT("L0"), cases[i].quantities[0]}, {TEXT("L1"), cases[i].quantities[1]}}};
        struct price price = price_order(&order, cases[i].products);
        cr_expect_eq(price.result, cases[i].result, "%s", cases[i].story);
        cr_expect(text_equals(price.product_id, text_of(cases[i].blamed)), "%s", cases[i].story);
        if (cases[i].result == PRICE_GOOD)
            cr_expect_eq(price.total, cases[i].total, "%s", cases[i].story);
    }
}

Test(pricing, the_simulated_gateway_declines_some_tokens)
{
    cr_expect(simulated_gateway.authorizes(&(struct order){.payment_method = TEXT("tok_visa")}));
    cr_expect_not(simulated_gateway.authorizes(&(struct order){.payment_method = TEXT("tok_decline")}));
    cr_expect_not(simulated_gateway.authorizes(&(struct order){.payment_method = TEXT("tok_decline_funds")}));
}

Test(pricing, an_authorization_has_the_same_id_whenever_it_is_asked_for)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    cr_expect(text_equals(authorization_id(arena, TEXT("O-1/payment.authorize")),
                          authorization_id(arena, TEXT("O-1/payment.authorize"))));
    cr_expect_not(text_equals(authorization_id(arena, TEXT("O-1/payment.authorize")),
                              authorization_id(arena, TEXT("O-2/payment.authorize"))));
}
