#include "audit_key.h"

/* Takes a prefix off the front of a text. */
static bool take(struct text *rest, struct text prefix)
{
    if (!text_begins(*rest, prefix))
        return false;
    rest->at += prefix.length;
    rest->length -= prefix.length;
    return true;
}

/* Splits "<inside>}:<rest>", what follows an opened brace. Neither ids nor warehouses hold a brace. */
static bool take_braces(struct text *rest, struct text *out_inside)
{
    const char *close = rest->length == 0 ? NULL : memchr(rest->at, '}', rest->length);

    if (close == NULL)
        return false;
    *out_inside = (struct text){rest->at, (size_t)(close - rest->at)};
    rest->at = close;
    rest->length -= out_inside->length;
    return take(rest, TEXT("}:"));
}

static struct audit_key beside_stock(struct text rest)
{
    struct audit_key key = {.kind = AUDIT_KEY_OTHER};
    struct text warehouse;

    if (!take_braces(&rest, &warehouse))
        return key;
    if (text_equals(rest, TEXT("supplied")) || text_equals(rest, TEXT("taken")) || text_equals(rest, TEXT("swept")))
        return (struct audit_key){.kind = AUDIT_KEY_STOCK, .warehouse = warehouse};
    if (take(&rest, TEXT("reservation:")))
        return (struct audit_key){.kind = AUDIT_KEY_RESERVATION, .order_id = rest, .warehouse = warehouse};
    return key;
}

struct audit_key audit_key_read(struct text name)
{
    static const struct {
        struct text prefix;
        enum audit_key_kind kind;
    } plain[] = {{{"saga:", 5}, AUDIT_KEY_SAGA}, {{"payment:", 8}, AUDIT_KEY_PAYMENT}, {{"shipment:", 9}, AUDIT_KEY_SHIPMENT}};
    struct text rest = name, inside;

    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (take(&rest, plain[i].prefix))
            return (struct audit_key){.kind = plain[i].kind, .order_id = rest};
    if (take(&rest, TEXT("stock:")))
        return (struct audit_key){.kind = AUDIT_KEY_STOCK, .warehouse = rest};
    if (take(&rest, TEXT("{stock:")))
        return beside_stock(rest);
    if (take(&rest, TEXT("{saga:")) && take_braces(&rest, &inside) && text_equals(rest, TEXT("history")))
        return (struct audit_key){.kind = AUDIT_KEY_HISTORY, .order_id = inside};
    return (struct audit_key){.kind = AUDIT_KEY_OTHER};
}
