/* A thousand orders through containers that somebody else kills meanwhile (tests/deploy/run.sh): each ends as it has to, and
 * the books balance. ORDERLY_TEST_KAFKA and ORDERLY_TEST_REDIS are the published ports; the catalog of tests/support is
 * loaded. The orders come at an even rate, so that some are under way whenever something is killed. */
#include "crowd.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define ORDERS 1000
#define ORDERS_AT_ONCE 10
#define SPREAD_MS 60000 /* about as long as the killing takes */

Test(containers, a_thousand_orders_end_as_they_have_to)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("box", ORDERS);
    CLEANUP(store_close) struct store *store = NULL;
    const char *redis_url = getenv("ORDERLY_TEST_REDIS");
    int64_t began_ms = test_now_ms();

    cr_assert_not_null(redis_url, "ORDERLY_TEST_REDIS is not set: run tests/deploy/run.sh");
    cr_assert_eq(store_open(redis_url, 1, NULL, 0, &store), STATUS_OK);
    for (size_t i = 0; i < ORDERS; i += ORDERS_AT_ONCE) {
        while (test_now_ms() < began_ms + (int64_t)(i * SPREAD_MS / ORDERS))
            test_pause();
        system_send_orders(crowd->values + i, ORDERS_AT_ONCE);
    }
    crowd_check(store, crowd);
}
