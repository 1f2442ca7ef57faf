#include "dlq_newest.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOM_FIRST 64

struct newest *newest_create(size_t limit)
{
    struct newest *newest = calloc(1, sizeof(*newest));

    if (newest == NULL)
        abort();
    newest->limit = limit;
    return newest;
}

void newest_destroy(struct newest *newest)
{
    if (newest == NULL)
        return;
    free(newest->letters);
    free(newest);
}

/* ---- counts ---- */

static bool is_row_of(const struct letter_count *row, const struct letter *letter)
{
    return strcmp(row->topic, letter->place.topic) == 0 && strcmp(row->reason, letter->reason) == 0;
}

static struct letter_count *row_of(struct newest *newest, const struct letter *letter)
{
    struct letter_count *row;

    for (size_t i = 0; i < newest->count_count; i++)
        if (is_row_of(&newest->counts[i], letter))
            return &newest->counts[i];
    if (newest->count_count == DLQ_COUNTS_MAX) {
        row = &newest->counts[DLQ_COUNTS_MAX - 1];
        *row = (struct letter_count){.reason = "(others)", .waiting = row->waiting, .redriven = row->redriven};
        return row;
    }
    row = &newest->counts[newest->count_count++];
    snprintf(row->topic, sizeof(row->topic), "%s", letter->place.topic);
    snprintf(row->reason, sizeof(row->reason), "%s", letter->reason);
    return row;
}

void newest_count(struct newest *newest, const struct letter *letter)
{
    struct letter_count *row = row_of(newest, letter);

    row->waiting += !letter->redriven;
    row->redriven += letter->redriven;
}

/* ---- letters ---- */

static int compare_letters(const void *a, const void *b)
{
    const struct letter *first = &((const struct listed_letter *)a)->letter, *second = &((const struct listed_letter *)b)->letter;
    int by_topic = strcmp(first->place.topic, second->place.topic);

    if (first->buried_ms != second->buried_ms)
        return first->buried_ms > second->buried_ms ? -1 : 1;
    if (by_topic != 0)
        return by_topic;
    if (first->place.partition != second->place.partition)
        return first->place.partition < second->place.partition ? -1 : 1;
    return first->place.offset > second->place.offset ? -1 : first->place.offset < second->place.offset;
}

static void sort_and_cut(struct newest *newest)
{
    if (newest->count > 0)
        qsort(newest->letters, newest->count, sizeof(*newest->letters), compare_letters);
    if (newest->count > newest->limit)
        newest->count = newest->limit;
}

/* Twice the limit at most: sorting then throws away at least half, so that each letter costs little. */
static void make_room(struct newest *newest)
{
    size_t room = newest->room == 0 ? ROOM_FIRST : newest->room * 2;

    if (newest->count == 2 * newest->limit)
        sort_and_cut(newest);
    if (newest->count < newest->room)
        return;
    newest->room = room < 2 * newest->limit ? room : 2 * newest->limit;
    newest->letters = realloc(newest->letters, newest->room * sizeof(*newest->letters));
    if (newest->letters == NULL)
        abort();
}

void newest_add(struct newest *newest, const struct listed_letter *letter)
{
    make_room(newest);
    newest->letters[newest->count++] = *letter;
}

static int compare_counts(const void *a, const void *b)
{
    const struct letter_count *first = a, *second = b;
    int by_topic = strcmp(first->topic, second->topic);

    return by_topic != 0 ? by_topic : strcmp(first->reason, second->reason);
}

void newest_settle(struct newest *newest)
{
    sort_and_cut(newest);
    qsort(newest->counts, newest->count_count, sizeof(*newest->counts), compare_counts);
}
