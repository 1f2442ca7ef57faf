/* transaction.h - a producer of transactions, as a worker with exactly-once semantics is one. Each asserts by itself. */
#ifndef ORDERLY_TEST_TRANSACTION_H
#define ORDERLY_TEST_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

struct transactor;

/* Opens a producer with a transactional id of its own. The caller owns it. */
struct transactor *transactor_open(void);
void transactor_close(struct transactor *transactor);
/* Sends so many records to one partition in a transaction that stays open, and waits until the broker has them all. */
void transactor_begin(struct transactor *transactor, const char *topic, int partition, size_t count);
/* Commits it, or aborts it. */
void transactor_end(struct transactor *transactor, bool commits);
/* Sends so many records to one partition in a transaction, and ends it when the broker has them all: commits, or aborts. */
void transactor_run(struct transactor *transactor, const char *topic, int partition, size_t count, bool commits);
/* The same with a producer of its own, opened and closed for this one transaction. */
void transaction_send(const char *topic, int partition, size_t count, bool commits);

#endif
