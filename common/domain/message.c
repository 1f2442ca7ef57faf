#include "message.h"

#include "schema.h"

#define INBOX_DEPTH_MAX (JSON_DEPTH_MAX + 1) /* what is nested deeper would not fit into the commands that hand it on */
#define TIME_LENGTH (TIME_SIZE - 1)
#define DAY_MS INT64_C(86400000)
#define TIME_MS_MAX INT64_C(253402300799999) /* the last of the year 9999 */
#define TYPE_MAX 64
#define WHO_MAX 200         /* who asked for a cancel, a topic to reply to */
#define REST_MEMBER_MAX 256 /* bytes of a small member of a result, with its name */

/* ---- fields ---- */

static const struct field command_fields[] = {
    FIELD_TEXT(struct command, command_id, "commandId", 1, COMMAND_ID_MAX),
    FIELD_TEXT(struct command, order_id, "orderId", 1, ORDER_ID_MAX),
    FIELD_TEXT(struct command, type, "type", 1, TYPE_MAX),
    FIELD_NUMBER(struct command, attempt, "attempt", 1, ATTEMPT_MAX),
    FIELD_TEXT_OPTIONAL(struct command, issued_at, "issuedAt", TIME_LENGTH),
    FIELD_TEXT_OPTIONAL(struct command, deadline_at, "deadlineAt", TIME_LENGTH),
    FIELD_TEXT_OPTIONAL(struct command, reply_to, "replyTo", WHO_MAX),
    FIELD_OBJECT(struct command, order, "order"),
    FIELD_OBJECT_OPTIONAL(struct command, results, "results"),
};

/* A reply is read from, and written as, a record of the inbox. A worker that could not read the attempt answers with 0. */
static const struct field reply_fields[] = {
    FIELD_WORD(struct inbox_record, kind, "kind", "reply"),
    FIELD_TEXT(struct inbox_record, reply.command_id, "commandId", 1, COMMAND_ID_MAX),
    FIELD_TEXT(struct inbox_record, reply.order_id, "orderId", 1, ORDER_ID_MAX),
    FIELD_TEXT_MENDED(struct inbox_record, reply.type, "type", TYPE_MAX),
    FIELD_NUMBER_MENDED(struct inbox_record, reply.attempt, "attempt", 0, ATTEMPT_MAX),
    FIELD_WORD(struct inbox_record, reply.outcome, "outcome", "succeeded refused failed"),
    FIELD_TEXT_MENDED(struct inbox_record, reply.reason, "reason", REASON_MAX),
    FIELD_TEXT_MENDED(struct inbox_record, reply.product_id, "productId", PRODUCT_ID_MAX),
    FIELD_ARRAY_MENDED(struct inbox_record, reply.errors, "errors"),
    FIELD_OBJECT_MENDED(struct inbox_record, reply.result, "result"),
};
_Static_assert(COUNT_OF(reply_fields) == REPLY_MEMBERS, "one number for each");
#define REPLY_RESULT (REPLY_MEMBERS - 1)
static const struct field inbox_order_fields[] = {
    FIELD_OBJECT(struct inbox_record, order, "order"),
    FIELD_OBJECT(struct inbox_record, source, "source"),
    FIELD_OBJECT(struct inbox_record, policy, "policy"),
};
static const struct field signal_fields[] = {
    FIELD_TEXT_OPTIONAL(struct inbox_record, requested_by, "requestedBy", WHO_MAX),
    FIELD_TEXT_OPTIONAL(struct inbox_record, reason, "reason", REASON_MAX),
};

/* What else a record of the inbox holds, by its kind. */
static const struct inbox_kind {
    struct text kind;
    const struct field *fields;
    size_t field_count;
} inbox_kinds[] = {
    {TEXT("reply"), reply_fields, COUNT_OF(reply_fields)},
    {TEXT("nudge"), NULL, 0},
    {TEXT("order"), inbox_order_fields, COUNT_OF(inbox_order_fields)},
    {TEXT("cancel"), signal_fields, COUNT_OF(signal_fields)},
    {TEXT("retry"), signal_fields, COUNT_OF(signal_fields)},
};

