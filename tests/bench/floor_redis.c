/* floor_redis.c - the Redis commands of an order. Keys and fields are made up, their number and size are the real ones. All
 * keys begin with floor: or {floor:, so that nobody takes them for orders. */
#include "floor.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS 4  /* as in common/redis/store.c: Redis reads 16 KB of a connection in a turn */
#define SHARDS 16      /* of the timers */
#define SAGA_FIELDS 28 /* names to choose from */
#define FIELD_NAME_SIZE 24
#define FIELD_NAME_LENGTH 9
#define SMALL_VALUE 20 /* all fields but the first; the first has the rest */
#define WORDS_MAX (2 * FLOOR_BATCH_MAX + 64)
#define KEY_SIZE 96
#define VALUE_MAX 1024

/* KEYS saga, history; ARGV lines, removed, whether it ends, then the lines and names, and the words to set */
static const char transition_script[] =
    "redis.call('HGET',KEYS[1],'field-002') local l=3+ARGV[1] local r=l+ARGV[2] redis.call('RPUSH',KEYS[2],unpack(ARGV,4,l)) "
    "redis.call('HSET',KEYS[1],unpack(ARGV,r+1)) if r>l then redis.call('HDEL',KEYS[1],unpack(ARGV,l+1,r)) end "
    "if ARGV[3]=='1' then redis.call('EXPIRE',KEYS[1],777600) redis.call('EXPIRE',KEYS[2],777600) end return 1";
/* KEYS the order's key; ARGV field, value, ... */
static const char effect_script[] =
    "redis.call('HMGET',KEYS[1],ARGV[1],'status') redis.call('HSET',KEYS[1],unpack(ARGV)) return ARGV[2]";
/* KEYS the order's key, stock, taken */
static const char allocate_script[] =
    "redis.call('HMGET',KEYS[1],ARGV[1],'status') redis.call('HGET',KEYS[2],'BENCH-00001') "
    "redis.call('HGET',KEYS[3],'BENCH-00001') "
    "redis.call('HINCRBY',KEYS[2],'BENCH-00001',-1) redis.call('HINCRBY',KEYS[3],'BENCH-00001',1) "
    "redis.call('HSET',KEYS[1],unpack(ARGV)) return ARGV[2]";

enum script { TRANSITION, EFFECT, ALLOCATE, SCRIPT_COUNT };

/* Queued commands as they go over the wire: hiredis' own formatting of arguments costs more than anything else here. */
struct pipeline {
    redisContext *context;
    size_t queued;
    char *bytes;
    size_t length, size;
};

struct floor_redis {
    struct pipeline pipelines[CONNECTIONS];
    char run[FLOOR_ID_SIZE];
    char shas[SCRIPT_COUNT][48];
    char names[SAGA_FIELDS][FIELD_NAME_SIZE];
    char filling[VALUE_MAX];
};

/* A command being put together. Words are borrowed. */
struct words {
    const char *at[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    int count;
};

static void add(struct words *words, const char *at, size_t length)
{
    words->at[words->count] = at;
    words->lengths[words->count++] = length;
}

static void add_string(struct words *words, const char *string) { add(words, string, strlen(string)); }

static void append(struct pipeline *pipeline, const char *bytes, size_t length)
{
    memcpy(pipeline->bytes + pipeline->length, bytes, length);
    pipeline->length += length;
}

/* "<kind><number>\r\n" */
static void append_number(struct pipeline *pipeline, char kind, size_t number)
{
    char digits[24], *at = digits + sizeof(digits);

    *--at = '\n';
    *--at = '\r';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    *--at = kind;
    append(pipeline, at, (size_t)(digits + sizeof(digits) - at));
}

static void queue(struct floor_redis *redis, size_t connection, struct words *words)
{
    struct pipeline *pipeline = &redis->pipelines[connection];
    size_t room = 32;

    for (int i = 0; i < words->count; i++)
        room += words->lengths[i] + 32;
    if (pipeline->size - pipeline->length < room) {
        pipeline->size = 2 * (pipeline->length + room);
        pipeline->bytes = realloc(pipeline->bytes, pipeline->size);
        if (pipeline->bytes == NULL)
            abort();
    }
    append_number(pipeline, '*', (size_t)words->count);
    for (int i = 0; i < words->count; i++) {
        append_number(pipeline, '$', words->lengths[i]);
        append(pipeline, words->at[i], words->lengths[i]);
        append(pipeline, "\r\n", 2);
    }
    pipeline->queued++;
}

/* ---- open ---- */

static redisReply *ask(redisContext *connection, const char *format, const char *argument)
{
    redisReply *reply = redisCommand(connection, format, argument);

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        floor_die("Redis: %s", reply == NULL ? connection->errstr : reply->str);
    return reply;
}

static void load(struct floor_redis *redis, enum script script, const char *source)
{
    redisReply *reply = ask(redis->pipelines[0].context, "SCRIPT LOAD %s", source);

    snprintf(redis->shas[script], sizeof(redis->shas[script]), "%s", reply->str);
    freeReplyObject(reply);
}

struct floor_redis *floor_redis_open(int port, const char *run)
{
    struct floor_redis *redis = calloc(1, sizeof(*redis));

