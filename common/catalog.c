/* catalog.c - one HMGET for a whole order. */
#include "catalog.h"

#include "schema.h"

#include <stddef.h>

#define CATALOG_KEY TEXT("catalog")

static const struct field product_fields[] = {
    FIELD_NUMBER(struct product, unit_price, "unitPrice", 0, MONEY_MAX),
    FIELD_TEXT(struct product, currency, "currency", 3, 3),
    FIELD_TEXT_OPTIONAL(struct product, name, "name", INT64_MAX), /* nobody decides anything by it */
};

size_t catalog_queue(struct store *store, struct arena *arena, const struct text product_ids[], size_t count)
{
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));

    words[0] = TEXT("HMGET");
    words[1] = CATALOG_KEY;
    for (size_t i = 0; i < count; i++)
        words[i + 2] = product_ids[i];
    return store_queue(store, CATALOG_KEY, words, count + 2);
}

enum status catalog_products(struct arena *arena, const struct store_value *reply, struct product out_products[], size_t count)
{
    if (store_count(reply) != count)
        return STATUS_BROKEN;
    for (size_t i = 0; i < count; i++)
        out_products[i] = product_read(arena, store_text(store_element(reply, i)));
    return STATUS_OK;
}

size_t catalog_queue_presence(struct store *store)
{
    return store_queue(store, CATALOG_KEY, (const struct text[]){TEXT("HLEN"), CATALOG_KEY}, 2);
}

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
