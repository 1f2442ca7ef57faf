#include "trace.h"

#define TRACE_ID_LENGTH 32
#define SPAN_ID_LENGTH 16
#define TRACE_ID_AT 3 /* behind "00-" */
#define SPAN_ID_AT 36
#define FLAGS_AT 53
#define FLAG_SAMPLED 1u /* the only one of version 00 */

static bool is_hex(const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
            return false;
    return true;
}

/* The specification calls an id of zeros invalid. */
static bool is_id(const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (at[i] != '0')
            return is_hex(at, length);
    return false;
}

static bool is_version_00(struct text text) { return text_begins(text, TEXT("00")); }

/* A version that is to come may have more behind a further dash, and is read as far as 00 goes; ff is none. */
static bool is_version(struct text text)
{
    if (text.length < TRACEPARENT_LENGTH || !is_hex(text.at, 2) || text_begins(text, TEXT("ff")))
        return false;
    return text.length == TRACEPARENT_LENGTH || (!is_version_00(text) && text.at[TRACEPARENT_LENGTH] == '-');
}

/* "<2>-<32>-<16>-<2>" */
bool trace_is_parent(struct text text)
{
    return is_version(text) && text.at[2] == '-' && is_id(text.at + TRACE_ID_AT, TRACE_ID_LENGTH) && text.at[35] == '-' &&
           is_id(text.at + SPAN_ID_AT, SPAN_ID_LENGTH) && text.at[52] == '-' && is_hex(text.at + FLAGS_AT, 2);
}

struct trace trace_of(const struct record *record)
{
    struct trace trace = {TEXT_NONE, TEXT_NONE};
    struct text value;

    if (!record_header(record, "traceparent", &value) || !trace_is_parent(value))
        return trace;
    trace.parent = (struct text){value.at, TRACEPARENT_LENGTH};
    if (record_header(record, "tracestate", &value) && value.length > 0 && value.length <= TRACESTATE_MAX)
        trace.state = value;
    return trace;
}

/* What a parent of another version says, as version 00 says it. */
static void write_as_00(char parent[TRACEPARENT_LENGTH])
{
    const char last = parent[FLAGS_AT + 1];
    const unsigned digit = (unsigned)(last <= '9' ? last - '0' : last - 'a' + 10);

    memcpy(parent, "00", 2);
    parent[FLAGS_AT] = '0';
    parent[FLAGS_AT + 1] = (digit & FLAG_SAMPLED) != 0 ? '1' : '0';
}

static void write_hex(char *out, uint64_t number)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 15; i >= 0; i--) {
        out[i] = digits[number & 15];
        number >>= 4;
    }
}

/* An id is never all zeros. */
static uint64_t id_of(struct text text, uint64_t salt)
{
    uint64_t id = text_hash(text) ^ salt;

    id ^= id >> 29;
    id *= UINT64_C(0xbf58476d1ce4e5b9);
    id ^= id >> 32;
    return id == 0 ? 1 : id;
}

struct trace trace_continue(struct arena *arena, struct trace trace, struct text record_id, struct text seed)
{
    char *parent = arena_take(arena, TRACEPARENT_LENGTH);

    if (text_is_there(trace.parent)) {
        memcpy(parent, trace.parent.at, TRACEPARENT_LENGTH);
        if (!is_version_00(trace.parent))
            write_as_00(parent);
    } else {
        memcpy(parent, "00-", 3);
        write_hex(parent + TRACE_ID_AT, id_of(seed, UINT64_C(0x6f72646572)));
        write_hex(parent + TRACE_ID_AT + 16, id_of(seed, UINT64_C(0x74726163)));
        memcpy(parent + 35, "-", 1);
        memcpy(parent + 52, "-01", 3);
    }
    write_hex(parent + SPAN_ID_AT, id_of(record_id, 0));
    return (struct trace){{parent, TRACEPARENT_LENGTH}, trace.state};
}

size_t envelope_headers(const struct envelope *envelope, struct header out_headers[ENVELOPE_HEADERS])
{
    const struct header headers[ENVELOPE_HEADERS] = {
        {TEXT("content-type"), TEXT("application/json")},
        {TEXT("ce_specversion"), TEXT("1.0")},
        {TEXT("ce_id"), envelope->id},
        {TEXT("ce_type"), envelope->type},
        {TEXT("ce_source"), text_of(envelope->source)},
        {TEXT("ce_time"), envelope->time},
        {TEXT("ce_subject"), envelope->subject},
        {TEXT("traceparent"), envelope->trace.parent},
        {TEXT("tracestate"), envelope->trace.state},
    };

    memcpy(out_headers, headers, sizeof(headers));
    return text_is_there(envelope->trace.state) ? ENVELOPE_HEADERS : ENVELOPE_HEADERS - 1;
}
