/* What a key is about, by its name. */
#include "audit_key.h"

#include <criterion/criterion.h>

static const struct {
    const char *name;
    enum audit_key_kind kind;
    const char *order_id, *warehouse;
} names[] = {
    {"saga:A:B", AUDIT_KEY_SAGA, "A:B", ""},
    {"{saga:A:B}:history", AUDIT_KEY_HISTORY, "A:B", ""},
    {"{saga:A}:other", AUDIT_KEY_OTHER, "", ""},
    {"{saga:A", AUDIT_KEY_OTHER, "", ""},
    {"payment:A", AUDIT_KEY_PAYMENT, "A", ""},
    {"shipment:A", AUDIT_KEY_SHIPMENT, "A", ""},
    {"stock:main", AUDIT_KEY_STOCK, "", "main"},
    {"{stock:main}:supplied", AUDIT_KEY_STOCK, "", "main"},
    {"{stock:main}:taken", AUDIT_KEY_STOCK, "", "main"},
    {"{stock:main}:swept", AUDIT_KEY_STOCK, "", "main"},
    {"{stock:main}:reservation:A:B", AUDIT_KEY_RESERVATION, "A:B", "main"},
    {"{stock:main}:operation:A", AUDIT_KEY_OTHER, "", ""},
    {"{stock:}", AUDIT_KEY_OTHER, "", ""},
    {"{stock:", AUDIT_KEY_OTHER, "", ""},
    {"sagas:running", AUDIT_KEY_OTHER, "", ""},
    {"sagas:timers:3", AUDIT_KEY_OTHER, "", ""},
    {"catalog", AUDIT_KEY_OTHER, "", ""},
    {"", AUDIT_KEY_OTHER, "", ""},
};

Test(audit_key, is_known_by_its_name)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct audit_key key = audit_key_read(text_of(names[i].name));
        cr_expect_eq(key.kind, names[i].kind, "%s", names[i].name);
        cr_expect(text_equals(key.order_id, text_of(names[i].order_id)), "%s", names[i].name);
        cr_expect(text_equals(key.warehouse, text_of(names[i].warehouse)), "%s", names[i].name);
    }
}
