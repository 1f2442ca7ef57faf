#include "catalog.h"

#include "schema.h"

static const struct field product_fields[] = {
    FIELD_NUMBER(struct product, unit_price, "unitPrice", 0, MONEY_MAX), FIELD_TEXT(struct product, currency, "currency", 3, 3),
    FIELD_TEXT_OPTIONAL(struct product, name, "name", INT64_MAX), /* the name is only shown */
};

static bool currency_is_good(struct text currency)
{
    for (size_t i = 0; i < currency.length; i++)
        if (currency.at[i] < 'A' || currency.at[i] > 'Z')
            return false;
    return true;
}

struct product product_read(struct arena *arena, struct text entry)
{
    struct text bytes = text_copy(arena, entry); /* the product outlives the reply it came in */
    struct product product = {.state = PRODUCT_GOOD};
    const struct json *root;

    if (!text_is_there(entry))
        return (struct product){.state = PRODUCT_UNKNOWN};
    if (json_read(arena, bytes, &root) != STATUS_OK ||
        schema_read(arena, product_fields, COUNT_OF(product_fields), root, &product, NULL) != STATUS_OK ||
        !currency_is_good(product.currency))
        return (struct product){.state = PRODUCT_BROKEN};
    return product;
}
