/* redis_process.h - a Redis of the test's own: on a free port, with its data in a temporary folder, to be killed, frozen and
 * brought back.
 *
 * The server runs as in production (appendonly yes, appendfsync always) with DEBUG allowed, and ends with the process that
 * started it. What can't be done ends the test with a message on stderr: no call fails. */
#ifndef ORDERLY_TEST_REDIS_PROCESS_H
#define ORDERLY_TEST_REDIS_PROCESS_H

#include "status.h"

struct redis_process;

/* Starts one and waits until it answers. options: further arguments of redis-server ("--requirepass", "secret", NULL), or NULL
 * for none; borrowed. The caller owns it. */
struct redis_process *redis_process_start(const char *const options[]);
/* Ends it, if it runs, and removes its folder; NULL is fine. */
void redis_process_stop(struct redis_process *redis);
/* For CLEANUP(redis_process_stop). */
DEFINE_CLEANUP(struct redis_process, redis_process_stop);

/* kill -9, and waits for its end: what was acknowledged is in its folder. */
void redis_process_kill(struct redis_process *redis);
/* Starts a Redis that does not run again, on the same port and folder, perhaps with other options. Does not wait: Redis may
 * still be loading. */
void redis_process_launch(struct redis_process *redis, const char *const options[]);
/* Waits until it answers commands. */
void redis_process_wait(struct redis_process *redis);
/* kill -9, start again with the options of before, wait. */
void redis_process_restart(struct redis_process *redis);
/* SIGSTOP and SIGCONT: connections stay open and nobody answers. */
void redis_process_freeze(struct redis_process *redis);
void redis_process_thaw(struct redis_process *redis);

/* "redis://127.0.0.1:<port>"; valid until the Redis is stopped. */
const char *redis_process_url(const struct redis_process *redis);
/* The path of its unix socket; valid until the Redis is stopped. */
const char *redis_process_socket(const struct redis_process *redis);
/* Its port on 127.0.0.1. */
int redis_process_port(const struct redis_process *redis);

#endif
