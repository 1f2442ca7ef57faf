/* The headers of every record: the trace goes on, and handling a record twice gives the same. */
#include "trace.h"

#include <criterion/criterion.h>

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(trace, .init = set_up, .fini = tear_down);

Test(trace, goes_on_with_a_span_of_its_own)
{
    struct trace trace =
        trace_continue(arena, (struct trace){TEXT(PARENT), TEXT("vendor=1")}, TEXT("ORD-1/payment.authorize/1"), TEXT("ORD-1"));

    cr_assert_eq(trace.parent.length, TRACEPARENT_LENGTH);
    cr_expect_eq(memcmp(trace.parent.at, PARENT, 36), 0, "same trace");
    cr_expect_neq(memcmp(trace.parent.at + 36, &PARENT[36], 16), 0, "another span");
    cr_expect_eq(memcmp(trace.parent.at + 52, "-01", 3), 0, "same flags");
    cr_expect(text_equals(trace.state, TEXT("vendor=1")));
}

/* ---- what is read ---- */

static const struct header *given;
static size_t given_count;

/* In the place of the one of the bus, whose records come from Kafka. */
bool record_header(const struct record *record, const char *name, struct text *out_value)
{
    (void)record;
    for (size_t i = 0; i < given_count; i++)
        if (text_equals(given[i].name, text_of(name))) {
            *out_value = given[i].value;
            return true;
        }
    return false;
}

static struct trace read_trace(const char *parent, const char *state)
{
    struct header headers[] = {{TEXT("traceparent"), text_of(parent)}, {TEXT("tracestate"), text_of(state)}};

    given = headers;
    given_count = state == NULL ? 1 : 2;
    return trace_of(&(struct record){0});
}

#define IDS "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

static const struct {
    const char *read, *flags; /* flags NULL: a trace of its own begins */
} parents[] = {
    {"00-" IDS "-01", "01"},
    {"00-" IDS "-00", "00"},
    {"00-" IDS "-03", "03"},
    /* a version to come is read as far as 00 goes: of its flags only the one of 00 is known */
    {"01-" IDS "-01", "01"},
    {"01-" IDS "-00", "00"},
    {"01-" IDS "-ff", "01"},
    {"01-" IDS "-fe", "00"},
    {"cc-" IDS "-01-what-the-future-will-be-like", "01"},
    {"cc-" IDS "-01-", "01"},
    {"fe-" IDS "-01", "01"},
    {"ff-" IDS "-01", NULL},
    {"cc-" IDS "-01.what-the-future-will-be-like", NULL},
    {"cc-" IDS "-010", NULL},
    {"cc-" IDS "-0", NULL},
    {"00-" IDS "-01-", NULL},
    {"00-" IDS "-01-more", NULL},
    {"0-" IDS "-01", NULL},
    {"0x-" IDS "-01", NULL},
    {"CC-" IDS "-01", NULL},
    {"01_" IDS "-01", NULL},
    {"01-00000000000000000000000000000000-b7ad6b7169203331-01", NULL},
    {"01-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", NULL},
    {"01-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", NULL},
    {"01-" IDS "-0x", NULL},
    {"", NULL},
};

Test(trace, of_any_version_goes_on_as_version_00)
{
    for (size_t i = 0; i < COUNT_OF(parents); i++) {
        struct trace read = read_trace(parents[i].read, "vendor=1");
        struct trace trace = trace_continue(arena, read, TEXT("x"), TEXT("ORD-1"));
        cr_expect_eq(text_is_there(read.parent), parents[i].flags != NULL, "%s", parents[i].read);
        cr_expect_eq(text_is_there(read.state), parents[i].flags != NULL, "%s", parents[i].read);
        cr_assert_eq(trace.parent.length, TRACEPARENT_LENGTH);
        cr_expect_eq(memcmp(trace.parent.at, "00-", 3), 0, "%s", parents[i].read);
        cr_expect_eq(memcmp(trace.parent.at + 3, IDS, 32) == 0, parents[i].flags != NULL, "%s", parents[i].read);
        if (parents[i].flags != NULL)
            cr_expect_eq(memcmp(trace.parent.at + 53, parents[i].flags, 2), 0, "%s", parents[i].read);
        if (parents[i].flags != NULL)
            cr_expect_eq(read.parent.length, TRACEPARENT_LENGTH, "a saga keeps no more of it: %s", parents[i].read);
    }
}

Test(trace, is_the_same_whenever_it_is_worked_out)
{
    struct trace none = {TEXT_NONE, TEXT_NONE};
    struct trace a = trace_continue(arena, none, TEXT("x"), TEXT("ORD-1")),
                 b = trace_continue(arena, none, TEXT("x"), TEXT("ORD-1"));
    struct trace other = trace_continue(arena, none, TEXT("x"), TEXT("ORD-2"));

    cr_expect(text_equals(a.parent, b.parent));
    cr_expect_not(text_equals(a.parent, other.parent));
    cr_assert_eq(a.parent.length, TRACEPARENT_LENGTH);
    cr_expect_eq(a.parent.at[2], '-');
    cr_expect_eq(a.parent.at[35], '-');
    cr_expect_eq(a.parent.at[52], '-');
}

Test(trace, an_envelope_is_a_cloud_event)
{
    struct envelope envelope = {.id = TEXT("i"),
                                .type = TEXT("t"),
                                .subject = TEXT("s"),
                                .source = "/x",
                                .time = TEXT("now"),
                                .trace = {TEXT(PARENT), TEXT_NONE}};
    struct header headers[ENVELOPE_HEADERS];
    static const char *const expected[][2] = {
        {"content-type", "application/json"},
        {"ce_specversion", "1.0"},
        {"ce_id", "i"},
        {"ce_type", "t"},
        {"ce_source", "/x"},
        {"ce_time", "now"},
        {"ce_subject", "s"},
        {"traceparent", PARENT},
    };

    cr_assert_eq(envelope_headers(&envelope, headers), COUNT_OF(expected), "no tracestate: no header of it");
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        cr_expect(text_equals(headers[i].name, text_of(expected[i][0])), "%zu", i);
        cr_expect(text_equals(headers[i].value, text_of(expected[i][1])), "%s", expected[i][0]);
    }
    envelope.trace.state = TEXT("vendor=1");
    cr_expect_eq(envelope_headers(&envelope, headers), COUNT_OF(expected) + 1);
}
