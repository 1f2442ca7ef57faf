#include "store_scan.h"

#include <stdio.h>

size_t store_scan_words(struct arena *arena, const struct store_scan *scan, struct text out_words[STORE_SCAN_WORDS])
{
    size_t count = 0;

    out_words[count++] = text_of(scan->verb);
    if (text_is_there(scan->key))
        out_words[count++] = scan->key;
    out_words[count++] = scan->cursor[0] == '\0' ? TEXT("0") : text_copy(arena, text_of(scan->cursor));
    if (text_is_there(scan->match)) {
        out_words[count++] = TEXT("MATCH");
        out_words[count++] = scan->match;
    }
    out_words[count++] = TEXT("COUNT");
    out_words[count++] = text_of_number(arena, (int64_t)scan->count);
    return count;
}

enum status store_scan_take(struct arena *arena, struct store_scan *scan, const struct store_value *reply)
{
    const struct store_value *list;

    scan->text_count = 0;
    scan->ended = true;
    if (store_count(reply) != 2)
        return STATUS_BROKEN;
    list = store_element(reply, 1);
    snprintf(scan->cursor, sizeof(scan->cursor), "%.*s", TEXT_ARG(store_text(store_element(reply, 0))));
    scan->ended = text_equals(text_of(scan->cursor), TEXT("0"));
    scan->texts = arena_take(arena, store_count(list) * sizeof(*scan->texts));
    for (; scan->text_count < store_count(list); scan->text_count++)
        scan->texts[scan->text_count] = text_copy(arena, store_text(store_element(list, scan->text_count)));
    return STATUS_OK;
}

enum status store_scan_next(struct store *store, struct arena *arena, struct store_scan *scan)
{
    struct text words[STORE_SCAN_WORDS];
    size_t count = store_scan_words(arena, scan, words), number;

    store_begin(store);
    number = store_queue(store, scan->key, words, count);
    TRY(store_flush(store));
    return store_scan_take(arena, scan, store_value(store, number));
}
