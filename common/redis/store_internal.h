/* store_internal.h - what store.c, store_items.c and store_connect.c share. Nobody else includes it. */
#ifndef ORDERLY_STORE_INTERNAL_H
#define ORDERLY_STORE_INTERNAL_H

#include "store.h"
#include "store_address.h"
#include "store_wire.h"

#include <hiredis/hiredis.h>

#define STORE_SHA_LENGTH 40
#define STORE_PROBLEM_SIZE 256

/* A call of a script that takes many, as long as items can still be added to it. */
struct store_open_call {
    size_t item_count;           /* 0: none is open */
    size_t first;                /* number of the first item: the call is sent under it */
    size_t key_count;            /* of each item */
    size_t word_count;           /* of keys and arguments together */
    size_t argument_bytes;       /* without what the wire adds to them */
    struct wire keys, arguments; /* of the items so far */
};

struct store_connection {
    redisContext *context; /* NULL: closed */
    struct wire queued;    /* and not yet sent */
    struct store_open_call call;
};

struct store_command {
    size_t connection;
    uint64_t slot;         /* equal for keys of one slot */
    size_t script, sha_at; /* the script that is called (STORE_NO_SCRIPT: none), and where its sha goes */
    size_t call;           /* number of the command whose reply it is: its own, or that of the call's first item */
    bool is_item;          /* its own reply is the element of that one at its place */
    size_t place;
    redisReply *reply; /* NULL for all items of a call but the first */
};
#define STORE_NO_SCRIPT SIZE_MAX
#define STORE_EVALSHA_WORDS 3 /* EVALSHA, the sha, the number of keys */

struct store_loaded_script {
    const struct store_script *script;
    char *source;               /* the whole of it, as it is loaded */
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
    size_t answered;   /* so many commands, the first ones, have their replies */
    bool splits_calls; /* Redis has said that it does not take items of several slots in one call */
    char problem[STORE_PROBLEM_SIZE];
};

/* Whether this build can do rediss://. */
bool store_has_tls(void);

/* The number of the next command, whose route is that. */
size_t store_take_number(struct store *store, struct text route);
/* Adds the words by which command number calls its script, up to how many keys there are. */
void store_add_evalsha(struct store *store, size_t number, size_t key_count);
/* The place among the store's scripts. */
size_t store_script_place(const struct store *store, const struct store_script *script);
/* The whole text that is loaded for a script. The caller frees it. */
char *store_script_source(const struct store_script *script);
/* Queues the open call of a connection, if there is one: nothing can be added to it any more. */
void store_close_call(struct store *store, struct store_connection *connection);
/* Forgets the open call of a connection. */
void store_forget_call(struct store_connection *connection);

/* Opens a connection: signs in, chooses the database, loads the scripts, and sees that Redis serves.
 * STATUS_UNAVAILABLE  it does not; the problem is noted and all connections are closed */
MUST_CHECK enum status store_connect(struct store *store, struct store_connection *connection);
/* Closes all connections. */
void store_disconnect(struct store *store);
/* Notes what a context complains of (error: errno behind the call) and closes all connections: what broke one has nearly always
 * broken the others, and after a time-out replies to the old commands may still come. Gives STATUS_UNAVAILABLE. */
MUST_CHECK enum status store_fail(struct store *store, const redisContext *context, int error);

#endif
