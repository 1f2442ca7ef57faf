/* store.h - Redis: a phase is one round trip for the whole batch.
 *
 * Commands are queued, store_flush() sends them all and waits for all replies, and each is then read by the number it was queued
 * under. Several connections (STORE_CONNECTIONS) share the work, because Redis reads 16 KB of one at a time; all commands
 * about one key go down the same one, so they keep their order. Reconnects by itself at the next flush.
 *
 * The only module (store.c, store_items.c, store_connect.c) that includes hiredis. The process must ignore SIGPIPE: hiredis
 * writes to connections that Redis has closed.
 * Errors  WRONGTYPE, also when a script has met it, is that command's own: see store_error(). Every other error reply (Redis
 *         loads, is full, is a replica, does not permit the command, a proxy cannot serve it, a script has a mistake), a time-out
 *         and a lost connection are STATUS_UNAVAILABLE: what was queued may or may not have been done, so queue it all again.
 *         Whoever asks for what may not be permitted tells the one from the other by store_ping(). A script that finds a value
 *         which makes no sense answers with an error of its own that begins with WRONGTYPE. */
#ifndef ORDERLY_STORE_H
#define ORDERLY_STORE_H

#include "text.h"

#define STORE_CONNECTIONS 4
#define STORE_TIMEOUT_MS 5000

struct store;
struct store_value; /* one reply, or an element of one */

/* A Lua script, embedded at build time. key_count keys come first among its arguments. One that takes many items in one call
 * ends with `return each(keys of an item, function(k, a, n) ... end)`: each.lua, which says what that is, stands before it. */
struct store_script {
    const char *name; /* "allocate" */
    const char *source;
    bool takes_many; /* it is called by store_call_item(), else by store_call() */
};

/* Prepares; connects at the first flush, so Redis may be away. url: redis://[[user]:password@]host[:port][/db], rediss:// (the
 * same over TLS, when built with hiredis_ssl; the certificate is checked against the authorities OpenSSL trusts,
 * SSL_CERT_FILE), unix://[[user]:password@]/path. %XX in user and password stands for that byte. connections
 * 1..STORE_CONNECTIONS, each opened when it is first needed. scripts (borrowed) are loaded on every connect, and again after
 * NOSCRIPT.
 * STATUS_BAD_MESSAGE  the url can't be read, or asks for TLS that this build has not */
MUST_CHECK enum status store_open(const char *url, size_t connections, const struct store_script *const scripts[],
                                  size_t script_count, struct store **out_store);
/* Closes all connections; NULL is fine. */
void store_close(struct store *store);
/* For CLEANUP(store_close). */
DEFINE_CLEANUP(struct store, store_close);
/* Whether the url can be read; the same rules as store_open(). */
MUST_CHECK bool store_url_is_good(const char *url);

/* The version of hiredis this is built for, and whether it can do TLS. Static. */
const char *store_library_version(void);

/* Forgets what was queued and all replies; every phase begins with it. */
void store_begin(struct store *store);
/* Queues one command; words are copied. route is the key it is about; keys of one Redis Cluster slot by their braces (saga:X and
 * {saga:X}:history) go down the same connection. Gives its number: 0, 1, 2, ... since store_begin(). */
size_t store_queue(struct store *store, struct text route, const struct text words[], size_t count);
/* Queues a call of a script; arguments are its key_count keys, then its other arguments. The first key is the route. */
size_t store_call(struct store *store, const struct store_script *script, size_t key_count, const struct text arguments[],
                  size_t count);
/* Queues one item of a script that takes many, which has the same number (1 at least) of keys for each. The first key is the
 * route. Items that are queued one after another for one connection share a call, until another command or script comes between
 * them or the call is full; none overtakes another. A Redis that answers CROSSSLOT gets calls of one slot from then on. The reply
 * of an item is its own, also when it is an error: WRONGTYPE of one leaves the others alone. After STATUS_UNAVAILABLE some items
 * of a call may have been done and others not. */
size_t store_call_item(struct store *store, const struct store_script *script, const struct text keys[], size_t key_count,
                       const struct text arguments[], size_t count);
#define STORE_CALL_ITEMS_MAX 64
#define STORE_CALL_BYTES_MAX ((size_t)256 * 1024) /* of arguments; an item that has more goes alone */
/* Sends everything and reads every reply. With nothing queued it does nothing.
 * STATUS_UNAVAILABLE  see above; the connections are closed when that helps, and there are no replies to read */
MUST_CHECK enum status store_flush(struct store *store);
/* PING on one connection, nothing else pending. STATUS_UNAVAILABLE: away. Forgets what was queued. */
MUST_CHECK enum status store_ping(struct store *store);
/* What went wrong at the last STATUS_UNAVAILABLE; never NULL, never a password. Valid until the next call. */
const char *store_problem(const struct store *store);

/* The reply of a queued command or item; valid until store_begin(). */
const struct store_value *store_value(const struct store *store, size_t number);
/* The error text when the reply is an error of this very command (WRONGTYPE), else TEXT_NONE. */
struct text store_error(const struct store_value *value);
/* A string or status reply; TEXT_NONE for nil and everything else. Borrows the reply. */
struct text store_text(const struct store_value *value);
/* Whether the reply is a status ("+OK"), not a string. A script says by one that what it answers was stored before: return {ok
 * = stored}. */
bool store_is_status(const struct store_value *value);
/* An integer reply, or 0. */
int64_t store_number(const struct store_value *value);
/* Elements of an array reply; 0 for everything else. */
size_t store_count(const struct store_value *value);
/* One element, index < store_count(). */
const struct store_value *store_element(const struct store_value *value, size_t index);

#endif
