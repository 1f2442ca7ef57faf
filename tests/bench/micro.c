/* micro.c - the parts of a batch that only compute, each run as often as told, for callgrind to count its instructions: see
 * micro.sh.
 *
 *   bench_micro CASE TIMES
 *   bench_micro            lists the cases
 *
 * Messages are those of one order of orderly bench at its third transition: payment.authorize has succeeded,
 * inventory.allocate is next. */
#include "batch.h"
#include "message.h"
#include "policy.h"
#include "validator.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 500
#define STARTED_MS INT64_C(1795562644000)
#define SECONDS_TO_LIVE 777600

#define ORDER(id)                                                                                                                \
    "{\"orderId\":\"" id                                                                                                         \
    "\",\"customerId\":\"C-17\",\"items\":[{\"productId\":\"BENCH-00001\",\"quantity\":1}],\"paymentMethod\":"                   \
    "\"tok_visa\",\"shipTo\":{\"name\":\"Ada\",\"line1\":\"1 Main "                                                              \
    "St\",\"city\":\"Turin\",\"postalCode\":\"10121\",\"country\":\"IT\"}}"
#define ID "BENCH-6b062214-002405-0000000"
#define RESULTS "{\"order.validate\":{\"lines\":1,\"currency\":\"USD\"}}"
#define RESULT "{\"authorizationId\":\"auth_15a595b0dfd41a41\",\"amount\":1999,\"currency\":\"USD\"}"

static const char order_bytes[] = ORDER(ID);
static const char reply_bytes[] =
    "{\"kind\":\"reply\",\"commandId\":\"" ID "/payment.authorize\",\"orderId\":\"" ID
    "\",\"type\":\"payment.authorize\",\"attempt\":1,\"outcome\":\"succeeded\",\"result\":" RESULT "}";
static const char command_bytes[] =
    "{\"commandId\":\"" ID "/payment.authorize\",\"orderId\":\"" ID "\",\"type\":\"payment.authorize\",\"attempt\":1,"
    "\"issuedAt\":\"2026-11-24T23:24:04.098Z\",\"deadlineAt\":\"2026-11-25T00:24:04.078Z\",\"replyTo\":\"saga.inbox\","
    "\"order\":" ORDER(ID) ",\"results\":" RESULTS "}";

static struct arena *arena;

/* What must not go wrong, because then something else would be measured. */
static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_micro: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- messages ---- */

static void decode_order(void)
{
    struct order order;

    must(order_read(arena, text_of(order_bytes), &order) == STATUS_OK, "the order can't be read");
}

static void read_reply(struct text bytes, struct inbox_record *out_message)
{
    const struct json *root;

    must(json_read(arena, bytes, &root) == STATUS_OK && inbox_read(arena, root, out_message) == STATUS_OK,
         "the reply can't be read");
}

static void decode_reply(void)
{
    struct inbox_record message;

    read_reply(text_of(reply_bytes), &message);
}

static const struct json *read_command(struct command *out_command)
{
    const struct json *root;

    must(json_read(arena, text_of(command_bytes), &root) == STATUS_OK && command_read(arena, root, out_command) == STATUS_OK,
         "the command can't be read");
    return root;
}

static void decode_command(void)
{
    struct command command;

    (void)read_command(&command);
}

/* What a worker reads that needs the order. */
static void decode_order_of_command(void)
{
    struct command command;
    struct order order;
    const struct json *root = read_command(&command);

    must(order_read_object(arena, json_member(root, TEXT("order")), &order) == STATUS_OK, "the order can't be read");
}

static void validate(void)
{
    static const struct product product = {.state = PRODUCT_GOOD, .unit_price = 1999, .currency = {"USD", 3}};
    const struct text product_id = TEXT("BENCH-00001");
    const struct json *root;

    must(json_read(arena, text_of(order_bytes), &root) == STATUS_OK &&
             validate_order(arena, root, &product_id, &product, 1).error_count == 0,
         "the order is not valid");
}

