/* store_address.c - a ':' or '@' in a password should be written as %3A or %40; one that was not does no harm, because the
 * last '@' before the path ends the password. */
#include "store_address.h"

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);

    return at == NULL ? -1 : (int)((at - digits) % 16);
}

/* Undoes %XX. False: a broken escape, a '\0', or too long. */
static bool decode(struct text encoded, char out[STORE_ADDRESS_TEXT_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; i < encoded.length; i++) {
        char byte = encoded.at[i];

        if (byte == '%') {
            int high = i + 1 < encoded.length ? digit_value(encoded.at[i + 1]) : -1;
            int low = i + 2 < encoded.length ? digit_value(encoded.at[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0' || length + 1 == STORE_ADDRESS_TEXT_SIZE)
            return false;
        out[length++] = byte;
    }
    out[length] = '\0';
    return true;
}

static bool copy_plain(struct text text, char out[STORE_ADDRESS_TEXT_SIZE])
{
    if (text.length == 0 || text.length >= STORE_ADDRESS_TEXT_SIZE)
        return false;
    memcpy(out, text.at, text.length);
    out[text.length] = '\0';
    return true;
}

/* What stands before and behind the separator at that place; NULL: there is none, and so no tail. */
static void split(struct text text, const char *at, struct text *out_head, struct text *out_tail)
{
    *out_head = text;
    *out_tail = TEXT_NONE;
    if (at != NULL) {
        out_head->length = (size_t)(at - text.at);
        *out_tail = (struct text){at + 1, text.length - out_head->length - 1};
    }
}

static bool read_number(struct text text, int64_t low, int64_t high, int64_t *out_number)
{
    int64_t number;

    if (!text_to_number(text, &number) || number < low || number > high)
        return false;
    *out_number = number;
    return true;
}

/* Reads "[user]:password"; a user without password can't sign in anywhere. */
static bool read_credentials(struct text credentials, struct store_address *address)
{
    struct text user, password;

    split(credentials, memchr(credentials.at, ':', credentials.length), &user, &password);
    return password.length > 0 && decode(user, address->user) && decode(password, address->password);
}

/* Bytes of "[::1]" when an IPv6 address in brackets comes first, else 0. */
static size_t bracketed_length(struct text text)
{
    const char *end = text_begins(text, TEXT("[")) ? memchr(text.at, ']', text.length) : NULL;

    return end == NULL ? 0 : (size_t)(end + 1 - text.at);
}

/* Reads "host", "host:port", "[::1]", "[::1]:port". */
static bool read_host(struct text text, struct store_address *address)
{
    size_t bracketed = bracketed_length(text);
    struct text host, port;

    split(text, memchr(text.at + bracketed, ':', text.length - bracketed), &host, &port);
    if (bracketed > 0 && host.length != bracketed)
        return false;
    if (bracketed > 0)
        host = (struct text){host.at + 1, host.length - 2};
    address->port = STORE_PORT_DEFAULT;
    return !text_begins(host, TEXT("[")) && copy_plain(host, address->host) &&
           (!text_is_there(port) || read_number(port, 1, UINT16_MAX, &address->port));
}

/* Reads "[[user]:password@]host[:port][/database]". */
static bool read_network(struct text text, struct store_address *address)
{
    struct text place, database, credentials = TEXT_NONE;
    const char *at_sign;

    split(text, memchr(text.at, '/', text.length), &place, &database);
    at_sign = memrchr(place.at, '@', place.length);
    if (at_sign != NULL)
        split(place, at_sign, &credentials, &place);
    return (!text_is_there(credentials) || read_credentials(credentials, address)) && read_host(place, address) &&
           (database.length == 0 || read_number(database, 0, INT32_MAX, &address->database));
}

/* Reads "[[user]:password@]/path". */
static bool read_socket(struct text text, struct store_address *address)
{
    const char *slash = memchr(text.at, '/', text.length);
    struct text credentials, nothing;

    if (slash == NULL)
        return false;
    split((struct text){text.at, (size_t)(slash - text.at)}, slash == text.at ? NULL : slash - 1, &credentials, &nothing);
    if (slash > text.at && (slash[-1] != '@' || !read_credentials(credentials, address)))
        return false;
    return copy_plain((struct text){slash, text.length - (size_t)(slash - text.at)}, address->host);
}

bool store_address_read(const char *url, struct store_address *out_address)
{
    static const struct {
        struct text scheme;
        bool is_tls, is_unix;
    } schemes[] = {{{"redis://", 8}, false, false}, {{"rediss://", 9}, true, false}, {{"unix://", 7}, false, true}};
    struct text text = text_of(url);

    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        struct store_address address = {.is_tls = schemes[i].is_tls, .is_unix = schemes[i].is_unix};
        struct text rest;

        if (!text_begins(text, schemes[i].scheme))
            continue;
        rest = (struct text){text.at + schemes[i].scheme.length, text.length - schemes[i].scheme.length};
        if (!(address.is_unix ? read_socket(rest, &address) : read_network(rest, &address)))
            return false;
        *out_address = address;
        return true;
    }
    return false;
}
