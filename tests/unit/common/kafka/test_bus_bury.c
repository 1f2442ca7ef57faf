/* What is masked of a dead letter, and what is not though it looks like a card number. */
#include "bus_letter.h"

#include <criterion/criterion.h>

#define CARD "4111111111111111"
#define MASK "****************"
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define IDS TRACE "-" CARD

static const struct {
    const char *name, *value, *masked;
} headers[] = {
    {"card", CARD, MASK},
    {"traceparent", "00-" IDS "-01", "00-" IDS "-01"},
    {"traceparent", "01-" IDS "-01", "01-" IDS "-01"},
    /* of a version to come is kept what is known of it: an id may stand there */
    {"traceparent", "cc-" IDS "-01-what-is-to-come", "cc-" IDS "-01-what-is-to-come"},
    {"traceparent", "cc-" IDS "-01-" CARD, "cc-" IDS "-01-" MASK},
    {"traceparent", CARD, MASK},
    {"traceparent", "00-" IDS "-01-" CARD, "00-" TRACE "-" MASK "-01-" MASK},
    {"traceparent", "ff-" IDS "-01", "ff-" TRACE "-" MASK "-01"},
    {"traceparent", "00-00000000000000000000000000000000-" CARD "-01", "00-00000000000000000000000000000000-" MASK "-01"},
    {"other", "00-" IDS "-01", "00-" TRACE "-" MASK "-01"},
};

Test(bus_bury, a_traceparent_of_any_version_keeps_its_ids)
{
    struct arena *arena = arena_create();

    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        struct header header = {text_of(headers[i].name), text_of(headers[i].value)};
        struct dead_letter letter = {.headers = &header, .header_count = 1};
        bus_mask_letter(arena, &letter);
        cr_expect(text_equals(letter.headers[0].value, text_of(headers[i].masked)), "%s became %.*s", headers[i].value,
                  TEXT_ARG(letter.headers[0].value));
        cr_expect_eq(letter.masked, strcmp(headers[i].value, headers[i].masked) != 0, "%s", headers[i].value);
    }
    arena_destroy(arena);
}