static void encode_reply(void)
{
    const struct reply reply = {.command_id = TEXT(ID "/payment.authorize"),
                                .order_id = TEXT(ID),
                                .type = TEXT("payment.authorize"),
                                .attempt = 1,
                                .outcome = TEXT("succeeded"),
                                .result = TEXT(RESULT)};
    struct buffer buffer = buffer_in(arena, 512);

    reply_write(&buffer, &reply);
}

/* ---- a saga ---- */

/* The fields of a saga in Redis as they stand before the transition that is measured. */
static void saga_values(struct text order_id, struct text values[SAGA_FIELD_COUNT])
{
    const struct policy policy = policy_default();
    struct saga saga = {.order_id = order_id,
                        .version = 2,
                        .status = SAGA_AUTHORIZING_PAYMENT,
                        .since_ms = STARTED_MS,
                        .step = 1,
                        .order = text_of(order_bytes),
                        .results = TEXT(RESULTS),
                        .source = TEXT("{\"topic\":\"orders\",\"partition\":2}"),
                        .pending = ASK_AUTHORIZE,
                        .attempt = 1,
                        .next_due_ms = STARTED_MS + 10000,
                        .step_deadline_ms = STARTED_MS + 600000,
                        .timer_ms = STARTED_MS + 10000,
                        .last_input = {2, 1, STARTED_MS},
                        .created_ms = STARTED_MS,
                        .updated_ms = STARTED_MS,
                        .deadline_ms = STARTED_MS + 3600000,
                        .trace_parent = TEXT("00-78c11e98a3f1cc16b22e258796af1f98-4075336b23714b14-01")};

    saga.policy = policy_text(arena, &policy);
    saga_write(arena, &saga, values);
}

/* Kept from one time to the next: not what is measured. */
static struct arena *kept;
static struct text kept_values[SAGA_FIELD_COUNT];
static struct saga kept_saga;
static struct effects kept_effects;

static void hear_reply(struct saga *saga, struct effects *effects, const struct inbox_record *message)
{
    const struct heard heard = {.message = message, .input = {2, 2, STARTED_MS + 30}};

    must(saga_hear(arena, saga, &heard, effects) == HEARING_CHANGED, "the reply changes nothing");
}

static void transition(void)
{
    static const struct reply reply = {.command_id = {ID "/payment.authorize", sizeof(ID) + 17},
                                       .order_id = {ID, sizeof(ID) - 1},
                                       .type = {"payment.authorize", 17},
                                       .attempt = 1,
                                       .outcome = {"succeeded", 9},
                                       .result = {RESULT, sizeof(RESULT) - 1}};
    const struct inbox_record message = {.kind = TEXT("reply"), .order_id = TEXT(ID), .reply = reply};
    struct text values[SAGA_FIELD_COUNT];
    struct effects effects = {0};
    struct saga saga;

    must(saga_read(arena, TEXT(ID), kept_values, &saga) == STATUS_OK, "the saga can't be read");
    hear_reply(&saga, &effects, &message);
    saga_write(arena, &saga, values);
}

static void encode_command(void)
{
    struct command command = saga_command(arena, &kept_saga);
    struct buffer buffer = buffer_in(arena, 1024);

    command_write(&buffer, &command);
}

static void encode_event(void) { (void)event_record(arena, TEXT(ID), &kept_effects.events[0]); }

/* ---- a batch ---- */

struct batch_member {
    struct text order_id;
    struct text value; /* the reply */
    struct text values[SAGA_FIELD_COUNT];
};

static struct batch_member members[BATCH];
static struct store *store;

static void make_members(void)
{
    for (size_t i = 0; i < BATCH; i++) {
        char *reply = strdup(reply_bytes), number[8];
        must(reply != NULL, "no memory");
        snprintf(number, sizeof(number), "%07zu", i);
        for (char *at = reply; (at = strstr(at, ID)) != NULL; at += sizeof(ID) - 1)
            memcpy(at + sizeof(ID) - 8, number, 7);
        members[i].value = text_of(reply);
        members[i].order_id = text_copy(kept, (struct text){strstr(reply, "BENCH-"), sizeof(ID) - 1});
        saga_values(members[i].order_id, members[i].values);
        for (size_t field = 0; field < SAGA_FIELD_COUNT; field++)
            members[i].values[field] = text_copy(kept, members[i].values[field]);
    }
    must(store_open("redis://127.0.0.1:1", STORE_CONNECTIONS, (const struct store_script *const[]){&transition_script}, 1,
                    &store) == STATUS_OK,
         "no store");
}

