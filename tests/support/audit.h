/* audit.h - running `orderly audit` in tests.
 *
 * The Kafka of the tests is shared: what earlier tests left there is of other Redis servers. So only records since the test began
 * are asked for, and what concerns orders of others is passed over. */
#ifndef ORDERLY_TEST_AUDIT_H
#define ORDERLY_TEST_AUDIT_H

#include "system.h"

/* Runs the audit over what came since then; gives its exit code. out gets what it printed, one JSON object a line. */
int audit_in_test(const char *redis_url, int64_t since_ms, const char *settle, char *out, size_t size);
/* How many lines of such an output are about products, or orders whose id begins with prefix. */
size_t audit_count(const char *printed, const char *prefix);
/* Asserts that the audit finds nothing about products, nor about orders whose id begins with prefix. */
void assert_audit_clean(const char *redis_url, int64_t since_ms, const char *prefix);
/* The number behind "name": in the totals of such an output; -1 when it is not there. */
long audit_total(const char *printed, const char *name);

#endif
