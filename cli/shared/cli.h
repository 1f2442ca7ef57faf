/* cli.h - what the subcommands of `orderly` share: settings, connections, exit codes, and printing for people. */
#ifndef ORDERLY_CLI_H
#define ORDERLY_CLI_H

#include "bus.h"
#include "names.h"
#include "settings.h"
#include "store.h"

#include <argp.h>

enum cli_exit { CLI_DONE = 0, CLI_ENDED_BADLY = 1, CLI_USAGE = 2, CLI_UNREACHABLE = 3 };

#define CLI_WAIT_MS 8000 /* how long a command waits for Kafka or Redis to answer at all */

/* Settings of all subcommands, from the environment. */
struct cli_settings {
    char namespace[SETTING_TEXT_SIZE];
    char bootstrap[SETTING_TEXT_SIZE];
    char redis_url[SETTING_TEXT_SIZE];
    int64_t topic_partitions, topic_replication, retention_days, day_seconds, message_bytes_max;
    struct bus_properties passed;
};

/* One subcommand: its words ("topics create"), what it does in one line, its options and texts, and its main. arguments[0] is its name. The help, the
 * completion and the man page are printed from it: see reference.h for what the name of an option's argument stands for. */
struct subcommand {
    const char *name, *summary;
    const struct argp *argp;
    int (*run)(int argument_count, char **arguments);
};

extern const struct argp topics_create_argp, catalog_load_argp, submit_argp, get_argp, watch_argp, list_argp, cancel_argp, retry_argp,
    stock_argp, stock_add_argp, audit_argp, dlq_list_argp, dlq_show_argp, dlq_redrive_argp, doctor_argp, bench_argp;

int topics_create_run(int argument_count, char **arguments);
int catalog_load_run(int argument_count, char **arguments);
int submit_run(int argument_count, char **arguments);
int get_run(int argument_count, char **arguments);
int watch_run(int argument_count, char **arguments);
int list_run(int argument_count, char **arguments);
int cancel_run(int argument_count, char **arguments);
int retry_run(int argument_count, char **arguments);
int stock_run(int argument_count, char **arguments);
int dlq_list_run(int argument_count, char **arguments);
int dlq_show_run(int argument_count, char **arguments);
int dlq_redrive_run(int argument_count, char **arguments);
int doctor_run(int argument_count, char **arguments);
int stock_add_run(int argument_count, char **arguments);
int audit_run(int argument_count, char **arguments);
int bench_run(int argument_count, char **arguments);

/* The table of settings; out_count: its rows. Static. */
const struct setting *cli_settings_table(size_t *out_count);

/* Parses the arguments of a subcommand, then reads the settings, so that --help works whatever they are. --help and mistakes in the arguments end
 * the program (exit 0 and 2), as argp does. CLI_DONE, or CLI_USAGE after mistakes in the settings that were printed. */
int cli_parse(const struct argp *argp, int argument_count, char **arguments, void *input, struct cli_settings *out_settings);
/* For the parser of a subcommand that takes exactly one argument: puts it into out_argument (NULL at first); none or a second one ends the program
 * with its usage. Gives what a parser has to return; ARGP_ERR_UNKNOWN for every other key. */
error_t cli_take_one(int key, char *argument, struct argp_state *state, const char **out_argument);
/* Prints one line on stderr, "orderly: ...", and gives the exit code, so that a command can `return cli_fail(...)`. */
int cli_fail(enum cli_exit code, const char *format, ...) PRINTF_LIKE(2, 3);

/* CLI_DONE, or CLI_USAGE, printed, when it can't be the id of an order. */
int cli_check_id(const char *order_id);

/* Opens a client that sends to these topics (NULL-terminated; NULL: none) and waits until the broker has told of them. CLI_DONE, or the exit
 * code of a problem that was printed. The caller owns out_bus. */
int cli_open_bus(const struct cli_settings *settings, const char *const topics[], struct bus **out_bus);
/* Opens Redis and asks it whether it is there. CLI_DONE, or the exit code of a problem that was printed. The caller owns out_store. */
int cli_open_store(const struct cli_settings *settings, const struct store_script *const scripts[], size_t script_count,
                   struct store **out_store);
/* Whether the broker has acknowledged everything that was sent; waits for its word, but not for ever. out_problem: what is wrong if not. Uses SIGALRM. */
MUST_CHECK bool cli_confirm(struct bus *bus, const char **out_problem);
/* Sends what is queued and reads the replies. CLI_DONE, or the exit code of a problem that was printed. */
int cli_flush(struct store *store);
/* CLI_ENDED_BADLY, printed, when Redis refused the command itself: the key is of another type. */
int cli_check(const struct store_value *reply, struct text key);
/* Runs one command of words, whose key is words[1]. CLI_DONE, or the exit code of a problem that was printed. Forgets what was queued;
 * out_reply is valid until the next store_begin(). */
int cli_ask(struct store *store, const struct text words[], size_t count, const struct store_value **out_reply);
/* A clock for how long something takes, and a wait between two looks. Milliseconds. */
int64_t cli_clock_ms(void);
void cli_pause(int64_t ms);
/* The time of Redis, in milliseconds since 1970: what the clock of this machine says does not matter. CLI_DONE, or the exit code of a problem that was
 * printed. Forgets what was queued. */
int cli_redis_clock(struct store *store, int64_t *out_ms);
/* Sees that what was printed has arrived. Gives code, or CLI_ENDED_BADLY when it has not. */
int cli_finish_output(int code);

/* A text from outside with '?' for the control characters, which could play tricks on a terminal. Borrowed when there are none. */
struct text shown_text(struct arena *arena, struct text text);
/* "19.99 USD", "1999 JPY": as many decimals as the currency has. In the arena. */
struct text money_text(struct arena *arena, int64_t amount, struct text currency);
/* A whole file, or standard input for "-", in the arena. False: errno says why; more than bytes_max is EFBIG. */
MUST_CHECK bool file_read(struct arena *arena, const char *path, size_t bytes_max, struct text *out_text);

#endif
