/* store.c - commands are kept as formatted bytes, one buffer for each connection, until the flush: queueing needs no
 * connection, and hiredis is handed a whole pipeline in one piece. */
#include "store_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct store_value {
    redisReply reply;
};

static void forget(struct store *store);
static enum status exchange(struct store *store);
static struct store_connection *connection_of(struct store *store, size_t number);
static size_t begin_command(struct store *store, struct text route);

/* ---- open, close ---- */

static bool address_is_good(const char *url, struct store_address *out_address)
{
    return store_address_read(url, out_address) && (!out_address->is_tls || store_has_tls());
}

enum status store_open(const char *url, size_t connections, const struct store_script *const scripts[], size_t script_count,
                       struct store **out_store)
{
    struct store_address address;
    struct store *store;

    assert(connections >= 1 && connections <= STORE_CONNECTIONS);
    if (!address_is_good(url, &address))
        return STATUS_BAD_MESSAGE;
    store = wire_grow(NULL, sizeof(*store));
    *store = (struct store){.address = address, .connection_count = connections, .script_count = script_count};
    store->scripts = wire_grow(NULL, script_count * sizeof(*store->scripts));
    for (size_t i = 0; i < script_count; i++)
        store->scripts[i] = (struct store_loaded_script){.script = scripts[i], .source = store_script_source(scripts[i])};
    *out_store = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    forget(store);
    store_disconnect(store);
    for (size_t i = 0; i < store->connection_count; i++) {
        wire_free(&store->connections[i].queued);
        wire_free(&store->connections[i].call.keys);
        wire_free(&store->connections[i].call.arguments);
    }
    for (size_t i = 0; i < store->script_count; i++)
        free(store->scripts[i].source);
    free(store->commands);
    free(store->scripts);
    free(store);
}

bool store_url_is_good(const char *url)
{
    struct store_address address;

    return address_is_good(url, &address);
}

const char *store_problem(const struct store *store) { return store->problem; }

/* ---- queue ---- */

void store_begin(struct store *store) { forget(store); }

size_t store_queue(struct store *store, struct text route, const struct text words[], size_t count)
{
    size_t number = begin_command(store, route);
    struct wire *queued = &connection_of(store, number)->queued;

    wire_add_head(queued, count);
    for (size_t i = 0; i < count; i++)
        wire_add_word(queued, words[i]);
    return number;
}

size_t store_script_place(const struct store *store, const struct store_script *script)
{
    size_t place = 0;

    while (place < store->script_count && store->scripts[place].script != script)
        place++;
    assert(place < store->script_count && "the script was not given to store_open()");
    return place;
}

void store_add_evalsha(struct store *store, size_t number, size_t key_count)
{
    static const char no_sha_yet[STORE_SHA_LENGTH];
    struct wire *queued = &connection_of(store, number)->queued;

    wire_add_word(queued, TEXT("EVALSHA"));
    wire_add_word(queued, (struct text){no_sha_yet, STORE_SHA_LENGTH});
    store->commands[number].sha_at = queued->length - STORE_SHA_LENGTH - 2;
    wire_add_number(queued, key_count);
}

size_t store_call(struct store *store, const struct store_script *script, size_t key_count, const struct text arguments[],
                  size_t count)
{
    size_t number = begin_command(store, key_count > 0 ? arguments[0] : TEXT_NONE);
    struct wire *queued = &connection_of(store, number)->queued;

    assert(key_count <= count && !script->takes_many);
    store->commands[number].script = store_script_place(store, script);
    wire_add_head(queued, STORE_EVALSHA_WORDS + count);
    store_add_evalsha(store, number, key_count);
    for (size_t i = 0; i < count; i++)
        wire_add_word(queued, arguments[i]);
    return number;
}

enum status store_flush(struct store *store)
{
    enum status status;

    if (store->answered == store->command_count)
        return STATUS_OK;
    status = exchange(store);
    if (status != STATUS_OK)
        forget(store);
    return status;
}

enum status store_ping(struct store *store)
{
    enum status status;

    store_begin(store);
    store_queue(store, TEXT_NONE, &TEXT("PING"), 1);
    status = store_flush(store);
    forget(store);
    return status;
}

/* ---- replies ---- */

