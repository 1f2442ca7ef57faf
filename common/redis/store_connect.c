/* store_connect.c - a fresh connection is ready for any command, or it is not there. */
#include "store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef ORDERLY_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

bool store_has_tls(void) { return true; }

/* A session that goes on only with a server whose certificate is for this host, from an authority that OpenSSL trusts
 * (SSL_CERT_FILE). hiredis' own redisCreateSSLContext() would take a certificate of any host. */
static SSL *create_session(const char *host)
{
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    SSL *session;

    if (trust == NULL)
        abort();
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_verify_paths(trust);
    session = SSL_new(trust);
    SSL_CTX_free(trust);
    if (session == NULL)
        abort();
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1)
        return session;
    if (SSL_set1_host(session, host) != 1 || SSL_set_tlsext_host_name(session, host) != 1)
        abort();
    return session;
}

/* Goes over to TLS on a fresh connection. NULL, or what went wrong. */
static const char *make_secure(redisContext *context, const char *host)
{
    SSL *session = create_session(host);

    if (redisInitiateSSL(context, session) == REDIS_OK)
        return NULL;
    SSL_free(session);
    return context->errstr;
}
#else
bool store_has_tls(void) { return false; }

static const char *make_secure(redisContext *context, const char *host)
{
    (void)context, (void)host;
    return "built without TLS";
}
#endif

#define TEXT_OF_NUMBER_(number) #number
#define TEXT_OF_NUMBER(number) TEXT_OF_NUMBER_(number)
#define HIREDIS_VERSION TEXT_OF_NUMBER(HIREDIS_MAJOR) "." TEXT_OF_NUMBER(HIREDIS_MINOR) "." TEXT_OF_NUMBER(HIREDIS_PATCH)

const char *store_library_version(void) { return store_has_tls() ? HIREDIS_VERSION " with TLS" : HIREDIS_VERSION " without TLS"; }

void store_disconnect(struct store *store)
{
    for (size_t i = 0; i < store->connection_count; i++) {
        if (store->connections[i].context != NULL)
            redisFree(store->connections[i].context);
        store->connections[i].context = NULL;
    }
}

static enum status fail(struct store *store, const char *what)
{
    const struct store_address *address = &store->address;

    if (address->is_unix)
        snprintf(store->problem, sizeof(store->problem), "%.100s: %s", address->host, what);
    else
        snprintf(store->problem, sizeof(store->problem), "%.100s:%d: %s", address->host, (int)address->port, what);
    store_disconnect(store);
    return STATUS_UNAVAILABLE;
}

enum status store_fail(struct store *store, const redisContext *context, int error)
{
    char what[sizeof(context->errstr)];

    snprintf(what, sizeof(what), "%s", context->errstr);
    if (context->err == REDIS_ERR_IO && (error == EAGAIN || error == ETIMEDOUT)) /* hiredis: "Resource temporarily unavailable" */
        snprintf(what, sizeof(what), "no answer within %d ms", STORE_TIMEOUT_MS);
    return fail(store, what);
}

static enum status open_context(struct store *store, struct store_connection *connection)
{
    const struct timeval timeout = {STORE_TIMEOUT_MS / 1000, STORE_TIMEOUT_MS % 1000 * 1000};
    const struct store_address *address = &store->address;
    redisContext *context = address->is_unix ? redisConnectUnixWithTimeout(address->host, timeout)
                                             : redisConnectWithTimeout(address->host, (int)address->port, timeout);
    const char *problem;

    if (context == NULL)
        abort();
    connection->context = context;
    if (context->err != 0 || redisSetTimeout(context, timeout) != REDIS_OK ||
        (!address->is_unix && redisEnableKeepAlive(context) != REDIS_OK))
        return store_fail(store, context, errno);
    problem = address->is_tls ? make_secure(context, address->host) : NULL;
    return problem == NULL ? STATUS_OK : fail(store, problem);
}

/* One command of the greeting, by which a connection is made ready. */
struct greeting {
    const char *topic; /* what a complaint is about */
    const char *words[3];
    int word_count;
    bool is_secret; /* Redis may quote the command in its complaint: then only the first word of that is kept */
};

/* Whether a reply is an error; then out_complaint says so. */
static bool is_refused(const redisReply *reply, const struct greeting *greeting, char out_complaint[STORE_PROBLEM_SIZE])
{
    if (reply->type != REDIS_REPLY_ERROR)
        return false;
    snprintf(out_complaint, STORE_PROBLEM_SIZE, "%s: %.*s", greeting->topic,
             (int)(greeting->is_secret ? strcspn(reply->str, " ") : reply->len), reply->str);
    return true;
}

/* Sends the command and waits for the reply; a reply that is an error is STATUS_UNAVAILABLE too. out_sha, unless NULL, gets
 * the reply when it is as long as a sha. */
static enum status greet(struct store *store, redisContext *context, struct greeting greeting, char out_sha[STORE_SHA_LENGTH])
{
    redisReply *reply = redisCommandArgv(context, greeting.word_count, greeting.words, NULL);
    char complaint[STORE_PROBLEM_SIZE];
    bool refused;

    if (reply == NULL)
        return store_fail(store, context, errno);
    refused = is_refused(reply, &greeting, complaint);
    if (out_sha != NULL && reply->type == REDIS_REPLY_STRING && reply->len == STORE_SHA_LENGTH)
        memcpy(out_sha, reply->str, STORE_SHA_LENGTH);
    freeReplyObject(reply);
    return refused ? fail(store, complaint) : STATUS_OK;
}

static enum status sign_in(struct store *store, redisContext *context)
{
    const struct store_address *address = &store->address;

    if (address->password[0] == '\0')
        return STATUS_OK;
    if (address->user[0] == '\0')
        return greet(store, context, (struct greeting){"AUTH", {"AUTH", address->password}, 2, true}, NULL);
    return greet(store, context, (struct greeting){"AUTH", {"AUTH", address->user, address->password}, 3, true}, NULL);
}

static enum status choose_database(struct store *store, redisContext *context)
{
    char digits[24];

    if (store->address.database == 0)
        return STATUS_OK;
    snprintf(digits, sizeof(digits), "%d", (int)store->address.database);
    return greet(store, context, (struct greeting){"SELECT", {"SELECT", digits}, 2, false}, NULL);
}

static enum status load_scripts(struct store *store, redisContext *context)
{
    for (size_t i = 0; i < store->script_count; i++) {
        struct store_loaded_script *loaded = &store->scripts[i];

        TRY(greet(store, context, (struct greeting){loaded->script->name, {"SCRIPT", "LOAD", loaded->source}, 3, false},
                  loaded->sha));
    }
    return STATUS_OK;
}

enum status store_connect(struct store *store, struct store_connection *connection)
{
    TRY(open_context(store, connection));
    TRY(sign_in(store, connection->context));
    TRY(choose_database(store, connection->context));
    TRY(load_scripts(store, connection->context));
    /* A Redis that is loading, full of clients or wants a password says so here, not as the reply of somebody's command. */
    return greet(store, connection->context, (struct greeting){"PING", {"PING"}, 1, false}, NULL);
}
