#include "service_internal.h"

#include <stdlib.h>

static const struct setting common_settings[] = {
    SETTING_TEXT("NAMESPACE", struct service_settings, namespace, "", NAMESPACE_MEANING),
    SETTING_TEXT("KAFKA_BOOTSTRAP_SERVERS", struct service_settings, bootstrap, "localhost:9092",
                 "brokers to start from, host:port,..."),
    SETTING_SECRET("REDIS_URL", struct service_settings, redis_url, "redis://localhost:6379",
                   "redis://[user:password@]host:port[/db], rediss://..., unix:///path"),
    SETTING_NUMBER("HTTP_PORT", struct service_settings, http_port, 0, 0, 65535,
                   "port of /healthz, /readyz and /metrics; 0 = off"),
    SETTING_TEXT("HTTP_BIND", struct service_settings, http_bind, "127.0.0.1", "address that port listens on"),
    SETTING_WORD("LOG_LEVEL", struct service_settings, log_level, "info", "debug info warning error",
                 "least level that is logged"),
    SETTING_NUMBER("BATCH_MAX", struct service_settings, batch_max, 500, 1, 10000, "messages handled in one round trip"),
    SETTING_TEXT("INSTANCE_ID", struct service_settings, instance_id, "",
                 "stable name of this replica (static group membership); empty = none"),
    SETTING_NUMBER("RETENTION_DAYS", struct service_settings, retention_days, 7, 1, 3650,
                   "days that topics and finished orders are kept"),
    SETTING_NUMBER("MAX_MESSAGE_BYTES", struct service_settings, message_bytes_max, 65536, 1024, 131072,
                   "largest order, and largest result of a reply that is kept; commands and replies may be 8 times as large"),
};

const struct setting *service_settings_table(size_t *out_count)
{
    *out_count = COUNT_OF(common_settings);
    return common_settings;
}

/* ---- what the rows can't check ---- */

static size_t check_namespace(const char *name, FILE *report)
{
    if (namespace_is_good(text_of(name)))
        return 0;
    fprintf(report, NAMESPACE_COMPLAINT "\n", name, NAMESPACE_MAX);
    return 1;
}

static size_t check_redis_url(const char *url, FILE *report)
{
    if (store_url_is_good(url))
        return 0;
    fprintf(report, "REDIS_URL can't be read: redis://[user:password@]host:port[/db], rediss://... or unix:///path\n");
    return 1;
}

static size_t check_common(const void *common, FILE *report)
{
    const struct service_settings *settings = common;

    return check_namespace(settings->namespace, report) + check_redis_url(settings->redis_url, report);
}

/* ---- all tables of a service ---- */

struct all_settings all_settings_of(const struct service *service)
{
    struct all_settings settings = {
        .tables = {
            [SETTINGS_COMMON] = {common_settings, COUNT_OF(common_settings), sizeof(struct service_settings), check_common},
            [SETTINGS_OWN] = {service->own_settings, service->own_setting_count, service->own_settings_size,
                              service->check_settings},
        }};

    if (service->shared_settings != NULL)
        settings.tables[SETTINGS_SHARED] = *service->shared_settings;
    for (size_t i = 0; i < SETTINGS_TABLES; i++)
        if ((settings.values[i] = calloc(1, settings.tables[i].size + 1)) == NULL)
            abort();
    return settings;
}

void all_settings_free(struct all_settings *settings)
{
    for (size_t i = 0; i < SETTINGS_TABLES; i++)
        free(settings->values[i]);
}

size_t all_settings_read(struct all_settings *settings, FILE *report)
{
    struct service_settings *common = settings->values[SETTINGS_COMMON];
    size_t mistakes = settings_read_passed(&common->passed, report);

    for (size_t i = 0; i < SETTINGS_TABLES; i++) {
        const struct setting_table *table = &settings->tables[i];
        mistakes += settings_read(table->rows, table->count, settings->values[i], report);
        if (table->check != NULL)
            mistakes += table->check(settings->values[i], report);
    }
    return mistakes;
}

void all_settings_print(const struct all_settings *settings, FILE *out)
{
    for (size_t i = 0; i < SETTINGS_TABLES; i++)
        settings_print(settings->tables[i].rows, settings->tables[i].count, out);
}

void all_settings_print_markdown(const struct all_settings *settings, FILE *out)
{
    fprintf(out, "| setting | default | allowed | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < SETTINGS_TABLES; i++)
        settings_print_markdown(settings->tables[i].rows, settings->tables[i].count, out);
}

void all_settings_log(const struct all_settings *settings)
{
    for (size_t i = 0; i < SETTINGS_TABLES; i++)
        if (settings->tables[i].count > 0)
            settings_log(settings->tables[i].rows, settings->tables[i].count, settings->values[i]);
}