    if (redis == NULL)
        abort();
    for (int i = 0; i < CONNECTIONS; i++) {
        redis->pipelines[i].context = redisConnect("127.0.0.1", port);
        if (redis->pipelines[i].context == NULL || redis->pipelines[i].context->err != 0)
            floor_die("Redis does not answer on port %d", port);
    }
    snprintf(redis->run, sizeof(redis->run), "%s", run);
    memset(redis->filling, 'x', sizeof(redis->filling));
    for (int i = 0; i < SAGA_FIELDS; i++)
        snprintf(redis->names[i], sizeof(redis->names[i]), "field-%03d", i);
    load(redis, TRANSITION, transition_script);
    load(redis, EFFECT, effect_script);
    load(redis, ALLOCATE, allocate_script);
    freeReplyObject(ask(redis->pipelines[0].context, "HSET floor:catalog BENCH-00001 %s",
                        "{\"name\":\"Benchmark BENCH-00001\",\"unitPrice\":1999,\"currency\":\"USD\"}"));
    return redis;
}

void floor_redis_close(struct floor_redis *redis)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        redisFree(redis->pipelines[i].context);
        free(redis->pipelines[i].bytes);
    }
    free(redis);
}

/* ---- commands ---- */

static const char *key_of(struct floor_redis *redis, char out[KEY_SIZE], const char *before, size_t number, const char *after)
{
    char id[FLOOR_ID_SIZE];

    floor_id(id, redis->run, number);
    snprintf(out, KEY_SIZE, "%s%s%s", before, id, after);
    return out;
}

/* Field, value, ...: so many of so many bytes altogether; the first value takes what the small ones leave. */
static void add_fields(struct floor_redis *redis, struct words *words, int fields, int bytes)
{
    int small = fields * (FIELD_NAME_LENGTH + SMALL_VALUE) <= bytes ? SMALL_VALUE : bytes / fields - FIELD_NAME_LENGTH;
    int first = bytes - fields * FIELD_NAME_LENGTH - (fields - 1) * small;

    for (int i = 0; i < fields; i++) {
        add(words, redis->names[i], FIELD_NAME_LENGTH);
        add(words, redis->filling, (size_t)(i == 0 ? first : small));
    }
}

void floor_queue_transition(struct floor_redis *redis, const struct floor_tag *tag)
{
    const struct floor_stage *stage = &floor_stages[tag->stage];
    struct words words = {.count = 0};
    char saga[KEY_SIZE], history[KEY_SIZE], counts[2][12];

    snprintf(counts[0], sizeof(counts[0]), "%d", stage->lines);
    snprintf(counts[1], sizeof(counts[1]), "%d", stage->removed_fields);
    add_string(&words, "EVALSHA");
    add_string(&words, redis->shas[TRANSITION]);
    add_string(&words, "2");
    add_string(&words, key_of(redis, saga, "floor:", tag->number, ""));
    add_string(&words, key_of(redis, history, "{floor:", tag->number, "}:history"));
    add_string(&words, counts[0]);
    add_string(&words, counts[1]);
    add_string(&words, stage->worker < 0 ? "1" : "0");
    for (int i = 0; i < stage->lines; i++)
        add(&words, redis->filling, (size_t)stage->line_bytes);
    for (int i = 0; i < stage->removed_fields; i++)
        add(&words, redis->names[SAGA_FIELDS - 1 - i], FIELD_NAME_LENGTH);
    add_fields(redis, &words, stage->set_fields, stage->set_bytes);
    queue(redis, tag->number % CONNECTIONS, &words);
}

