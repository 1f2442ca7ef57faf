/* service_internal.h - what the files of the service share: all its settings, and the loop. */
#ifndef ORDERLY_SERVICE_INTERNAL_H
#define ORDERLY_SERVICE_INTERNAL_H

#include "service.h"

/* Every table of settings that a service has: those of all services, its own, and those it shares with some others. A table that
 * it has not got is empty. */
enum { SETTINGS_COMMON, SETTINGS_OWN, SETTINGS_SHARED, SETTINGS_TABLES };
struct all_settings {
    struct setting_table tables[SETTINGS_TABLES];
    void *values[SETTINGS_TABLES]; /* the struct of each */
};

/* The tables of a service, and room for their values. Give it back with all_settings_free(). */
struct all_settings all_settings_of(const struct service *service);
/* Releases the values. */
void all_settings_free(struct all_settings *settings);
/* Reads all of them from the environment; prints every mistake, and gives how many there are. */
MUST_CHECK size_t all_settings_read(struct all_settings *settings, FILE *report);
/* Prints all of them as settings_print() does. */
void all_settings_print(const struct all_settings *settings, FILE *out);
/* The same as one Markdown table. */
void all_settings_print_markdown(const struct all_settings *settings, FILE *out);
/* Logs the effective values of all of them. */
void all_settings_log(const struct all_settings *settings);

/* The batches, one after another, until run->stop. STATUS_FATAL: the process can't go on. */
MUST_CHECK enum status service_loop(struct run *run, struct health *health);

#endif