const struct store_value *store_value(const struct store *store, size_t number)
{
    const struct store_command *command;
    const redisReply *reply;

    assert(number < store->answered);
    command = &store->commands[number];
    reply = store->commands[command->call].reply;
    return (const struct store_value *)(command->is_item ? reply->element[command->place] : reply);
}

static struct text reply_text(const redisReply *reply) { return (struct text){reply->str, reply->len}; }

struct text store_error(const struct store_value *value)
{
    return value->reply.type == REDIS_REPLY_ERROR ? reply_text(&value->reply) : TEXT_NONE;
}

bool store_is_status(const struct store_value *value) { return value->reply.type == REDIS_REPLY_STATUS; }

struct text store_text(const struct store_value *value)
{
    bool is_text = value->reply.type == REDIS_REPLY_STRING || value->reply.type == REDIS_REPLY_STATUS;

    return is_text ? reply_text(&value->reply) : TEXT_NONE;
}

int64_t store_number(const struct store_value *value)
{
    return value->reply.type == REDIS_REPLY_INTEGER ? value->reply.integer : 0;
}

size_t store_count(const struct store_value *value) { return value->reply.type == REDIS_REPLY_ARRAY ? value->reply.elements : 0; }

const struct store_value *store_element(const struct store_value *value, size_t index)
{
    assert(index < store_count(value));
    return (const struct store_value *)value->reply.element[index];
}

/* ---- exchange ---- */

static enum status connect_needed(struct store *store)
{
    for (size_t i = 0; i < store->connection_count; i++)
        if (store->connections[i].queued.length > 0 && store->connections[i].context == NULL)
            TRY(store_connect(store, &store->connections[i]));
    return STATUS_OK;
}

static void fill_in_shas(struct store *store)
{
    for (size_t i = store->answered; i < store->command_count; i++) {
        const struct store_command *command = &store->commands[i];

        if (command->script != STORE_NO_SCRIPT)
            memcpy(connection_of(store, i)->queued.bytes + command->sha_at, store->scripts[command->script].sha,
                   STORE_SHA_LENGTH);
    }
}

static enum status send_bytes(struct store *store, struct store_connection *connection)
{
    int done = 0;

    if (redisAppendFormattedCommand(connection->context, connection->queued.bytes, connection->queued.length) != REDIS_OK)
        return store_fail(store, connection->context, errno);
    while (!done)
        if (redisBufferWrite(connection->context, &done) != REDIS_OK)
            return store_fail(store, connection->context, errno);
    connection->queued.length = 0;
    return STATUS_OK;
}

/* All is written before the first reply is read: Redis takes the connections' commands in one turn, and they share its fsync.
 * Redis goes on reading while we do not read its replies, so that both sides cannot wait for each other. */
static enum status send_all(struct store *store)
{
    for (size_t i = 0; i < store->connection_count; i++)
        if (store->connections[i].queued.length > 0)
            TRY(send_bytes(store, &store->connections[i]));
    return STATUS_OK;
}

static enum status receive_all(struct store *store)
{
    for (; store->answered < store->command_count; store->answered++) {
        struct store_command *command = &store->commands[store->answered];
        redisContext *context = connection_of(store, store->answered)->context;
        void *reply = NULL;

        if (command->call != store->answered)
            continue;
        if (redisGetReply(context, &reply) != REDIS_OK)
            return store_fail(store, context, errno);
        command->reply = reply;
    }
    return STATUS_OK;
}

/* The error that a command inside a script has met, as Redis 6 wraps it: "ERR Error running script (call to f_...):
 * @user_script:5: WRONGTYPE ...". Later versions give that error itself, with the place in the script behind it. */
static struct text met_by_script(const redisReply *reply)
{
    static const char place[] = "@user_script:";
    const char *at = strstr(reply->str, place);

    if (at == NULL || !text_begins(reply_text(reply), TEXT("ERR Error running script ")))
        return TEXT_NONE;
    at += sizeof(place) - 1;
    at += strspn(at, " 0123456789:");
    return text_of(at);
}

/* Whether an error is that of the command itself: its key holds another type of value, which waiting does not mend. */
static bool is_own_fault(const redisReply *reply)
{
    return text_begins(reply_text(reply), TEXT("WRONGTYPE ")) || text_begins(met_by_script(reply), TEXT("WRONGTYPE "));
}

