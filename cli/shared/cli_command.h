/* cli_command.h - what a subcommand of `orderly` is, and how it reads its arguments and settings. */
#ifndef ORDERLY_CLI_COMMAND_H
#define ORDERLY_CLI_COMMAND_H

#include "bus.h"
#include "cli_exit.h"
#include "settings.h"

#include <argp.h>
#include <stddef.h>

/* Settings of all subcommands, from the environment. */
struct cli_settings {
    char namespace[SETTING_TEXT_SIZE];
    char bootstrap[SETTING_TEXT_SIZE];
    char redis_url[SETTING_TEXT_SIZE];
    int64_t topic_partitions, topic_replication, retention_days, day_seconds, message_bytes_max;
    struct bus_properties passed;
};

/* One subcommand: its words ("topics create"), what it does in one line, its options and texts, and its main. arguments[0] is its
 * name. The help, the completion and the man page are printed from it: see reference.h for what the name of an option's argument
 * stands for. */
struct subcommand {
    const char *name, *summary;
    const struct argp *argp;
    enum cli_exit (*run)(int argument_count, char **arguments);
};

/* The table of settings; out_count: its rows. Static. */
const struct setting *cli_settings_table(size_t *out_count);

/* Parses the arguments of a subcommand, then reads the settings, so that --help works whatever they are. --help and mistakes
 * in the arguments end the program (exit 0 and 2), as argp does. From then on names and keys have the namespace. CLI_DONE, or
 * CLI_USAGE after mistakes in the settings that were printed. */
MUST_CHECK enum cli_exit cli_parse(const struct argp *argp, int argument_count, char **arguments, void *input,
                                   struct cli_settings *out_settings);
/* For the parser of a subcommand that takes exactly one argument: puts it into out_argument (NULL at first); none or a second one
 * ends the program with its usage. Gives what a parser has to return; ARGP_ERR_UNKNOWN for every other key. */
error_t cli_take_one(int key, char *argument, struct argp_state *state, const char **out_argument);
/* An option that only stores what was given: a bool, a const char *, or an int64_t from low to high. */
enum cli_option_kind { CLI_OPTION_FLAG, CLI_OPTION_WORD, CLI_OPTION_NUMBER };
struct cli_option {
    const char *name; /* "orders", of a number; NULL otherwise */
    int key;
    enum cli_option_kind kind;
    size_t offset; /* in the input of the parser */
    int64_t low, high;
};
#define CLI_FLAG(key, type, member)                                                                                              \
    {                                                                                                                            \
        NULL, key, CLI_OPTION_FLAG, offsetof(type, member), 0, 0                                                                 \
    }
#define CLI_WORD(key, type, member)                                                                                              \
    {                                                                                                                            \
        NULL, key, CLI_OPTION_WORD, offsetof(type, member), 0, 0                                                                 \
    }
#define CLI_NUMBER(name, key, type, member, low, high)                                                                           \
    {                                                                                                                            \
        name, key, CLI_OPTION_NUMBER, offsetof(type, member), low, high                                                          \
    }
/* For the default of a parser: stores the argument when the key is one of these options; a number that is none, or out of its
 * limits, ends the program. Gives what the parser has to return; ARGP_ERR_UNKNOWN for every other key. */
error_t cli_take_option(const struct cli_option options[], size_t count, int key, char *argument, struct argp_state *state);
/* For a parser: reads the argument of an option ("timeout") that takes a duration of more than nothing; examples: "30s or 5m". A
 * mistake ends the program with it. */
void cli_take_duration(struct argp_state *state, const char *option, const char *examples, const char *argument, int64_t *out_ms);

/* CLI_DONE, or CLI_USAGE, printed, when it can't be the id of an order. */
MUST_CHECK enum cli_exit cli_check_id(const char *order_id);

#endif
