/* store_address.h - where Redis is and who we are, read from a url.
 *
 * Shape   redis://[[user]:password@]host[:port][/database], rediss:// (the same over TLS), unix://[[user]:password@]/path
 * Pure: nothing is looked up or opened. */
#ifndef ORDERLY_STORE_ADDRESS_H
#define ORDERLY_STORE_ADDRESS_H

#include "text.h"

#define STORE_ADDRESS_TEXT_SIZE 1024
#define STORE_PORT_DEFAULT 6379

struct store_address {
    bool is_tls, is_unix;
    char host[STORE_ADDRESS_TEXT_SIZE];                                    /* or the path of the socket */
    char user[STORE_ADDRESS_TEXT_SIZE], password[STORE_ADDRESS_TEXT_SIZE]; /* %XX undone; "" when there is none */
    int64_t port, database;
};

/* Reads a url. NULL is none. False: it can't be read, out_address is untouched. */
MUST_CHECK bool store_address_read(const char *url, struct store_address *out_address);

#endif