/* Whether a refusal is one that a new connection would not mend: it could do even less. After any other refusal a new
 * connection helps: it loads the scripts, signs in, finds the new master, or another way through a proxy. */
static bool is_of_the_server(const redisReply *reply)
{
    static const char *const names[] = {"LOADING", "OOM", "MISCONF", "BUSY", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN"};
    struct text first_word = {reply->str, strcspn(reply->str, " ")};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (text_equals(first_word, text_of(names[i])))
            return true;
    return false;
}

static enum status refuse(struct store *store, const redisReply *error)
{
    snprintf(store->problem, sizeof(store->problem), "%s", error->str);
    if (!is_of_the_server(error))
        store_disconnect(store);
    return STATUS_UNAVAILABLE;
}

/* A script that takes many has met no key itself, so no error of the whole call is its own fault. A Redis Cluster, or a proxy
 * before one, that does not take keys of several slots in one call gets none any more. */
static enum status check_call(struct store *store, const redisReply *reply, size_t place)
{
    if (reply->type == REDIS_REPLY_ERROR && text_begins(reply_text(reply), TEXT("CROSSSLOT")))
        store->splits_calls = true;
    if (reply->type == REDIS_REPLY_ERROR)
        return refuse(store, reply);
    if (reply->type == REDIS_REPLY_ARRAY && place < reply->elements)
        return STATUS_OK;
    snprintf(store->problem, sizeof(store->problem), "a script that takes many has no answer for item %zu", place);
    return STATUS_UNAVAILABLE;
}

/* Only an error that is the command's own fault is known for sure. What Redis, its next version and the proxies before it say
 * when they cannot serve can not be listed, so every other error counts as that. */
static enum status check_reply(struct store *store, const struct store_command *command)
{
    const redisReply *reply = store->commands[command->call].reply;

    if (command->is_item) {
        TRY(check_call(store, reply, command->place));
        reply = reply->element[command->place];
    }
    return reply->type != REDIS_REPLY_ERROR || is_own_fault(reply) ? STATUS_OK : refuse(store, reply);
}

static enum status exchange(struct store *store)
{
    size_t first = store->answered;

    for (size_t i = 0; i < store->connection_count; i++)
        store_close_call(store, &store->connections[i]);
    TRY(connect_needed(store));
    fill_in_shas(store);
    TRY(send_all(store));
    TRY(receive_all(store));
    for (size_t i = first; i < store->command_count; i++)
        TRY(check_reply(store, &store->commands[i]));
    return STATUS_OK;
}

/* ---- the queue inside ---- */

static void forget(struct store *store)
{
    for (size_t i = 0; i < store->command_count; i++)
        if (store->commands[i].reply != NULL)
            freeReplyObject(store->commands[i].reply);
    store->command_count = store->answered = 0;
    for (size_t i = 0; i < store->connection_count; i++) {
        wire_empty(&store->connections[i].queued);
        store_forget_call(&store->connections[i]);
    }
}

static struct store_connection *connection_of(struct store *store, size_t number)
{
    return &store->connections[store->commands[number].connection];
}

/* What Redis Cluster hashes: the text inside the first braces when there is any, so that all keys of one saga go down one
 * connection. */
static struct text slot_part(struct text key)
{
    const char *open = key.length == 0 ? NULL : memchr(key.at, '{', key.length);
    size_t rest = open == NULL ? 0 : key.length - (size_t)(open + 1 - key.at);
    const char *close = rest == 0 ? NULL : memchr(open + 1, '}', rest);

    return close == NULL || close == open + 1 ? key : (struct text){open + 1, (size_t)(close - open - 1)};
}

size_t store_take_number(struct store *store, struct text route)
{
    size_t number = store->command_count++;
    uint64_t slot = text_hash(slot_part(route));

    if (number == store->command_room) {
        store->command_room = store->command_room == 0 ? 64 : store->command_room * 2;
        store->commands = wire_grow(store->commands, store->command_room * sizeof(*store->commands));
    }
    store->commands[number] = (struct store_command){
        .connection = slot % store->connection_count, .slot = slot, .script = STORE_NO_SCRIPT, .call = number};
    return number;
}

/* The commands of one connection keep their order, so the items that came before go first. */
static size_t begin_command(struct store *store, struct text route)
{
    size_t number = store_take_number(store, route);

    store_close_call(store, connection_of(store, number));
    return number;
}
