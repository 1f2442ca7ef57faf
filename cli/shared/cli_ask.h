/* cli_ask.h - asking Redis: a problem is printed, and the exit code given. */
#ifndef ORDERLY_CLI_ASK_H
#define ORDERLY_CLI_ASK_H

#include "cli_exit.h"
#include "store_scan.h"

/* Sends what is queued and reads the replies. CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit cli_flush(struct store *store);
/* CLI_ENDED_BADLY, printed, when Redis refused the command itself: the key is of another type. */
MUST_CHECK enum cli_exit cli_check(const struct store_value *reply, struct text key);
/* Runs one command of words, whose key is words[1]. CLI_DONE, or the exit code of a problem that was printed. Forgets what was
 * queued; out_reply is valid until the next store_begin(). */
MUST_CHECK enum cli_exit cli_ask(struct store *store, const struct text words[], size_t count,
                                 const struct store_value **out_reply);
/* The next page of a walk; see store_scan_next(). CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit cli_scan(struct store *store, struct arena *arena, struct store_scan *scan);

#endif
