#include "charge.h"

#include "authorize.lua.h"
#include "capture.lua.h"
#include "keys.h"
#include "void.lua.h"

const struct store_script authorize_script = {.name = "authorize", .source = authorize_lua, .takes_many = true};
const struct store_script capture_script = {.name = "capture", .source = capture_lua, .takes_many = true};
const struct store_script void_script = {.name = "void", .source = void_lua, .takes_many = true};

size_t charge_queue_authorize(struct store *store, struct arena *arena, const struct charge *charge)
{
    struct text key = key_payment(arena, charge->order_id);
    struct text arguments[] = {charge->outcome_voided,  charge->outcome,  TEXT("status"),
                               charge->status,          TEXT("amount"),   text_of_number(arena, charge->amount),
                               TEXT("currency"),        charge->currency, TEXT("authorizationId"),
                               charge->authorization_id};
    size_t count = COUNT_OF(arguments);

    return store_call_item(store, &authorize_script, &key, 1, arguments, charge->authorization_id.length > 0 ? count : count - 2);
}

size_t charge_queue_capture(struct store *store, struct arena *arena, struct text order_id, struct text outcome,
                            struct text outcome_not_authorized)
{
    struct text key = key_payment(arena, order_id);

    return store_call_item(store, &capture_script, &key, 1, (struct text[]){outcome, outcome_not_authorized}, 2);
}

size_t charge_queue_void(struct store *store, struct arena *arena, struct text order_id, struct text outcome,
                         struct text outcome_captured)
{
    struct text key = key_payment(arena, order_id);

    return store_call_item(store, &void_script, &key, 1, (struct text[]){outcome, outcome_captured}, 2);
}
