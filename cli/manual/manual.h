/* manual.h - the program around its subcommands: which of them is meant, and what is printed about all of them. */
#ifndef ORDERLY_MANUAL_H
#define ORDERLY_MANUAL_H

#include "cli_command.h"

/* The main of a program that has these subcommands: runs the one that the arguments name, or prints what they ask for (--help,
 * --version, ...). */
enum cli_exit program_run(const struct subcommand subcommands[], size_t count, int argc, char **argv);

#endif
