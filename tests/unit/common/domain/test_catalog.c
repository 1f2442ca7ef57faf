/* Entries of the catalog, as they may stand in Redis. */
#include "catalog.h"

#include <criterion/criterion.h>

static const struct {
    const char *entry;
    enum product_state state;
} cases[] = {
    {NULL, PRODUCT_UNKNOWN},
    {"{\"name\":\"N\",\"unitPrice\":1999,\"currency\":\"USD\"}", PRODUCT_GOOD},
    {"{\"unitPrice\":0,\"currency\":\"USD\",\"more\":[]}", PRODUCT_GOOD},
    {"", PRODUCT_BROKEN},
    {"rubbish", PRODUCT_BROKEN},
    {"[]", PRODUCT_BROKEN},
    {"{}", PRODUCT_BROKEN},
    {"{\"unitPrice\":-1,\"currency\":\"USD\"}", PRODUCT_BROKEN},
    {"{\"unitPrice\":19.99,\"currency\":\"USD\"}", PRODUCT_BROKEN},
    {"{\"unitPrice\":\"1999\",\"currency\":\"USD\"}", PRODUCT_BROKEN},
    {"{\"unitPrice\":99999999999999999999,\"currency\":\"USD\"}", PRODUCT_BROKEN},
    {"{\"unitPrice\":1,\"currency\":\"usd\"}", PRODUCT_BROKEN},
    {"{\"unitPrice\":1,\"currency\":\"US\"}", PRODUCT_BROKEN},
    {"{\"unitPrice\":1}", PRODUCT_BROKEN},
};

Test(catalog, every_entry)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_eq(product_read(arena, text_of(cases[i].entry)).state, cases[i].state, "%s", cases[i].entry);
    struct product product = product_read(arena, text_of(cases[1].entry));
    cr_expect_eq(product.unit_price, 1999);
    cr_expect(text_equals(product.currency, TEXT("USD")));
}
