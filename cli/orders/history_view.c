/* history_view.c - lines of an order's history. */
#include "json.h"
#include "order_view.h"
#include "shown.h"

#include <inttypes.h>
#include <stdio.h>

static void print_member(struct arena *arena, const struct json *detail, struct text name, const char *before)
{
    struct text value = shown_text(arena, json_string(arena, json_member(detail, name)));

    if (value.length > 0)
        printf("%s%.*s", before, TEXT_ARG(value));
}

/* "payment.void: gateway_away (attempt 20)" of an event that parks. */
static void print_parking(struct arena *arena, const struct json *detail)
{
    struct text pending = shown_text(arena, json_string(arena, json_member(detail, TEXT("pendingCommandId"))));
    const char *slash = pending.length == 0 ? NULL : memchr(pending.at, '/', pending.length);
    int64_t attempt;

    if (slash == NULL)
        return;
    printf("  %.*s", (int)(pending.length - (size_t)(slash + 1 - pending.at)), slash + 1);
    print_member(arena, detail, TEXT("failure"), ": ");
    print_member(arena, detail, TEXT("lastFailure"), ", before: ");
    if (json_integer(json_member(detail, TEXT("attempt")), &attempt))
        printf(" (attempt %" PRId64 ")", attempt);
}

void history_print_line(struct arena *arena, struct text line)
{
    const struct json *root, *detail, *result;
    struct text at, event;

    if (json_read(arena, line, &root) != STATUS_OK)
        return;
    at = shown_text(arena, json_string(arena, json_member(root, TEXT("at"))));
    event = shown_text(arena, json_string(arena, json_member(root, TEXT("event"))));
    detail = json_member(root, TEXT("detail"));
    result = json_member(detail, TEXT("result"));
    printf("  %.*s  %-22.*s", TEXT_ARG(at), TEXT_ARG(event));
    if (result != NULL)
        printf(" %.*s", TEXT_ARG(shown_text(arena, json_raw(result))));
    print_member(arena, detail, TEXT("reason"), " ");
    print_member(arena, detail, TEXT("cancelledBy"), "  by ");
    print_member(arena, detail, TEXT("cancelReason"), ": ");
    print_parking(arena, detail);
    printf("\n");
}
