/* orders.h - the floor of single orders and of lists of them: placing, showing, and what a person can do for them. */
#ifndef ORDERLY_ORDERS_H
#define ORDERLY_ORDERS_H

#include "cli_command.h"

extern const struct argp submit_argp, get_argp, watch_argp, list_argp, cancel_argp, retry_argp;

/* orderly submit */
enum cli_exit submit_run(int argument_count, char **arguments);
/* orderly get */
enum cli_exit get_run(int argument_count, char **arguments);
/* orderly watch */
enum cli_exit watch_run(int argument_count, char **arguments);
/* orderly list */
enum cli_exit list_run(int argument_count, char **arguments);
/* orderly cancel */
enum cli_exit cancel_run(int argument_count, char **arguments);
/* orderly retry */
enum cli_exit retry_run(int argument_count, char **arguments);

#endif