static const struct field order_fields[] = {
    FIELD_TEXT(struct order, order_id, "orderId", 1, ORDER_ID_MAX),
    FIELD_TEXT(struct order, customer_id, "customerId", 1, ORDER_ID_MAX),
    FIELD_TEXT(struct order, payment_method, "paymentMethod", 1, PAYMENT_METHOD_MAX),
    FIELD_TEXT_OPTIONAL(struct order, warehouse, "warehouse", ORDER_ID_MAX),
};
static const struct field line_fields[] = {
    FIELD_TEXT(struct line, product_id, "productId", 1, PRODUCT_ID_MAX),
    FIELD_NUMBER(struct line, quantity, "quantity", 1, LINE_QUANTITY_MAX),
};

/* ---- commands and replies ---- */

/* The type inside a command id, <orderId>/<type>; TEXT_NONE when the id is not made that way. */
static struct text command_type(struct text command_id, struct text order_id)
{
    if (!text_begins(command_id, order_id) || command_id.length < order_id.length + 2 || command_id.length > COMMAND_ID_MAX ||
        command_id.at[order_id.length] != '/')
        return TEXT_NONE;
    return (struct text){command_id.at + order_id.length + 1, command_id.length - order_id.length - 1};
}

/* Sets what a reply needs, where it makes sense; false when there is too little to answer. */
static bool command_read_ids(struct arena *arena, const struct json *object, struct command *out_command)
{
    const struct text command_id = json_string(arena, json_member(object, TEXT("commandId")));
    const struct text order_id = json_string(arena, json_member(object, TEXT("orderId")));
    const struct text type = id_is_good(order_id) ? command_type(command_id, order_id) : TEXT_NONE;
    int64_t attempt;

    if (!text_is_there(type))
        return false;
    out_command->command_id = command_id;
    out_command->order_id = order_id;
    out_command->type = type;
    if (json_integer(json_member(object, TEXT("attempt")), &attempt) && attempt >= 1 && attempt <= ATTEMPT_MAX)
        out_command->attempt = attempt;
    return true;
}

enum status command_read(struct arena *arena, const struct json *object, struct command *out_command)
{
    struct command command = {0};

    *out_command = command;
    if (!command_read_ids(arena, object, out_command))
        return STATUS_BAD_MESSAGE;
    TRY(schema_read(arena, command_fields, COUNT_OF(command_fields), object, &command, NULL));
    if (!text_equals(command.type, out_command->type))
        return STATUS_BAD_MESSAGE;
    *out_command = command;
    return STATUS_OK;
}

void command_write(struct buffer *buffer, const struct command *command)
{
    schema_write(buffer, command_fields, COUNT_OF(command_fields), command);
}

void reply_write(struct buffer *buffer, const struct reply *reply)
{
    const struct inbox_record record = {.kind = TEXT("reply"), .reply = *reply};

    schema_write(buffer, reply_fields, COUNT_OF(reply_fields), &record);
}

const char *reply_member(size_t number) { return reply_fields[number].name; }

/* Reads a reply to a command that is known. Members that are missing or of no use do not spoil it: the outcome must not get
 * lost. */
static enum status reply_read(struct arena *arena, const struct json *object, struct inbox_record *out_record)
{
    struct reply *reply = &out_record->reply;
    uint64_t mended;

    TRY(schema_read_mending(arena, reply_fields, COUNT_OF(reply_fields), object, out_record, &mended));
    reply->mended = mended;
    if (reply->type.length > 0)
        return STATUS_OK;
    reply->type = command_type(reply->command_id, reply->order_id);
    return text_is_there(reply->type) ? STATUS_OK : STATUS_BAD_MESSAGE;
}

/* ---- results that are too large ---- */

static bool is_total(const struct json *name)
{
    return json_string_is(name, TEXT("amount")) || json_string_is(name, TEXT("currency"));
}

