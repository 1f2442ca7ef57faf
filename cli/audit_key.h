/* audit_key.h - what a key of Redis is about, by its name alone.
 *
 * Pure. Source  DESIGN.md section 4 */
#ifndef ORDERLY_AUDIT_KEY_H
#define ORDERLY_AUDIT_KEY_H

#include "text.h"

enum audit_key_kind {
    AUDIT_KEY_OTHER, /* not one that the audit reads by itself */
    AUDIT_KEY_SAGA,
    AUDIT_KEY_HISTORY,
    AUDIT_KEY_PAYMENT,
    AUDIT_KEY_SHIPMENT,
    AUDIT_KEY_RESERVATION,
    AUDIT_KEY_STOCK, /* stock:<warehouse>, or supplied, taken or swept beside it */
    AUDIT_KEY_KINDS
};

/* Borrows the key's name. */
struct audit_key {
    enum audit_key_kind kind;
    struct text order_id;  /* of all but STOCK and OTHER */
    struct text warehouse; /* of RESERVATION and STOCK */
};

struct audit_key audit_key_read(struct text name);

#endif
