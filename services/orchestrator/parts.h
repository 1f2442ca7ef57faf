/* parts.h - a batch in parts, so that memory stays small where sagas are large.
 *
 * A reply of a hundred bytes brings back a whole saga with its order, and sends it on: a batch of replies could take hundreds of
 * times its own size. Sagas that the cache has are small, and what an order brings along is part of the batch's own size: only
 * what has to be loaded besides is counted. How large that is shows only when it is loaded: the sagas of the part before tell. */
#ifndef ORDERLY_PARTS_H
#define ORDERLY_PARTS_H

#include "batch.h"

#define PART_LOADS_LEAST 32                      /* sagas that are loaded at once, however large they are */
#define PART_BYTES_MAX ((size_t)2 * 1024 * 1024) /* of all sagas that are loaded at once, when there are more */

/* The groups of a batch from number `first` on that are handled together: a batch that shares everything else with the whole.
 * `saga_bytes`: how large a saga may be; 0: not known. Empty at the end. */
struct batch batch_part(const struct batch *batch, size_t first, size_t saga_bytes);
/* How large the largest saga is that a part has loaded; `before`, when it has loaded none. */
size_t batch_saga_bytes(const struct batch *part, size_t before);

#endif
