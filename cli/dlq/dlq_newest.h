/* dlq_newest.h - what `orderly dlq list` keeps while it reads all: a count for each topic and reason, and the newest few dead
 * letters. */
#ifndef ORDERLY_DLQ_NEWEST_H
#define ORDERLY_DLQ_NEWEST_H

#include "dlq.h"

#define DLQ_KEY_SHOWN 80 /* bytes of a key that are shown, and of a value */
#define DLQ_PREVIEW_SHOWN 160
#define DLQ_COUNTS_MAX 200 /* pairs of topic and reason that are told apart */

/* A dead letter as the list shows it. */
struct listed_letter {
    struct letter letter;
    bool has_key, has_value;
    char key[DLQ_KEY_SHOWN], preview[DLQ_PREVIEW_SHOWN];
    int64_t value_bytes;
};

/* How many there are of a topic and a reason. */
struct letter_count {
    char topic[DLQ_TOPIC_SIZE], reason[DLQ_WORD_SIZE];
    int64_t waiting, redriven;
};

struct newest {
    size_t limit, count, room;
    struct listed_letter *letters; /* limit at most after newest_settle(), the newest first */
    struct letter_count counts[DLQ_COUNTS_MAX];
    size_t count_count;
};

/* Keeps the newest `limit` of what is added. The caller owns it. */
struct newest *newest_create(size_t limit);
/* NULL is fine. */
void newest_destroy(struct newest *newest);
/* For CLEANUP(newest_destroy). */
DEFINE_CLEANUP(struct newest, newest_destroy);
/* Counts one: under its topic and reason, as redriven or waiting. Of more than DLQ_COUNTS_MAX pairs the last row takes the rest,
 * as reason "(others)". */
void newest_count(struct newest *newest, const struct letter *letter);
/* Takes a copy, or not when enough are newer. */
void newest_add(struct newest *newest, const struct listed_letter *letter);
/* Puts both in order: letters by when they were buried, the newest first; counts by topic and reason. */
void newest_settle(struct newest *newest);

#endif
