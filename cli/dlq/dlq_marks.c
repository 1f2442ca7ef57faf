/* dlq_marks.c - remembers which dead letters have been redriven, because none can be struck out of its topic. */
#include "dlq.h"
#include "keys.h"

#include <inttypes.h>
#include <stdlib.h>

#define SCORE_SIZE 64

/* A score is printed as a floating-point number; times are far below 2^53. */
static bool is_of(struct text score, int64_t buried_ms)
{
    char digits[SCORE_SIZE];

    if (!text_is_there(score))
        return false;
    snprintf(digits, sizeof(digits), "%.*s", TEXT_ARG(score));
    return (int64_t)strtod(digits, NULL) == buried_ms;
}

enum cli_exit dlq_look_up(struct store *store, struct arena *arena, struct letter *const letters[], size_t count)
{
    const struct text marks = key_redriven(arena);

    store_begin(store);
    for (size_t i = 0; i < count; i++)
        store_queue(store, marks, (struct text[]){TEXT("ZSCORE"), marks, place_text(arena, &letters[i]->place)}, 3);
    CLI_TRY(cli_flush(store));
    for (size_t i = 0; i < count; i++) {
        CLI_TRY(cli_check(store_value(store, i), marks));
        letters[i]->redriven = is_of(store_text(store_value(store, i)), letters[i]->buried_ms);
    }
    return CLI_DONE;
}

enum cli_exit dlq_mark(struct store *store, struct arena *arena, const struct letter *const letters[], size_t count,
                       int64_t now_ms)
{
    struct text *words = arena_take(arena, (2 * count + 2) * sizeof(*words));
    const struct text marks = key_redriven(arena);
    int64_t newest_ms = 0;
    struct text gone_before;
    struct text life_ms = text_format(arena, "%" PRId64, DLQ_MARK_DAYS * DLQ_DAY_MS);
    enum cli_exit code;

    words[0] = TEXT("ZADD");
    words[1] = marks;
    for (size_t i = 0; i < count; i++) {
        words[2 * i + 2] = text_format(arena, "%" PRId64, letters[i]->buried_ms);
        words[2 * i + 3] = place_text(arena, &letters[i]->place);
        newest_ms = letters[i]->buried_ms > newest_ms ? letters[i]->buried_ms : newest_ms;
    }
    gone_before = text_format(arena, "(%" PRId64, (newest_ms < now_ms ? newest_ms : now_ms) - DLQ_MARK_DAYS * DLQ_DAY_MS);
    store_begin(store);
    store_queue(store, marks, words, 2 * count + 2);
    store_queue(store, marks, (struct text[]){TEXT("ZREMRANGEBYSCORE"), marks, TEXT("-inf"), gone_before}, 4);
    store_queue(store, marks, (struct text[]){TEXT("PEXPIRE"), marks, life_ms}, 3);
    code = cli_flush(store);
    return code == CLI_DONE ? cli_check(store_value(store, 0), marks) : code;
}