/* One command for all records of the batch at this stage (and shard; -1: all). */
static void queue_wide(struct floor_redis *redis, const char *command, const char *key, const struct floor_tag tags[],
                       size_t count, int stage, int shard)
{
    static char ids[FLOOR_BATCH_MAX][FLOOR_ID_SIZE];
    struct words words = {.count = 0};
    size_t used = 0;

    add_string(&words, command);
    add_string(&words, key);
    for (size_t i = 0; i < count; i++) {
        if (tags[i].stage != stage || (shard >= 0 && tags[i].number % SHARDS != (size_t)shard))
            continue;
        floor_id(ids[used], redis->run, tags[i].number);
        if (strcmp(command, "ZADD") == 0)
            add_string(&words, "1795562643000");
        add_string(&words, ids[used++]);
    }
    if (used > 0)
        queue(redis, shard < 0 ? 0 : (size_t)shard % CONNECTIONS, &words);
}

void floor_queue_indexes(struct floor_redis *redis, const struct floor_tag tags[], size_t count)
{
    char key[KEY_SIZE];

    queue_wide(redis, "ZADD", "floor:running", tags, count, 0, -1);
    queue_wide(redis, "ZREM", "floor:running", tags, count, FLOOR_STAGES - 1, -1);
    queue_wide(redis, "ZADD", "floor:completed", tags, count, FLOOR_STAGES - 1, -1);
    for (int shard = 0; shard < SHARDS; shard++) {
        snprintf(key, sizeof(key), "floor:timers:%d", shard);
        queue_wide(redis, "ZADD", key, tags, count, 0, shard);
        queue_wide(redis, "ZREM", key, tags, count, FLOOR_STAGES - 1, shard);
    }
}

void floor_queue_catalog(struct floor_redis *redis, const struct floor_tag *tag)
{
    struct words length = {.count = 0}, get = {.count = 0};

    add_string(&get, "HMGET");
    add_string(&get, "floor:catalog");
    add_string(&get, "BENCH-00001");
    if (floor_stages[tag->stage].catalog_reads > 0)
        queue(redis, 0, &get);
    add_string(&length, "HLEN");
    add_string(&length, "floor:catalog");
    if (floor_stages[tag->stage].catalog_reads > 1)
        queue(redis, 0, &length);
}

void floor_queue_effect(struct floor_redis *redis, const struct floor_tag *tag)
{
    const struct floor_stage *stage = &floor_stages[tag->stage];
    struct words words = {.count = 0};
    char key[KEY_SIZE], prefix[48];

    if (stage->effect_fields == 0)
        return;
    snprintf(prefix, sizeof(prefix), "floor:%s:", floor_worker_names[stage->worker]);
    add_string(&words, "EVALSHA");
    add_string(&words, redis->shas[stage->takes_stock ? ALLOCATE : EFFECT]);
    add_string(&words, stage->takes_stock ? "3" : "1");
    add_string(&words, key_of(redis, key, prefix, tag->number, ""));
    if (stage->takes_stock) {
        add_string(&words, "floor:stock");
        add_string(&words, "floor:taken");
    }
    add_fields(redis, &words, stage->effect_fields, stage->effect_bytes);
    queue(redis, stage->takes_stock ? 0 : tag->number % CONNECTIONS, &words);
}

/* ---- one round trip ---- */

static void write_all(struct pipeline *pipeline)
{
    int done = 0;

    if (redisAppendFormattedCommand(pipeline->context, pipeline->bytes, pipeline->length) != REDIS_OK)
        floor_die("Redis: %s", pipeline->context->errstr);
    pipeline->length = 0;
    while (!done)
        if (redisBufferWrite(pipeline->context, &done) != REDIS_OK)
            floor_die("Redis: %s", pipeline->context->errstr);
}

static void read_all(struct pipeline *pipeline)
{
    for (; pipeline->queued > 0; pipeline->queued--) {
        redisReply *reply = NULL;
        if (redisGetReply(pipeline->context, (void **)&reply) != REDIS_OK)
            floor_die("Redis: %s", pipeline->context->errstr);
        if (reply->type == REDIS_REPLY_ERROR)
            floor_die("Redis: %s", reply->str);
        freeReplyObject(reply);
    }
}

void floor_redis_flush(struct floor_redis *redis)
{
    for (int i = 0; i < CONNECTIONS; i++)
        if (redis->pipelines[i].queued > 0)
            write_all(&redis->pipelines[i]);
    for (int i = 0; i < CONNECTIONS; i++)
        read_all(&redis->pipelines[i]);
}
