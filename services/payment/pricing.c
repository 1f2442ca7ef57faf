#include "pricing.h"

const char *price_reason(enum price_result result)
{
    static const char *const reasons[] = {
        [PRICE_GOOD] = "",
        [PRICE_TOO_LARGE] = "amount_too_large",
        [PRICE_UNKNOWN_PRODUCT] = "unknown_product",
        [PRICE_MIXED_CURRENCIES] = "mixed_currencies",
        [PRICE_CATALOG_BROKEN] = "catalog_broken",
    };

    return reasons[result];
}

/* Adds price * quantity; false when the product or the sum is too large. */
static bool add_times(int64_t *total, int64_t price, int64_t quantity)
{
    int64_t product, sum;

    if (__builtin_mul_overflow(price, quantity, &product) || __builtin_add_overflow(*total, product, &sum) || sum > MONEY_MAX)
        return false;
    *total = sum;
    return true;
}

static enum price_result add_line(struct price *price, const struct line *line, const struct product *product)
{
    if (product->state == PRODUCT_UNKNOWN)
        return PRICE_UNKNOWN_PRODUCT;
    if (product->state == PRODUCT_BROKEN)
        return PRICE_CATALOG_BROKEN;
    if (text_is_there(price->currency) && !text_equals(price->currency, product->currency))
        return PRICE_MIXED_CURRENCIES;
    price->currency = product->currency;
    return add_times(&price->total, product->unit_price, line->quantity) ? PRICE_GOOD : PRICE_TOO_LARGE;
}

struct price price_order(const struct order *order, const struct product products[])
{
    struct price price = {.result = PRICE_GOOD};

    for (size_t i = 0; i < order->line_count && price.result == PRICE_GOOD; i++) {
        price.result = add_line(&price, &order->lines[i], &products[i]);
        if (price.result != PRICE_GOOD)
            price.product_id = order->lines[i].product_id;
    }
    return price;
}
