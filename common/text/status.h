/* status.h - every way a call can end, and what has to follow.
 *
 * "Out of stock" is a reply, never a status. A status is what stopped us from deciding. */
#ifndef ORDERLY_STATUS_H
#define ORDERLY_STATUS_H

/* What is to become of the message, or the batch, that a call was about. COMMIT, RETRY and STOP are what the loop does. BURY is
 * what handle() does, by itself: a handle() that gives such a status to the loop is a mistake in the program, and the loop logs
 * `misused` and ends. */
enum status_then { THEN_COMMIT, THEN_BURY, THEN_RETRY, THEN_STOP };

/* clang-format off */
/*      name         text                                                  then */
#define STATUS_TABLE(row)                                                            \
    row(OK,          "done",                                               COMMIT)   \
    row(BAD_MESSAGE, "the message breaks its rules",    BURY)     \
    row(CONFLICT,    "the record changed under us",                        RETRY)    \
    row(UNAVAILABLE, "Kafka or Redis could not serve (away, full, loading, refusing)", RETRY) \
    row(BROKEN,      "stored data breaks our own rules",                   BURY)     \
    row(NOT_FOUND,   "there is no such thing",                             BURY)     \
    row(FATAL,       "this process cannot go on",                          STOP)
/* clang-format on */

#define STATUS_NAME(name, text, then) STATUS_##name,
enum status { STATUS_TABLE(STATUS_NAME) STATUS_COUNT };
#undef STATUS_NAME

/* The name ("UNAVAILABLE") of a status. Never NULL; static. */
const char *status_name(enum status status);
/* One English clause on a status. Never NULL; static. */
const char *status_text(enum status status);
/* What has to follow it. */
enum status_then status_then(enum status status);

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
/* Frees a local when it goes out of scope: CLEANUP(store_close) struct store *store = NULL; */
#define CLEANUP(release) __attribute__((cleanup(release##_cleanup)))
#define DEFINE_CLEANUP(type, release)                                                                                            \
    static inline void release##_cleanup(type **held) { release(*held); }                                                        \
    struct release##_needs_a_semicolon

/* Returns what is not OK. No other macro returns but CLI_TRY of the command line. */
#define TRY(call)                                                                                                                \
    do {                                                                                                                         \
        enum status try_status = (call);                                                                                         \
        if (try_status != STATUS_OK)                                                                                             \
            return try_status;                                                                                                   \
    } while (0)

#endif