/* Adds a member that is small, as long as it leaves room for the closing brace. */
static void add_small(struct buffer *rest, const struct json *name, size_t bytes_max)
{
    const struct json *value = json_next(name);
    const size_t length = name->length + value->length;

    if (value->type == JSON_OBJECT || value->type == JSON_ARRAY || length > REST_MEMBER_MAX ||
        rest->length + length + sizeof(",:}") > bytes_max || json_string_is(name, TEXT("resultTooLarge")))
        return;
    buffer_add(rest, TEXT(","));
    buffer_add(rest, json_raw(name));
    buffer_add(rest, TEXT(":"));
    buffer_add(rest, json_raw(value));
}

void reply_bound_result(struct arena *arena, struct reply *reply, size_t bytes_max)
{
    struct buffer rest = buffer_in(arena, RESULT_BYTES_MIN);
    const struct json *result;

    if (reply->result.length <= bytes_max || json_read(arena, reply->result, &result) != STATUS_OK)
        return;
    buffer_add_format(&rest, "{\"resultTooLarge\":{\"bytes\":%zu}", reply->result.length);
    for (int total = 1; total >= 0; total--)
        for (JSON_EACH_MEMBER(name, result))
            if (is_total(name) == (total == 1))
                add_small(&rest, name, bytes_max);
    buffer_add(&rest, TEXT("}"));
    reply->result = buffer_text(&rest);
    reply->mended |= UINT64_C(1) << REPLY_RESULT;
}

/* ---- the inbox ---- */

const char *record_problem(struct arena *arena, struct text value, unsigned depth_more, const struct json **out_root,
                           struct text *out_order_id)
{
    struct text order_id;

    if (json_read(arena, value, out_root) != STATUS_OK || (*out_root)->depth > JSON_DEPTH_MAX + depth_more)
        return "not_json";
    if ((*out_root)->type != JSON_OBJECT)
        return "not_an_object";
    order_id = json_string(arena, json_member(*out_root, TEXT("orderId")));
    if (!id_is_good(order_id))
        return "no_order_id";
    *out_order_id = order_id;
    return NULL;
}

static const struct inbox_kind *inbox_kind_find(struct text kind)
{
    for (size_t i = 0; i < COUNT_OF(inbox_kinds); i++)
        if (text_equals(inbox_kinds[i].kind, kind))
            return &inbox_kinds[i];
    return NULL;
}

enum status inbox_read(struct arena *arena, const struct json *object, struct inbox_record *out_record)
{
    const struct text order_id = json_string(arena, json_member(object, TEXT("orderId")));

    *out_record = (struct inbox_record){
        .kind = json_string(arena, json_member(object, TEXT("kind"))),
        .order_id = id_is_good(order_id) ? order_id : TEXT_NONE,
    };
    const struct inbox_kind *kind = inbox_kind_find(out_record->kind);
    if (kind == NULL || !text_is_there(out_record->order_id) || object->depth > INBOX_DEPTH_MAX)
        return STATUS_BAD_MESSAGE;
    if (text_equals(out_record->kind, TEXT("order")) &&
        !json_string_is(json_member(json_member(object, TEXT("order")), TEXT("orderId")), order_id))
        return STATUS_BAD_MESSAGE; /* a command must not act for another order than the one it names */
    if (text_equals(out_record->kind, TEXT("reply")))
        return reply_read(arena, object, out_record);
    return schema_read(arena, kind->fields, kind->field_count, object, out_record, NULL);
}

/* ---- the order ---- */

static const bool id_alphabet[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['.'] = true, ['_'] = true, ['-'] = true, [':'] = true,
};

bool id_is_good(struct text id)
{
    if (id.length < 1 || id.length > ORDER_ID_MAX)
        return false;
    for (size_t i = 0; i < id.length; i++)
        if (!id_alphabet[(unsigned char)id.at[i]])
            return false;
    return true;
}

bool warehouse_is_good(struct text warehouse)
{
    return id_is_good(warehouse) && memchr(warehouse.at, ':', warehouse.length) == NULL;
}

struct text order_warehouse(struct arena *arena, struct text order)
{
    const struct json *root, *member;
    struct text warehouse;

