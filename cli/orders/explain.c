/* explain.c - why an order is parked. */
#include "duration.h"
#include "events.h"
#include "json.h"
#include "message.h"
#include "order_view.h"
#include "shown.h"

#include <inttypes.h>
#include <stdio.h>

struct text explain_why(struct arena *arena, const struct order_state *state, struct text failure, struct text last_failure)
{
    const char *asked = ask_type(state->pending);
    struct text given = failure.length > 0 ? failure : TEXT("no reason given");
    struct buffer why = buffer_in(arena, 200);

    if (text_equals(failure, TEXT("step_timed_out"))) {
        buffer_add_format(&why, "%s was not answered until its deadline, at attempt %" PRId64 " of %" PRId64, asked,
                          state->attempt, state->attempts_max);
        if (last_failure.length > 0)
            buffer_add_format(&why, "; the last answer before was %.*s", TEXT_ARG(last_failure));
    } else if (state->attempt >= state->attempts_max) {
        buffer_add_format(&why, "%s was tried %" PRId64 " times; the last answer was %.*s", asked, state->attempt,
                          TEXT_ARG(given));
    } else {
        buffer_add_format(&why, "%s was refused, at attempt %" PRId64 " of %" PRId64 ": %.*s", asked, state->attempt,
                          state->attempts_max, TEXT_ARG(given));
    }
    return buffer_text(&why);
}

/* The number of the step whose command has this type; STEP_NONE when there is none. */
static int step_of(struct text step)
{
    for (int i = 0; i < STEP_COUNT; i++)
        if (text_equals(step, text_of(ask_type(step_at(i)->ask))))
            return i;
    return STEP_NONE;
}

struct text explain_then(struct arena *arena, const struct order_state *state, struct text step)
{
    struct buffer then = buffer_in(arena, 120);
    int number = step_of(step);

    if (state->status == SAGA_NEEDS_ATTENTION)
        return TEXT("it is completed");
    if (number != STEP_NONE)
        for (number = step_to_undo(number - 1); number != STEP_NONE; number = step_to_undo(number - 1))
            buffer_add_format(&then, "%s, then ", ask_type(step_at(number)->undo));
    buffer_add_format(&then, "it ends %s", saga_status_text(state->ends_as));
    if (state->reason.length > 0)
        buffer_add_format(&then, " (%.*s)", TEXT_ARG(state->reason));
    return buffer_text(&then);
}

/* The detail of the last event that parked it; NULL when the history has none. */
static const struct json *last_parking(struct arena *arena, const struct order_state *state, const struct text lines[],
                                       size_t line_count)
{
    struct saga_event event;
    const struct json *detail;

    for (size_t i = line_count; i-- > 0;)
        if (event_of_history_line(arena, lines[i], &event) == STATUS_OK &&
            text_equals(event.type, text_of(saga_status_event(state->status))) &&
            json_read(arena, event.detail, &detail) == STATUS_OK)
            return detail;
    return NULL;
}

/* How often it was parked: somebody has tried before. */
static size_t count_parkings(struct arena *arena, const struct text lines[], size_t line_count)
{
    struct saga_event event;
    size_t count = 0;

    for (size_t i = 0; i < line_count; i++)
        count += event_of_history_line(arena, lines[i], &event) == STATUS_OK &&
                 (text_equals(event.type, text_of(saga_status_event(SAGA_COMPENSATION_FAILED))) ||
                  text_equals(event.type, text_of(saga_status_event(SAGA_NEEDS_ATTENTION))));
    return count;
}

void explain_print(struct arena *arena, const struct order_state *state, struct text step, const struct text lines[],
                   size_t line_count, int64_t now_ms)
{
    const struct json *detail = last_parking(arena, state, lines, line_count);
    struct text failure = json_string(arena, json_member(detail, TEXT("failure")));
    struct text last_failure = json_string(arena, json_member(detail, TEXT("lastFailure")));
    struct text why = explain_why(arena, state, failure, last_failure), then = explain_then(arena, state, step);
    size_t parkings = count_parkings(arena, lines, line_count);

    printf("%-12s since %.*s, for %.*s: it waits for somebody\n", "parked", TEXT_ARG(time_text(arena, state->since_ms)),
           TEXT_ARG(duration_text(arena, now_ms - state->since_ms)));
    if (parkings > 1)
        printf("%-12s %zu times so far\n", "", parkings);
    printf("%-12s %.*s\n", "why", TEXT_ARG(shown_text(arena, why)));
    printf("%-12s %.*s\n", "after it", TEXT_ARG(shown_text(arena, then)));
    printf("%-12s orderly retry %.*s\n", "send it on", TEXT_ARG(state->order_id));
}
