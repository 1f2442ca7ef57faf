/* contrary_redis.h - a Redis in which somebody else always comes first: every key is empty when it is read, and every script
 * answers 0, "it has changed meanwhile". One connection; a thread of this process.
 *
 * What can't be done ends the test with a message on stderr: no call fails. */
#ifndef ORDERLY_TEST_CONTRARY_REDIS_H
#define ORDERLY_TEST_CONTRARY_REDIS_H

#include "status.h"

struct contrary_redis;

/* Starts it on a free port. The caller owns it. */
struct contrary_redis *contrary_redis_start(void);
/* Ends it; its client must have nothing under way. NULL is fine. */
void contrary_redis_stop(struct contrary_redis *redis);
/* For CLEANUP(contrary_redis_stop). */
DEFINE_CLEANUP(struct contrary_redis, contrary_redis_stop);
/* "redis://127.0.0.1:<port>"; valid until the Redis is stopped. */
const char *contrary_redis_url(const struct contrary_redis *redis);
/* How many calls of scripts it has answered. */
int contrary_redis_calls(struct contrary_redis *redis);

#endif
