#include "index_pages.h"

#include "cli_ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct text bound_text(struct arena *arena, int64_t ms)
{
    if (ms == INDEX_FROM_EVER)
        return TEXT("-inf");
    return ms == INDEX_TO_EVER ? TEXT("+inf") : text_format(arena, "%" PRId64, ms);
}

static int64_t score_ms(const char *score)
{
    double number = strtod(score, NULL);

    /* An index can be edited by hand; beyond this a double is no whole number, and no time either. */
    return number > -9e15 && number < 9e15 ? (int64_t)number : 0;
}

/* Many entries can have the same score: those that were seen are left out of the next page. */
static void advance(struct index_cursor *cursor, const struct store_value *reply)
{
    size_t count = store_count(reply) / 2, same = 0;
    struct text last = store_text(store_element(reply, 2 * count - 1));

    while (same < count && text_equals(store_text(store_element(reply, 2 * (count - same) - 1)), last))
        same++;
    cursor->skip = same + (same == count && text_equals(last, text_of(cursor->bound)) ? cursor->skip : 0);
    snprintf(cursor->bound, sizeof(cursor->bound), "%.*s", TEXT_ARG(last));
}

enum cli_exit index_next(struct store *store, struct arena *arena, struct index_cursor *cursor, size_t count,
                         struct index_entry out_entries[], size_t *out_count)
{
    struct text low = bound_text(arena, cursor->low_ms), high = bound_text(arena, cursor->high_ms);
    struct text seen = text_copy(arena, text_of(cursor->bound));
    struct text from = cursor->newest_first ? high : low, to = cursor->newest_first ? low : high;
    const struct store_value *reply;

    CLI_TRY(cli_ask(store,
                    (struct text[]){cursor->newest_first ? TEXT("ZREVRANGEBYSCORE") : TEXT("ZRANGEBYSCORE"),
                                    key_index(arena, cursor->index), seen.length > 0 ? seen : from, to, TEXT("WITHSCORES"),
                                    TEXT("LIMIT"), text_format(arena, "%zu", cursor->skip), text_format(arena, "%zu", count)},
                    8, &reply));
    *out_count = store_count(reply) / 2;
    cursor->ended = *out_count < count;
    for (size_t i = 0; i < *out_count; i++)
        out_entries[i] = (struct index_entry){text_copy(arena, store_text(store_element(reply, 2 * i))),
                                              score_ms(text_copy(arena, store_text(store_element(reply, 2 * i + 1))).at)};
    if (*out_count > 0)
        advance(cursor, reply);
    return CLI_DONE;
}

enum cli_exit index_count(struct store *store, struct arena *arena, const struct index_cursor *cursor, int64_t *out_count)
{
    struct text low = bound_text(arena, cursor->low_ms), high = bound_text(arena, cursor->high_ms);
    const struct store_value *reply;

    CLI_TRY(cli_ask(store, (struct text[]){TEXT("ZCOUNT"), key_index(arena, cursor->index), low, high}, 4, &reply));
    *out_count = store_number(reply);
    return CLI_DONE;
}