    if (!text_is_there(order) || json_read(arena, order, &root) != STATUS_OK)
        return TEXT_NONE;
    member = json_member(root, TEXT("warehouse"));
    warehouse = member == NULL || member->type == JSON_NULL ? TEXT(WAREHOUSE_DEFAULT) : json_string(arena, member);
    return warehouse_is_good(warehouse) ? warehouse : TEXT_NONE;
}

static bool is_listed(const struct order *order, struct text product_id)
{
    for (size_t i = 0; i < order->line_count; i++)
        if (text_equals(order->lines[i].product_id, product_id))
            return true;
    return false;
}

static enum status read_lines(struct arena *arena, const struct json *items, struct order *out_order)
{
    if (items == NULL || items->type != JSON_ARRAY || items->count < 1 || items->count > ORDER_LINES_MAX)
        return STATUS_BAD_MESSAGE;
    for (JSON_EACH(item, items)) {
        struct line line = {0};
        TRY(schema_read(arena, line_fields, COUNT_OF(line_fields), item, &line, NULL));
        if (!id_is_good(line.product_id) || is_listed(out_order, line.product_id))
            return STATUS_BAD_MESSAGE;
        out_order->lines[out_order->line_count++] = line;
    }
    return STATUS_OK;
}

static bool is_capital(char letter) { return letter >= 'A' && letter <= 'Z'; }

/* The country, where there is one. */
static enum status read_country(struct arena *arena, const struct json *ship_to, struct text *out_country)
{
    const struct json *member = json_member(ship_to, TEXT("country"));
    const struct text country = json_string(arena, member);

    if (ship_to != NULL && ship_to->type != JSON_OBJECT && ship_to->type != JSON_NULL)
        return STATUS_BAD_MESSAGE;
    if (member != NULL && member->type != JSON_NULL &&
        !(country.length == 2 && is_capital(country.at[0]) && is_capital(country.at[1])))
        return STATUS_BAD_MESSAGE;
    *out_country = country;
    return STATUS_OK;
}

static bool order_is_good(const struct order *order)
{
    return id_is_good(order->order_id) && id_is_good(order->customer_id) && warehouse_is_good(order->warehouse) &&
           (text_begins(order->payment_method, TEXT("tok_")) || text_begins(order->payment_method, TEXT("pm_")));
}

enum status order_read_object(struct arena *arena, const struct json *object, struct order *out_order)
{
    memset(out_order, 0, offsetof(struct order, lines)); /* the lines are many, and line_count says how many there are */
    TRY(schema_read(arena, order_fields, COUNT_OF(order_fields), object, out_order, NULL));
    if (!text_is_there(out_order->warehouse))
        out_order->warehouse = TEXT(WAREHOUSE_DEFAULT);
    if (!order_is_good(out_order))
        return STATUS_BAD_MESSAGE;
    TRY(read_country(arena, json_member(object, TEXT("shipTo")), &out_order->country));
    return read_lines(arena, json_member(object, TEXT("items")), out_order);
}

enum status order_read(struct arena *arena, struct text bytes, struct order *out_order)
{
    const struct json *object;

    TRY(json_read(arena, bytes, &object));
    return order_read_object(arena, object, out_order);
}

/* ---- time ---- */

/* The calendar in days since 1970-01-01, with years that begin in March, so that a leap day is the last of its year
 * (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). No time zone, no lock: gmtime_r() has both. */
struct date {
    unsigned year, month, day;
};

#define ERA_DAYS 146097  /* 400 years, after which the calendar repeats itself */
#define EPOCH_DAY 719468 /* 1970-01-01, from 0000-03-01 on */