/* 500 replies: decoded, grouped by saga, folded, and everything queued that would go to Redis. Queueing needs no connection. */
static void batch_500(void)
{
    struct batch batch = batch_in(arena, NULL, BATCH);
    struct ledger_change *changes = arena_take_zeroed(arena, BATCH, sizeof(*changes));
    struct record records[BATCH];

    store_begin(store);
    for (size_t i = 0; i < BATCH; i++) {
        struct inbox_record *message = arena_take_zeroed(arena, 1, sizeof(*message));
        records[i] =
            (struct record){.partition = 2, .offset = (int64_t)i + 2, .timestamp_ms = STARTED_MS + 30, .value = members[i].value};
        read_reply(members[i].value, message);
        batch_add(&batch, &records[i], message);
    }
    must(batch.group_count == BATCH, "the groups are not as many as the sagas");
    for (size_t i = 0; i < batch.group_count; i++) {
        struct group *group = &batch.groups[i];
        (void)saga_queue_load(store, arena, group->order_id);
        must(saga_read(arena, group->order_id, members[i].values, &group->loaded) == STATUS_OK, "the saga can't be read");
        group->saga = group->loaded;
        hear_reply(&group->saga, &group->effects, group->heard[0].message);
        changes[i] = (struct ledger_change){.old_values = members[i].values,
                                            .values = group->values,
                                            .old_status = group->loaded.status,
                                            .saga = &group->saga,
                                            .effects = &group->effects};
        (void)ledger_queue_transition(store, arena, &changes[i], SECONDS_TO_LIVE);
    }
    ledger_queue_indexes(store, arena, changes, BATCH);
}

/* ---- the cases ---- */

static void prepare(void)
{
    struct inbox_record *message = arena_take_zeroed(kept, 1, sizeof(*message));

    arena = kept; /* what is made here outlives the resets */
    saga_values(TEXT(ID), kept_values);
    must(saga_read(kept, TEXT(ID), kept_values, &kept_saga) == STATUS_OK, "the saga can't be read");
    read_reply(text_of(reply_bytes), message);
    hear_reply(&kept_saga, &kept_effects, message);
    make_members();
    arena = arena_create();
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"decode-order", decode_order},
    {"decode-reply", decode_reply},
    {"decode-command", decode_command},
    {"decode-order-of-command", decode_order_of_command},
    {"validate", validate},
    {"encode-reply", encode_reply},
    {"encode-event", encode_event},
    {"encode-command", encode_command},
    {"transition", transition},
    {"batch-500", batch_500},
};

int main(int argc, char **argv)
{
    int64_t times = 0;
    size_t chosen = 0;

    if (argc == 1)
        for (size_t i = 0; i < COUNT_OF(cases); i++)
            printf("%s\n", cases[i].name);
    if (argc == 1)
        return EXIT_SUCCESS;
    while (chosen < COUNT_OF(cases) && strcmp(cases[chosen].name, argv[1]) != 0)
        chosen++;
    if (argc != 3 || chosen == COUNT_OF(cases) || !text_to_number(text_of(argv[2]), &times)) {
        fprintf(stderr, "usage: bench_micro CASE TIMES\n");
        return 2;
    }
    kept = arena_create();
    prepare();
    for (int64_t i = 0; i < times; i++) {
        arena_reset(arena);
        cases[chosen].run();
    }
    for (size_t i = 0; i < BATCH; i++)
        free((char *)(uintptr_t)members[i].value.at);
    store_close(store);
    arena_destroy(arena);
    arena_destroy(kept);
    return EXIT_SUCCESS;
}
