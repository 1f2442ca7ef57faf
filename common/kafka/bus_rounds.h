/* bus_rounds.h - offsets last: waiting for the broker's word on what a batch has sent.
 *
 * At least once: the offsets of records are stored only after everything they caused was acknowledged. */
#ifndef ORDERLY_BUS_ROUNDS_H
#define ORDERLY_BUS_ROUNDS_H

#include "bus.h"
#include "bus_record.h"

#define BUS_ROUNDS_MAX 16                            /* batches whose acknowledgements are awaited while the next is handled */
#define BUS_SENT_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of keys and values that are not acknowledged when more is to be sent */

/* Ends a batch: the offsets behind its records are stored as soon as everything that was sent since the last batch, and by all
 * batches before, is acknowledged (at once when nothing is under way); they are committed in the background, at a revoke, and at
 * close. The records may be released before. Partitions lost in the meantime are skipped, though they may be back: their new
 * owner, or this member, gets the records again, and may have handled more by now. bus_make_room() must have come before. */
void bus_store_offsets(struct bus *bus, const struct record records[], size_t count);
/* Sends at once what is held back for more to come, and waits for the broker's word, but only a moment: for when there is nothing
 * else to do. Errors as bus_flush(). */
MUST_CHECK enum status bus_push(struct bus *bus, const volatile int *stop);
/* Waits until fewer than BUS_ROUNDS_MAX batches, and fewer than BUS_SENT_BYTES_MAX bytes, are under way; waits and errors as
 * bus_flush(). */
MUST_CHECK enum status bus_make_room(struct bus *bus, const volatile int *stop);
/* The same for the bytes alone, within a batch that sends much. A record that was refused is left for bus_make_room() to tell.
 * STATUS_UNAVAILABLE  stop
 * STATUS_FATAL        the producer can't go on */
MUST_CHECK enum status bus_drain(struct bus *bus, const volatile int *stop);
/* Whether anything is sent and not acknowledged, or handled and its offsets not stored. */
bool bus_has_under_way(const struct bus *bus);
/* After a refused record: forgets the batches under way and reads on from what is committed, so that they are handled again. */
void bus_rewind(struct bus *bus);
/* Waits, serving the clients, until the broker has acknowledged everything that was sent, which is not held back for more to
 * come. Waits as long as the broker is away, unless stop becomes true.
 * STATUS_UNAVAILABLE  a record was refused for good (bus_problem()): bus_rewind() is next; or stop
 * STATUS_FATAL        the producer can't go on */
MUST_CHECK enum status bus_flush(struct bus *bus, const volatile int *stop);

#endif
