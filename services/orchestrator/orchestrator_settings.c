#include "orchestrator_settings.h"

#define DAY_MS 86400000
#define WEEK_SECONDS 604800
#define ATTEMPTS_TOP 1000
#define INFLIGHT_TOP 100000000
#define DAY_SECONDS_DEFAULT 86400

#define GENERAL(name, member, default_, low, high, meaning)                                                                      \
    SETTING_NUMBER(name, struct orchestrator_settings, member, default_, low, high, meaning)
/* The step settings of one command. */
#define STEP_SETTINGS(name, type, ask)                                                                                           \
    SETTING_NUMBER("STEP_TIMEOUT_MS_" name, struct orchestrator_settings, own[ask].step_timeout_ms, 0, 0, DAY_MS,                \
                   "STEP_TIMEOUT_MS of " type "; 0 = as the general one"),                                                       \
        SETTING_NUMBER("STEP_DEADLINE_SECONDS_" name, struct orchestrator_settings, own[ask].step_deadline_seconds, 0, 0,        \
                       WEEK_SECONDS, "STEP_DEADLINE_SECONDS of " type "; 0 = as the general one"),                               \
        SETTING_NUMBER("STEP_ATTEMPTS_" name, struct orchestrator_settings, own[ask].attempts, 0, 0, ATTEMPTS_TOP,               \
                       "attempts of " type "; 0 = as the general one")

static const struct setting table[] = {
    GENERAL("STEP_TIMEOUT_MS", general.step_timeout_ms, 10000, 10, DAY_MS,
            "silence after which a command is sent again; then after twice as long, four times, ... until the step deadline"),
    GENERAL("STEP_DEADLINE_SECONDS", general.step_deadline_seconds, 600, 1, WEEK_SECONDS,
            "silence after which a command is given up"),
    GENERAL("STEP_ATTEMPTS", general.attempts, 5, 1, ATTEMPTS_TOP, "attempts of a step that fails for the moment"),
    GENERAL("RETRY_FIRST_DELAY_MS", general.first_delay_ms, 200, 1, DAY_MS, "wait before the second attempt"),
    GENERAL("RETRY_FACTOR", general.factor, 2, 1, 10, "each further wait is this much longer"),
    GENERAL("RETRY_MAX_DELAY_MS", general.max_delay_ms, 30000, 1, DAY_MS, "the longest wait"),
    GENERAL("UNDO_ATTEMPTS", undo_attempts, 20, 1, ATTEMPTS_TOP, "attempts of an undo before it waits for an operator"),
    GENERAL("CAPTURE_ATTEMPTS", capture_attempts, 20, 1, ATTEMPTS_TOP, "attempts of the capture before it waits for an operator"),
    GENERAL("SAGA_DEADLINE_SECONDS", saga_deadline_seconds, 3600, 1, WEEK_SECONDS,
            "an order that has not been shipped by then is undone"),
    GENERAL("MAX_INFLIGHT_SAGAS", inflight_max, 100000, 1, INFLIGHT_TOP, "orders under way; beyond it new ones wait in Kafka"),
    GENERAL("RECONCILE_SECONDS", reconcile_seconds, 300, 1, DAY_SECONDS_DEFAULT,
            "rest between two searches for sagas that lost their timer"),
    GENERAL("DAY_SECONDS", day_seconds, DAY_SECONDS_DEFAULT, 1, DAY_SECONDS_DEFAULT,
            "how long a day of RETENTION_DAYS is; shorter only in tests"),
    STEP_SETTINGS("ORDER_VALIDATE", "order.validate", ASK_VALIDATE),
    STEP_SETTINGS("PAYMENT_AUTHORIZE", "payment.authorize", ASK_AUTHORIZE),
    STEP_SETTINGS("INVENTORY_ALLOCATE", "inventory.allocate", ASK_ALLOCATE),
    STEP_SETTINGS("FULFILLMENT_SHIP", "fulfillment.ship", ASK_SHIP),
    STEP_SETTINGS("PAYMENT_CAPTURE", "payment.capture", ASK_CAPTURE),
    STEP_SETTINGS("PAYMENT_VOID", "payment.void", ASK_VOID),
    STEP_SETTINGS("INVENTORY_RELEASE", "inventory.release", ASK_RELEASE),
    STEP_SETTINGS("FULFILLMENT_CANCEL", "fulfillment.cancel", ASK_CANCEL_SHIPMENT),
};

const struct setting *orchestrator_settings_table(size_t *out_count)
{
    *out_count = COUNT_OF(table);
    return table;
}

static void take_own(int64_t *value, int64_t own)
{
    if (own != 0)
        *value = own;
}

struct policy policy_of_settings(const struct orchestrator_settings *settings)
{
    struct policy policy = {
        .general = settings->general,
        .undo_attempts = settings->undo_attempts,
        .capture_attempts = settings->capture_attempts,
        .saga_deadline_seconds = settings->saga_deadline_seconds,
    };

    policy_spread(&policy);
    for (enum ask ask = ASK_NOTHING + 1; ask < ASK_COUNT; ask++) {
        take_own(&policy.of[ask].step_timeout_ms, settings->own[ask].step_timeout_ms);
        take_own(&policy.of[ask].step_deadline_seconds, settings->own[ask].step_deadline_seconds);
        take_own(&policy.of[ask].attempts, settings->own[ask].attempts);
    }
    return policy;
}
