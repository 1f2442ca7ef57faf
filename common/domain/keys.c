#include "keys.h"

#include "names.h"

#define SAGA "saga:"
#define INDEX "sagas:"
#define TIMERS "timers:"
#define BROKEN "broken"
#define HISTORY "history"
#define PAYMENT "payment:"
#define SHIPMENT "shipment:"
#define STOCK "stock:"
#define RESERVATION "reservation:"
#define OPERATION "operation:"
#define OPEN_BRACE "{"
#define CLOSE_BRACE "}:" /* between the slot's text and what lies beside it */

/* Of the books, behind the braces; the first is the plain key itself. */
static const char *const books[STOCK_BOOKS] = {NULL, "supplied", "taken", "swept"};

/* ---- making ---- */

/* <namespace><kind><id> */
static struct text plain(struct arena *arena, const char *kind, struct text id)
{
    const struct text prefix = namespace_of_keys();
    struct buffer buffer = buffer_in(arena, prefix.length + strlen(kind) + id.length + 1);

    buffer_add(&buffer, prefix);
    buffer_add(&buffer, text_of(kind));
    buffer_add(&buffer, id);
    return buffer_text(&buffer);
}

/* {<namespace><kind><id>}:<part><last> */
static struct text beside(struct arena *arena, const char *kind, struct text id, const char *part, struct text last)
{
    const struct text prefix = namespace_of_keys();
    struct buffer buffer = buffer_in(arena, prefix.length + id.length + last.length + 32);

    buffer_add(&buffer, TEXT(OPEN_BRACE));
    buffer_add(&buffer, prefix);
    buffer_add(&buffer, text_of(kind));
    buffer_add(&buffer, id);
    buffer_add(&buffer, TEXT(CLOSE_BRACE));
    buffer_add(&buffer, text_of(part));
    buffer_add(&buffer, last);
    return buffer_text(&buffer);
}

struct text key_saga(struct arena *arena, struct text order_id) { return plain(arena, SAGA, order_id); }

struct text key_history(struct arena *arena, struct text order_id) { return beside(arena, SAGA, order_id, HISTORY, TEXT_NONE); }

struct text key_payment(struct arena *arena, struct text order_id) { return plain(arena, PAYMENT, order_id); }

struct text key_shipment(struct arena *arena, struct text order_id) { return plain(arena, SHIPMENT, order_id); }

struct text key_reservation(struct arena *arena, struct text warehouse, struct text order_id)
{
    return beside(arena, STOCK, warehouse, RESERVATION, order_id);
}

struct text key_index(struct arena *arena, enum saga_status status)
{
    return plain(arena, INDEX, text_of(saga_status_index(status)));
}

struct text key_broken(struct arena *arena) { return plain(arena, INDEX, TEXT(BROKEN)); }

struct text key_timers(struct arena *arena, uint64_t shard)
{
    return plain(arena, INDEX TIMERS, text_of_number(arena, (int64_t)shard));
}

uint64_t timer_shard(struct text order_id) { return text_hash(order_id) % TIMER_SHARDS; }

struct text key_stock(struct arena *arena, struct text warehouse, enum stock_book book)
{
    return book == STOCK_LEFT ? plain(arena, STOCK, warehouse) : beside(arena, STOCK, warehouse, books[book], TEXT_NONE);
}

struct text key_stock_operation(struct arena *arena, struct text warehouse, struct text operation_id)
{
    return beside(arena, STOCK, warehouse, OPERATION, operation_id);
}

struct text key_catalog(struct arena *arena) { return plain(arena, "catalog", TEXT_NONE); }

struct text key_redriven(struct arena *arena) { return plain(arena, "dlq:redriven", TEXT_NONE); }

struct text keys_of_sagas(struct arena *arena) { return plain(arena, SAGA, TEXT("*")); }

struct text keys_of_stock(struct arena *arena) { return plain(arena, STOCK, TEXT("*")); }

struct text keys_of_reservations(struct arena *arena) { return beside(arena, STOCK, TEXT("*"), RESERVATION, TEXT("*")); }

/* ---- reading ---- */

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
    return take(rest, TEXT(CLOSE_BRACE));
}

static bool is_book(struct text name)
{
    for (size_t book = STOCK_LEFT + 1; book < STOCK_BOOKS; book++)
        if (text_equals(name, text_of(books[book])))
            return true;
    return false;
}

/* Reads what stands behind the opened brace and the namespace. */
static struct key_parts read_braces(struct text rest)
{
    struct text inside;

    if (!take_braces(&rest, &inside))
        return (struct key_parts){.kind = KEY_OTHER};
    if (take(&inside, TEXT(SAGA)) && text_equals(rest, TEXT(HISTORY)))
        return (struct key_parts){.kind = KEY_HISTORY, .order_id = inside};
    if (!take(&inside, TEXT(STOCK)))
        return (struct key_parts){.kind = KEY_OTHER};
    if (is_book(rest))
        return (struct key_parts){.kind = KEY_STOCK, .warehouse = inside};
    if (take(&rest, TEXT(RESERVATION)))
        return (struct key_parts){.kind = KEY_RESERVATION, .order_id = rest, .warehouse = inside};
    return (struct key_parts){.kind = KEY_OTHER};
}

struct key_parts key_read(struct text name)
{
    const bool in_braces = take(&name, TEXT(OPEN_BRACE));

    if (!take(&name, namespace_of_keys()))
        return (struct key_parts){.kind = KEY_OTHER};
    if (in_braces)
        return read_braces(name);
    if (take(&name, TEXT(SAGA)))
        return (struct key_parts){.kind = KEY_SAGA, .order_id = name};
    if (take(&name, TEXT(PAYMENT)))
        return (struct key_parts){.kind = KEY_PAYMENT, .order_id = name};
    if (take(&name, TEXT(SHIPMENT)))
        return (struct key_parts){.kind = KEY_SHIPMENT, .order_id = name};
    if (take(&name, TEXT(STOCK)))
        return (struct key_parts){.kind = KEY_STOCK, .warehouse = name};
    return (struct key_parts){.kind = KEY_OTHER};
}
