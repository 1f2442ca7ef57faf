/* message.h - what the services say to each other: commands, replies, and the records of saga.inbox.
 *
 * Shape   JSON objects (docs/asyncapi.yaml); one table of fields for each in message.c
 * Units   times are RFC 3339 text in messages, milliseconds since 1970 in the code; money in minor units
 * Owner   structs borrow the record's bytes and the batch's arena: copy them freely, free nothing */
#ifndef ORDERLY_MESSAGE_H
#define ORDERLY_MESSAGE_H

#include "json.h"

#define ORDER_ID_MAX 64
#define PRODUCT_ID_MAX 64
#define WAREHOUSE_DEFAULT "main" /* of an order that names none */
#define ORDER_LINES_MAX 100
#define LINE_QUANTITY_MAX 10000
#define PAYMENT_METHOD_MAX 128
#define COMMAND_ID_MAX 128
#define REASON_MAX 200 /* characters, as of every text that is no id */
#define ATTEMPT_MAX INT32_MAX
/* Commands and replies may be this much larger than an order. A command holds the order and, on the longest way, the results of
 * five commands, each of which is no larger than an order may be: there is room for two more. */
#define COMMAND_BYTES_FACTOR 8
#define MONEY_MAX (INT64_C(1) << 53) /* what Redis scripts, Lua and JSON readers hold exactly */
#define TRACEPARENT_LENGTH 55        /* "00-<32 hex>-<16 hex>-<2 hex>" */
#define TIME_SIZE 25                 /* "2026-01-31T09:30:00.000Z" and its '\0' */

/* What a worker is asked. order and results are raw JSON objects. */
struct command {
    struct text command_id, order_id, type;
    int64_t attempt;
    struct text issued_at, deadline_at, reply_to;
    struct text order, results;
};

/* What it answers. Everything behind outcome is there where it applies. The command is told by command_id; what is wrong with the
 * other members but outcome does not spoil the reply: a text that is too long is cut, everything else is left out. */
#define REPLY_MEMBERS 10
struct reply {
    struct text command_id, order_id, type;
    int64_t attempt;
    struct text outcome; /* "succeeded", "refused", "failed" */
    struct text reason, product_id;
    struct text errors; /* raw array */
    struct text result; /* raw object */
    uint64_t mended;    /* bit i: reply_member(i) was cut, or left out; an attempt that is left out is 0, that of no command */
};

/* One record of saga.inbox. kind tells which of the members may be there. */
struct inbox_record {
    struct text kind; /* "order", "reply", "nudge", "cancel", "retry" */
    struct text order_id;
    struct text order, source, policy; /* order: raw objects */
    struct reply reply;                /* reply */
    struct text requested_by, reason;  /* cancel, retry */
};

/* One line of an order, as far as the workers need it. */
struct line {
    struct text product_id;
    int64_t quantity;
};

/* An order that keeps the rules of docs/schemas/order.json, as far as the workers need it. */
struct order {
    struct text order_id, customer_id, payment_method;
    struct text warehouse; /* "main" when the order names none */
    struct text country;   /* of shipTo; TEXT_NONE without one */
    size_t line_count;
    struct line lines[ORDER_LINES_MAX];
};

/* Reads a command. Its command_id, which is <orderId>/<type>, order_id, type and attempt (0: unreadable) are set when they are
 * usable, also when the rest is not, so that it can be answered; else command_id is TEXT_NONE.
 * STATUS_BAD_MESSAGE  a member is missing, of the wrong type or too long, or type is not that of command_id */
MUST_CHECK enum status command_read(struct arena *arena, const struct json *object, struct command *out_command);
/* Appends a command as JSON. */
void command_write(struct buffer *buffer, const struct command *command);
/* Appends a reply as JSON, {"kind":"reply",...}. */
void reply_write(struct buffer *buffer, const struct reply *reply);
/* Why a record can't be read as a JSON object with a usable orderId: a reason of docs/operations.md, or NULL when it can; then
 * out_root and out_order_id are set. depth_more: how much deeper than JSON_DEPTH_MAX it may be, because it wraps something. */
const char *record_problem(struct arena *arena, struct text value, unsigned depth_more, const struct json **out_root,
                           struct text *out_order_id);
/* The name of a member of a reply, by its number: 0..REPLY_MEMBERS-1. Static. */
const char *reply_member(size_t number);
/* Leaves out a result of more bytes, which would travel with every later command: {"resultTooLarge":{"bytes":123456}} stands in
 * its place, with those of its members that are small, amount and currency first. bytes_max is RESULT_BYTES_MIN at least. */
void reply_bound_result(struct arena *arena, struct reply *reply, size_t bytes_max);
#define RESULT_BYTES_MIN 1024
/* Reads a record of saga.inbox.
 * STATUS_BAD_MESSAGE  unknown kind, or a member of that kind missing or of the wrong type; out_record->kind and order_id are set
 *                     when they are usable */
MUST_CHECK enum status inbox_read(struct arena *arena, const struct json *object, struct inbox_record *out_record);
/* Reads an order that the validator has let pass.
 * STATUS_BAD_MESSAGE  it breaks a rule all the same (somebody else wrote the command): out_order may hold anything */
MUST_CHECK enum status order_read(struct arena *arena, struct text bytes, struct order *out_order);
/* The same for one whose JSON is read already, as a command's. */
MUST_CHECK enum status order_read_object(struct arena *arena, const struct json *object, struct order *out_order);

/* Whether a text can be the id of an order, a customer or a product: 1 to 64 of A-Za-z0-9._:- */
bool id_is_good(struct text id);
/* Whether a text can be the name of a warehouse: as an id, but without ':', because the name becomes part of Redis keys. */
bool warehouse_is_good(struct text warehouse);
/* The warehouse of an order's JSON, as the inventory service takes it: in the arena, or borrowed from the order. TEXT_NONE when
 * the order can't be read or its warehouse breaks the rule: it was rejected, and no warehouse holds anything for it. */
struct text order_warehouse(struct arena *arena, struct text order);

/* A time as RFC 3339 UTC text with milliseconds, in the arena. time_ms counts from 1970; for a time before that, or after the
 * year 9999, the text is the nearest one that can be written. */
struct text time_text(struct arena *arena, int64_t time_ms);
/* Reads a text of exactly that form; there is no second 60. False: out_time_ms untouched. */
MUST_CHECK bool time_read(struct text text, int64_t *out_time_ms);

#endif
