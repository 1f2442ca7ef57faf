/* store_internal.h - what store.c and store_connect.c share. Nobody else includes it. */
#ifndef ORDERLY_STORE_INTERNAL_H
#define ORDERLY_STORE_INTERNAL_H

#include "store.h"
#include "store_address.h"

#include <hiredis/hiredis.h>

#define STORE_SHA_LENGTH 40
#define STORE_PROBLEM_SIZE 256

struct store_connection {
    redisContext *context; /* NULL: closed */
    char *bytes;           /* queued and not yet sent */
    size_t length, size;
};

struct store_command {
    size_t connection;
    size_t script, sha_at; /* the script that is called (STORE_NO_SCRIPT: none), and where its sha goes */
    redisReply *reply;
};
#define STORE_NO_SCRIPT SIZE_MAX

struct store_loaded_script {
    const struct store_script *script;
    char sha[STORE_SHA_LENGTH]; /* known after the first connect */
};

struct store {
    struct store_address address;
    struct store_loaded_script *scripts;
    size_t script_count;
    struct store_connection connections[STORE_CONNECTIONS];
    size_t connection_count;
    struct store_command *commands;
    size_t command_count, command_room;
    size_t answered; /* so many commands, the first ones, have their replies */
    char problem[STORE_PROBLEM_SIZE];
};

/* Whether this build can do rediss://. */
bool store_has_tls(void);
/* Opens a connection: signs in, chooses the database, loads the scripts, and sees that Redis serves.
 * STATUS_UNAVAILABLE  it does not; the problem is noted and all connections are closed */
MUST_CHECK enum status store_connect(struct store *store, struct store_connection *connection);
/* Closes all connections. */
void store_disconnect(struct store *store);
/* Notes what a context complains of (error: errno behind the call) and closes all connections: what broke one has nearly always
 * broken the others, and after a time-out replies to the old commands may still come. Gives STATUS_UNAVAILABLE. */
MUST_CHECK enum status store_fail(struct store *store, const redisContext *context, int error);

#endif
