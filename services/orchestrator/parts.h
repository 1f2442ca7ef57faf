/* parts.h - a batch in parts, so that memory stays small where sagas are large.
 *
 * A reply of a hundred bytes brings back a whole saga with its order, and sends it on: a batch of them would take hundreds of
 * times its own size. Sagas that the cache has are small, and what an order brings along is part of the batch's own size: only
 * what has to be loaded besides is counted. */
#ifndef ORDERLY_PARTS_H
#define ORDERLY_PARTS_H

#include "batch.h"

#define PART_LOADS_MAX 32 /* sagas that are loaded at once, each with an order of MAX_MESSAGE_BYTES at most */

/* The groups of a batch from number first on that are handled together: a batch that shares everything else with the whole. Empty
 * at the end. */
struct batch batch_part(const struct batch *batch, size_t first);

#endif
