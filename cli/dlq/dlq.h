/* dlq.h - dead letters as `orderly dlq list`, `show` and `redrive` share them: what is known of one, where it lies, whether it
 * was redriven.
 *
 * Shape   records of <topic>.dlq with dlq-* headers; Redis sorted set dlq:redriven: "<topic>.dlq/partition/offset" -> the
 *         record's own time
 * Units   times in milliseconds since 1970
 * Source  docs/operations.md, "dead letters"; common/kafka/bus_bury.c writes them */
#ifndef ORDERLY_DLQ_H
#define ORDERLY_DLQ_H

#include "bus_reader.h"
#include "cli_ask.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "duration.h"
#include "names.h"
#include "shown.h"

#define DLQ_TOPICS_MAX TOPIC_COUNT
#define DLQ_TOPIC_SIZE 128
#define DLQ_WORD_SIZE 64
#define DLQ_BATCH 500 /* dead letters whose marks are looked up in one round trip */
#define DLQ_DAY_MS DAY_MS
#define DLQ_MARK_DAYS 32 /* a mark outlives its dead letter (30 days), and a clock that is wrong */

extern const struct argp dlq_list_argp, dlq_show_argp, dlq_redrive_argp;
/* orderly dlq list */
enum cli_exit dlq_list_run(int argument_count, char **arguments);
/* orderly dlq show */
enum cli_exit dlq_show_run(int argument_count, char **arguments);
/* orderly dlq redrive */
enum cli_exit dlq_redrive_run(int argument_count, char **arguments);

/* Where a dead letter lies: "orders.dlq/0/12". */
struct place {
    char topic[DLQ_TOPIC_SIZE];
    int32_t partition;
    int64_t offset;
};

/* What its headers tell. Texts are fit to be shown. */
struct letter {
    struct place place;
    bool is_ours;       /* it has the headers that every dead letter of that topic has; what follows is 0 or "" without them */
    int64_t buried_ms;  /* the record's own time */
    int64_t written_ms; /* when the original was first written */
    int64_t from_partition, from_offset; /* where the original lies; -1: nobody knew */
    int64_t redrives;
    char service[DLQ_WORD_SIZE], reason[DLQ_WORD_SIZE];
    bool masked, cut;
    bool redriven; /* as dlq_look_up() found */
};

/* ---- dlq_letter.c ---- */

/* Reads "orders.dlq/0/12". False: it is no place; out_place untouched. */
MUST_CHECK bool place_read(const char *text, struct place *out_place);
/* The reverse, in the arena. */
struct text place_text(struct arena *arena, const struct place *place);
/* The name of the topic that a dead letter of that topic came from: without ".dlq". Borrows the place. */
struct text place_origin(const struct place *place);
/* What a record of a dead-letter topic tells. Never fails. */
void letter_read(const struct record *record, struct letter *out_letter);

/* ---- dlq_topics.c ---- */

/* The names of the dead-letter topics: static. wanted: only that of this topic, with or without ".dlq" and the namespace (NULL:
 * all). Gives how many; 0: there is no such topic. */
size_t dlq_topics(const char *wanted, const char *out_topics[DLQ_TOPICS_MAX]);
/* Opens a reader. CLI_DONE, or the exit code of a problem that was printed. The caller owns out_reader. */
MUST_CHECK enum cli_exit dlq_open_reader(const struct cli_settings *settings, struct bus_reader **out_reader);
/* Sees one dead letter, which it must not keep. Another code than CLI_DONE ends the scan. */
typedef enum cli_exit (*dlq_see)(const struct record *record, void *context);
/* Shows everything a dead-letter topic holds now. CLI_DONE, the code that see ended it with, or that of a problem that was
 * printed (CLI_ENDED_BADLY: there is no such topic). */
MUST_CHECK enum cli_exit dlq_scan(struct bus_reader *reader, const char *topic, dlq_see see, void *context);
/* Shows the one at this place; out_found: it is there. Codes as dlq_scan(). */
MUST_CHECK enum cli_exit dlq_scan_place(struct bus_reader *reader, const struct place *place, dlq_see see, void *context,
                                        bool *out_found);

/* ---- dlq_marks.c ---- */

/* Asks Redis in one round trip which of these have been redriven: sets redriven. A mark counts only for the very record it was
 * made for: a topic that was made anew gives the same places again, at other times. CLI_DONE, or the code of a problem that was
 * printed. */
MUST_CHECK enum cli_exit dlq_look_up(struct store *store, struct arena *arena, struct letter *const letters[], size_t count);
/* Remembers that these have been redriven, and forgets marks whose dead letters are gone: by the earlier of now_ms, of Redis, and
 * the newest of these, so that a clock that is ahead forgets nothing. Codes as dlq_look_up(). */
MUST_CHECK enum cli_exit dlq_mark(struct store *store, struct arena *arena, const struct letter *const letters[], size_t count,
                                  int64_t now_ms);

#endif
