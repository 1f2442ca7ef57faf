/* store_items.c - calls of scripts that take many. The keys of all items come before the first argument of any, so a call is
 * put together when its last item is known. */
#include "each.lua.h"
#include "store_internal.h"

#include <assert.h>

char *store_script_source(const struct store_script *script)
{
    size_t before = script->takes_many ? sizeof(each_lua) - 1 : 0, length = strlen(script->source);
    char *source = wire_grow(NULL, before + length + 1);

    memcpy(source, each_lua, before);
    memcpy(source + before, script->source, length + 1);
    return source;
}

void store_close_call(struct store *store, struct store_connection *connection)
{
    struct store_open_call *call = &connection->call;

    if (call->item_count == 0)
        return;
    wire_add_head(&connection->queued, STORE_EVALSHA_WORDS + call->word_count);
    store_add_evalsha(store, call->first, call->item_count * call->key_count);
    wire_add_wire(&connection->queued, &call->keys);
    wire_add_wire(&connection->queued, &call->arguments);
    store_forget_call(connection);
}

void store_forget_call(struct store_connection *connection)
{
    struct store_open_call *call = &connection->call;

    wire_empty(&call->keys);
    wire_empty(&call->arguments);
    *call = (struct store_open_call){.keys = call->keys, .arguments = call->arguments};
}

static size_t bytes_of(const struct text texts[], size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += texts[i].length;
    return bytes;
}

static bool is_full(const struct store_open_call *call, size_t bytes)
{
    return call->item_count == STORE_CALL_ITEMS_MAX || call->argument_bytes + bytes > STORE_CALL_BYTES_MAX;
}

static bool can_take(const struct store *store, const struct store_open_call *call, const struct store_script *script,
                     uint64_t slot)
{
    const struct store_command *first = &store->commands[call->first];

    return call->item_count > 0 && store->scripts[first->script].script == script &&
           (!store->splits_calls || first->slot == slot);
}

static void add_item(struct store_open_call *call, const struct text keys[], const struct text arguments[], size_t count)
{
    for (size_t i = 0; i < call->key_count; i++)
        wire_add_word(&call->keys, keys[i]);
    wire_add_number(&call->arguments, count);
    for (size_t i = 0; i < count; i++)
        wire_add_word(&call->arguments, arguments[i]);
    call->word_count += call->key_count + 1 + count;
    call->item_count++;
}

size_t store_call_item(struct store *store, const struct store_script *script, const struct text keys[], size_t key_count,
                       const struct text arguments[], size_t count)
{
    size_t number = store_take_number(store, keys[0]), bytes = bytes_of(arguments, count);
    struct store_command *command = &store->commands[number];
    struct store_connection *connection = &store->connections[command->connection];
    struct store_open_call *call = &connection->call;

    assert(key_count > 0 && script->takes_many);
    if (!can_take(store, call, script, command->slot) || is_full(call, bytes)) {
        store_close_call(store, connection);
        command->script = store_script_place(store, script);
        call->first = number;
        call->key_count = key_count;
    }
    assert(call->key_count == key_count && "a script has the same number of keys for each item");
    command->call = call->first;
    command->is_item = true;
    command->place = call->item_count;
    call->argument_bytes += bytes;
    add_item(call, keys, arguments, count);
    return number;
}
