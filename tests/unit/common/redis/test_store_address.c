/* test_store_address.c - what urls say, and which of them say nothing. */
#include "store_address.h"

#include "store.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(store_address, what_a_url_says)
{
    static const struct {
        const char *url, *host, *user, *password;
        int port, database;
    } cases[] = {
        {"redis://localhost", "localhost", "", "", 6379, 0},
        {"redis://redis.shop.example:7000", "redis.shop.example", "", "", 7000, 0},
        {"redis://localhost:6379/", "localhost", "", "", 6379, 0},
        {"redis://localhost/3", "localhost", "", "", 6379, 3},
        {"redis://localhost:65535/2147483647", "localhost", "", "", 65535, 2147483647},
        {"redis://:secret@localhost", "localhost", "", "secret", 6379, 0},
        {"redis://ada:secret@localhost:1/2", "localhost", "ada", "secret", 1, 2},
        {"redis://a%20da:s%40cr%2fe%3At%25@localhost", "localhost", "a da", "s@cr/e:t%", 6379, 0},
        {"redis://ada:%C3%A9@localhost", "localhost", "ada", "\xc3\xa9", 6379, 0},
        {"redis://ada:a@b:c@localhost:7", "localhost", "ada", "a@b:c", 7, 0},
        {"redis://[::1]", "::1", "", "", 6379, 0},
        {"redis://:x@[fe80::1]:7/1", "fe80::1", "", "x", 7, 1},
        {"rediss://localhost", "localhost", "", "", 6379, 0},
        {"unix:///run/redis.sock", "/run/redis.sock", "", "", 0, 0},
        {"unix://ada:se%40cret@/run/redis.sock", "/run/redis.sock", "ada", "se@cret", 0, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_address address;

        cr_assert(store_address_read(cases[i].url, &address), "%s", cases[i].url);
        cr_expect_str_eq(address.host, cases[i].host, "%s", cases[i].url);
        cr_expect_str_eq(address.user, cases[i].user, "%s", cases[i].url);
        cr_expect_str_eq(address.password, cases[i].password, "%s", cases[i].url);
        cr_expect_eq(address.port, cases[i].port, "%s", cases[i].url);
        cr_expect_eq(address.database, cases[i].database, "%s", cases[i].url);
        cr_expect_eq(address.is_tls, strncmp(cases[i].url, "rediss:", 7) == 0, "%s", cases[i].url);
        cr_expect_eq(address.is_unix, strncmp(cases[i].url, "unix:", 5) == 0, "%s", cases[i].url);
    }
}

Test(store_address, what_is_no_url_changes_nothing)
{
    static const char *const cases[] = {
        NULL,
        "",
        "redis",
        "redis:",
        "redis:/localhost",
        "redis://",
        "redis:///1",
        "redis://:6379",
        "REDIS://localhost",
        "http://localhost",
        " redis://localhost",
        "redis://localhost:",
        "redis://localhost:0",
        "redis://localhost:65536",
        "redis://localhost:6379x",
        "redis://localhost:-1",
        "redis://localhost:1:2",
        "redis://::1",
        "redis://localhost/one",
        "redis://localhost/-1",
        "redis://localhost/1/2",
        "redis://localhost/2147483648",
        "redis://localhost/1?timeout=3",
        "redis://[::1",
        "redis://[abc",
        "redis://[]",
        "redis://[::1]6379",
        "redis://[::1]x:6379",
        "redis://@localhost",
        "redis://:@localhost",
        "redis://ada@localhost",
        "redis://ada:@localhost",
        "redis://ada:secret@",
        "redis://:a%4@localhost",
        "redis://:a%@localhost",
        "redis://:a%zz@localhost",
        "redis://:a%+1@localhost",
        "redis://:a%00b@localhost",
        "redis://%zz:a@localhost",
        "unix://",
        "unix://run/redis.sock",
        "unix://ada@/run/redis.sock",
        "unix://@/run/redis.sock",
        "unix://ada:secret/run/redis.sock",
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_address address = {.port = 42};

        cr_expect_not(store_address_read(cases[i], &address), "%s", cases[i]);
        cr_expect_eq(address.port, 42, "%s", cases[i]);
        cr_expect_not(store_url_is_good(cases[i]), "%s", cases[i]);
    }
}

Test(store_address, nothing_is_cut_to_fit)
{
    static const struct {
        const char *format;
        int fits;
    } cases[] = {
        {"redis://%s", STORE_ADDRESS_TEXT_SIZE - 1},
        {"redis://:%s@localhost", STORE_ADDRESS_TEXT_SIZE - 1},
        {"redis://%s:x@localhost", STORE_ADDRESS_TEXT_SIZE - 1},
        {"unix:///%s", STORE_ADDRESS_TEXT_SIZE - 2},
    };
    struct store_address address;
    char part[2 * STORE_ADDRESS_TEXT_SIZE], url[3 * STORE_ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int more = 0; more <= 1; more++) {
            memset(part, 'a', sizeof(part));
            part[cases[i].fits + more] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(url, sizeof(url), cases[i].format, part);
#pragma GCC diagnostic pop
            cr_expect_eq(store_address_read(url, &address), more == 0, "%s with %d bytes", cases[i].format, cases[i].fits + more);
        }
}

Test(store_address, a_store_opens_without_anybody_there)
{
    struct store *store = NULL;

    cr_expect_eq(store_open("redis://127.0.0.1:1", 1, NULL, 0, &store), STATUS_OK);
    cr_expect_str_eq(store_problem(store), "");
    store_close(store);
    store = NULL;
    cr_expect_eq(store_open("redis//127.0.0.1:1", 1, NULL, 0, &store), STATUS_BAD_MESSAGE);
    cr_expect_null(store);
    store_close(NULL);
}
