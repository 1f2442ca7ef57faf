/* dlq_verdict.h - may this dead letter go back to where it came from? Pure: what is known of it in, a verdict out. */
#ifndef ORDERLY_DLQ_VERDICT_H
#define ORDERLY_DLQ_VERDICT_H

#include "dlq.h"

#define REDRIVES_MAX 3

/* clang-format off */
/*      name       word (in --json)      what is said to people */
#define VERDICT_TABLE(row)                                                                                                     \
    row(SEND,      "send",               "goes back")                                                                          \
    row(NOT_OURS,  "not_a_dead_letter",  "it lacks the dlq-* headers that say where it came from")                             \
    row(CUT,       "cut",                "only its beginning was kept: send the original again")                               \
    row(REDRIVEN,  "redriven",           "it was redriven already")                                                            \
    row(CONFLICT,  "conflict",           "another order has its id, and would win again")                                      \
    row(TOO_OLD,   "too_old",            "it is older than RETENTION_DAYS: the marks against doing it twice are gone")           \
    row(TOO_OFTEN, "too_often",          "it came back 3 times: see what is wrong with it first")                              \
    row(MASKED,    "masked",             "its card numbers were masked: it would not be the same again")
/* clang-format on */

#define VERDICT_NAME(name, word, text) VERDICT_##name,
enum verdict { VERDICT_TABLE(VERDICT_NAME) VERDICT_COUNT };
#undef VERDICT_NAME

struct redrive_rules {
    int64_t now_ms, retention_ms; /* now: of Redis */
    bool force;                   /* sends also what is a conflict, too old, too often redriven, or masked */
    bool named;                   /* the user gave its very place: with force it goes even when it was redriven already */
};

/* May this dead letter go back under these rules; VERDICT_SEND: it may. */
enum verdict redrive_verdict(const struct letter *letter, const struct redrive_rules *rules);
/* "too_old". Static. */
const char *verdict_word(enum verdict verdict);
/* One clause on it. Static. */
const char *verdict_text(enum verdict verdict);

#endif
