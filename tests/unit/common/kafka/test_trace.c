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
    struct trace trace = trace_continue(arena, (struct trace){TEXT(PARENT), TEXT("vendor=1")}, TEXT("ORD-1/payment.authorize/1"), TEXT("ORD-1"));

    cr_assert_eq(trace.parent.length, TRACEPARENT_LENGTH);
    cr_expect_eq(memcmp(trace.parent.at, PARENT, 36), 0, "same trace");
    cr_expect_neq(memcmp(trace.parent.at + 36, &PARENT[36], 16), 0, "another span");
    cr_expect_eq(memcmp(trace.parent.at + 52, "-01", 3), 0, "same flags");
    cr_expect(text_equals(trace.state, TEXT("vendor=1")));
}

Test(trace, is_the_same_whenever_it_is_worked_out)
{
    struct trace none = {TEXT_NONE, TEXT_NONE};
    struct trace a = trace_continue(arena, none, TEXT("x"), TEXT("ORD-1")), b = trace_continue(arena, none, TEXT("x"), TEXT("ORD-1"));
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
    struct envelope envelope = {.id = TEXT("i"), .type = TEXT("t"), .subject = TEXT("s"), .source = "/x", .time = TEXT("now"),
                                .trace = {TEXT(PARENT), TEXT_NONE}};
    struct header headers[ENVELOPE_HEADERS];
    static const char *const expected[][2] = {
        {"content-type", "application/json"}, {"ce_specversion", "1.0"}, {"ce_id", "i"},   {"ce_type", "t"},
        {"ce_source", "/x"},                  {"ce_time", "now"},        {"ce_subject", "s"}, {"traceparent", PARENT},
    };

    cr_assert_eq(envelope_headers(&envelope, headers), COUNT_OF(expected), "no tracestate: no header of it");
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        cr_expect(text_equals(headers[i].name, text_of(expected[i][0])), "%zu", i);
        cr_expect(text_equals(headers[i].value, text_of(expected[i][1])), "%s", expected[i][0]);
    }
    envelope.trace.state = TEXT("vendor=1");
    cr_expect_eq(envelope_headers(&envelope, headers), COUNT_OF(expected) + 1);
}
