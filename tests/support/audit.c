#include "audit.h"

#include "message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SETTLE "2s"
#define PRINTED_SIZE ((size_t)256 * 1024)

int audit_in_test(const char *redis_url, int64_t since_ms, const char *settle, char *out, size_t size)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    const char *since = text_copy(arena, time_text(arena, since_ms)).at;

    return system_run_orderly(redis_url, (const char *[]){"audit", "--json", "--settle", settle, "--since", since, NULL}, NULL,
                              out, size);
}

long audit_total(const char *printed, const char *name)
{
    const char *totals = strstr(printed, "{\"totals\":");
    char member[64];
    const char *at;

    snprintf(member, sizeof(member), "\"%s\":", name);
    at = totals == NULL ? NULL : strstr(totals, member);
    return at == NULL ? -1 : strtol(at + strlen(member), NULL, 10);
}

static bool is_about(const char *line, const char *prefix)
{
    char start[128];

    snprintf(start, sizeof(start), "{\"order\":\"%s", prefix);
    return strncmp(line, start, strlen(start)) == 0 || strncmp(line, "{\"product\"", 10) == 0;
}

size_t audit_count(const char *printed, const char *prefix)
{
    size_t count = 0;

    for (const char *line = printed; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += is_about(line, prefix);
    }
    return count;
}

void assert_audit_clean(const char *redis_url, int64_t since_ms, const char *prefix)
{
    char *printed = calloc(1, PRINTED_SIZE);
    int code = audit_in_test(redis_url, since_ms, SETTLE, printed, PRINTED_SIZE);

    cr_assert(code == 0 || code == 1, "orderly audit ended with %d: %s", code, printed);
    cr_assert_geq(audit_total(printed, "orders"), 0, "%s", printed);
    cr_expect_eq(audit_count(printed, prefix), 0, "%s", printed);
    free(printed);
}
