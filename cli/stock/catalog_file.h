/* catalog_file.h - the file that `orderly catalog load` reads.
 *
 * Shape   {"products":[{"productId","name","unitPrice","currency","stock":{"main":10}}]}; stock is optional.
 *         UTF-8, perhaps with a byte-order mark
 * Units   unitPrice in minor units, 0..MONEY_MAX; stock in whole units, 0..STOCK_UNITS_MAX */
#ifndef ORDERLY_CATALOG_FILE_H
#define ORDERLY_CATALOG_FILE_H

#include "cli_exit.h"
#include "message.h"
#include "store.h"

#include <stdio.h>

struct catalog_stock {
    struct text warehouse, product_id;
    int64_t units;
};

struct catalog_entry {
    struct text product_id;
    struct text entry; /* what goes into the hash: {"name","unitPrice","currency"} */
};

struct catalog_file {
    struct catalog_entry *entries;
    size_t entry_count;
    struct catalog_stock *stocks; /* sorted by warehouse */
    size_t stock_count;
};

#define CATALOG_MISTAKES_MAX 100

/* Reads and checks the whole file; everything is in the arena or borrows the bytes. Prints one line on report for each
 * mistake, with its place ("products[3].unitPrice: ..."), CATALOG_MISTAKES_MAX at most. Gives how many there were; 0: out_file
 * is complete. */
MUST_CHECK size_t catalog_file_read(struct arena *arena, struct text bytes, FILE *report, struct catalog_file *out_file);
/* Supplies the stocks of products that a warehouse has never heard of (added to out_supplied), then writes the entries. The
 * store was opened with supply_script. CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit catalog_load(struct store *store, struct arena *arena, const struct catalog_file *file,
                                      int64_t *out_supplied);

#endif