static struct date date_of_day(int64_t day)
{
    const unsigned since = (unsigned)day + EPOCH_DAY, era = since / ERA_DAYS, day_of_era = since % ERA_DAYS;
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned month_from_march = (5 * day_of_year + 2) / 153;
    const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    return (struct date){
        .year = era * 400 + year_of_era + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static int64_t day_of_date(struct date date)
{
    const unsigned year = date.year - (date.month <= 2), era = year / 400, year_of_era = year % 400;
    const unsigned month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    const unsigned day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;

    return (int64_t)era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAY;
}

#define DATE_LENGTH 11 /* of "2026-01-31T" */

/* The date that was written or read last: most times of a batch are of one day. It is a short cut alone: the same times are
 * told without it. */
static _Thread_local struct {
    int64_t day;
    char text[DATE_LENGTH];
} last_date = {0, {'1', '9', '7', '0', '-', '0', '1', '-', '0', '1', 'T'}};

/* A number below 100. */
static inline void write_two(char *out, unsigned number)
{
    out[0] = (char)('0' + number / 10);
    out[1] = (char)('0' + number % 10);
}

static void write_date(int64_t day)
{
    const struct date date = date_of_day(day);

    write_two(last_date.text, date.year / 100);
    write_two(last_date.text + 2, date.year % 100);
    write_two(last_date.text + 5, date.month);
    write_two(last_date.text + 8, date.day);
    last_date.day = day;
}

struct text time_text(struct arena *arena, int64_t time_ms)
{
    const int64_t shown_ms = time_ms < 0 ? 0 : time_ms > TIME_MS_MAX ? TIME_MS_MAX : time_ms, day = shown_ms / DAY_MS;
    const unsigned day_ms = (unsigned)(shown_ms % DAY_MS), second = day_ms / 1000, minute = second / 60, ms = day_ms % 1000;
    char *text = arena_take(arena, TIME_SIZE), *time = text + DATE_LENGTH;

    if (day != last_date.day)
        write_date(day);
    memcpy(text, last_date.text, DATE_LENGTH);
    memcpy(time, "00:00:00.000Z", TIME_SIZE - DATE_LENGTH);
    write_two(time, minute / 60);
    write_two(time + 3, minute % 60);
    write_two(time + 6, second % 60);
    write_two(time + 9, ms / 10);
    time[11] = (char)('0' + ms % 10);
    return (struct text){text, TIME_LENGTH};
}

/* Two digits; false when they are not. */
static inline bool read_two(const char *at, unsigned *out_number)
{
    const unsigned tens = (unsigned char)at[0] - (unsigned)'0', ones = (unsigned char)at[1] - (unsigned)'0';

    *out_number = 10 * tens + ones;
    return tens <= 9 && ones <= 9;
}

/* Whether there was such a day. */
static bool date_is_good(struct date date)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);

    return date.year >= 1970 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days[date.month - 1] + (unsigned)(is_leap && date.month == 2);
}

/* "2026-01-31T" */
static bool read_date(const char *at, int64_t *out_day)
{
    unsigned century, year, month, day;

    if (!read_two(at, &century) || !read_two(at + 2, &year) || at[4] != '-' || !read_two(at + 5, &month) || at[7] != '-' ||
        !read_two(at + 8, &day) || at[10] != 'T')
        return false;
    const struct date date = {100 * century + year, month, day};
    if (!date_is_good(date))
        return false;
    *out_day = day_of_date(date);
    return true;
}

/* "09:30:00.000Z" */
static bool read_time_of_day(const char *at, int64_t *out_ms)
{
    unsigned hour, minute, second, centiseconds;
    const unsigned last = (unsigned char)at[11] - (unsigned)'0';

    if (!read_two(at, &hour) || at[2] != ':' || !read_two(at + 3, &minute) || at[5] != ':' || !read_two(at + 6, &second) ||
        at[8] != '.' || !read_two(at + 9, &centiseconds) || last > 9 || at[12] != 'Z')
        return false;
    *out_ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + 10 * centiseconds + last;
    return hour <= 23 && minute <= 59 && second <= 59;
}

bool time_read(struct text text, int64_t *out_time_ms)
{
    int64_t ms;

    if (text.length != TIME_LENGTH || !read_time_of_day(text.at + DATE_LENGTH, &ms))
        return false;
    if (memcmp(text.at, last_date.text, DATE_LENGTH) != 0) {
        if (!read_date(text.at, &last_date.day))
            return false;
        memcpy(last_date.text, text.at, DATE_LENGTH);
    }
    *out_time_ms = last_date.day * DAY_MS + ms;
    return true;
}
