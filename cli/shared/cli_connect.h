/* cli_connect.h - connections with Kafka and Redis. Whoever opens one owns it. */
#ifndef ORDERLY_CLI_CONNECT_H
#define ORDERLY_CLI_CONNECT_H

#include "bus_reader.h"
#include "cli_command.h"
#include "store.h"

#define CLI_WAIT_MS 8000 /* how long a command waits for Kafka or Redis to answer at all */

/* Opens a client that sends to these topics (NULL-terminated; NULL: none) and waits until the broker has told of them. CLI_DONE,
 * or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit cli_open_bus(const struct cli_settings *settings, const char *const topics[], struct bus **out_bus);
/* Opens a reader under this client id, which sees what the group has committed (NULL: none). It asks nothing of the broker yet.
 * CLI_DONE, or CLI_USAGE after a mistake in the settings that was printed. */
MUST_CHECK enum cli_exit cli_open_reader(const struct cli_settings *settings, const char *client_id, const char *group,
                                         struct bus_reader **out_reader);
/* Opens Redis and asks it whether it is there. CLI_DONE, or the exit code of a problem that was printed. */
MUST_CHECK enum cli_exit cli_open_store(const struct cli_settings *settings, const struct store_script *const scripts[],
                                        size_t script_count, struct store **out_store);
/* Whether the broker has acknowledged everything that was sent; waits for its word, but not for ever. out_problem: what is wrong
 * if not. Uses SIGALRM. */
MUST_CHECK bool cli_confirm(struct bus *bus, const char **out_problem);

#endif
