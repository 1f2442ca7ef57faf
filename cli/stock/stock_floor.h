/* stock_floor.h - the floor of what is sold: the catalog and its file, and the stock of the warehouses.
 *
 * stock.h is the inventory service's. */
#ifndef ORDERLY_STOCK_FLOOR_H
#define ORDERLY_STOCK_FLOOR_H

#include "catalog_file.h"
#include "cli_command.h"

extern const struct argp catalog_load_argp, stock_argp, stock_add_argp;

/* orderly catalog load */
enum cli_exit catalog_load_run(int argument_count, char **arguments);
/* orderly stock */
enum cli_exit stock_run(int argument_count, char **arguments);
/* orderly stock add */
enum cli_exit stock_add_run(int argument_count, char **arguments);

#endif
