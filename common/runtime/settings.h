/* settings.h - settings come from the environment; one table reads, checks and documents them.
 *
 * Any NAME may come from a file: NAME_FILE=/run/secrets/x (its last line end cut off). All mistakes are reported at once.
 * RDKAFKA_<NAME> passes a property to librdkafka (RDKAFKA_SECURITY_PROTOCOL -> security.protocol), RDKAFKA_<NAME>_FILE one
 * from a file (RDKAFKA_SASL_PASSWORD_FILE -> sasl.password), except for the few properties whose own name ends in ".file".
 * Those that carry the guarantees are refused.
 * Seen in: redis config.c static_configs[]; librdkafka rdkafka_conf.c. */
#ifndef ORDERLY_SETTINGS_H
#define ORDERLY_SETTINGS_H

#include "bus_properties.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTING_TEXT_SIZE 1024

enum setting_kind { SETTING_KIND_TEXT, SETTING_KIND_NUMBER, SETTING_KIND_SECRET, SETTING_KIND_WORD };

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset; /* TEXT, SECRET: char[SETTING_TEXT_SIZE]; NUMBER: int64_t; WORD: int64_t, the word's place in words */
    const char *text_default; /* TEXT, SECRET, WORD */
    int64_t low, high, number_default;
    const char *words; /* WORD: "debug info warning error" */
    const char *meaning;
};

/* Rows, and the struct that they fill. */
struct setting_table {
    const struct setting *rows;
    size_t count;
    size_t size; /* of the struct */
    /* Checks what the rows can't, whether or not they found mistakes; prints and counts its own like settings_read(). May be
     * NULL. */
    size_t (*check)(const void *settings, FILE *report);
};

#define SETTING_TEXT(name_, type, member, default_, meaning_)                                                                    \
    {                                                                                                                            \
        .name = (name_), .kind = SETTING_KIND_TEXT, .offset = offsetof(type, member), .text_default = (default_),                \
        .meaning = (meaning_)                                                                                                    \
    }
#define SETTING_SECRET(name_, type, member, default_, meaning_)                                                                  \
    {                                                                                                                            \
        .name = (name_), .kind = SETTING_KIND_SECRET, .offset = offsetof(type, member), .text_default = (default_),              \
        .meaning = (meaning_)                                                                                                    \
    }
#define SETTING_NUMBER(name_, type, member, default_, low_, high_, meaning_)                                                     \
    {                                                                                                                            \
        .name = (name_), .kind = SETTING_KIND_NUMBER, .offset = offsetof(type, member), .low = (low_), .high = (high_),          \
        .number_default = (default_), .meaning = (meaning_)                                                                      \
    }
#define SETTING_WORD(name_, type, member, default_, words_, meaning_)                                                            \
    {                                                                                                                            \
        .name = (name_), .kind = SETTING_KIND_WORD, .offset = offsetof(type, member), .text_default = (default_),                \
        .words = (words_), .meaning = (meaning_)                                                                                 \
    }

/* Reads every setting of the table into the struct at out_settings; prints one line on report for each mistake (never a
 * secret's value) and goes on. Gives the number of mistakes; 0 is good. What is not set gets its default. A set but empty
 * variable counts as unset. */
MUST_CHECK size_t settings_read(const struct setting table[], size_t count, void *out_settings, FILE *report);
/* Collects RDKAFKA_* from the environment; the same way of reporting, and never a value, for any may be a secret. Refused are
 * properties that carry the guarantees (the list with its reasons is in settings.c), those that have a setting of ours, one
 * set twice, and more than BUS_PROPERTIES_MAX. Whether a property exists is for librdkafka to say: bus_open(). */
MUST_CHECK size_t settings_read_passed(struct bus_properties *out_passed, FILE *report);
/* Prints the table for --help: name, default, allowed values, meaning. */
void settings_print(const struct setting table[], size_t count, FILE *out);
/* The same as rows of a Markdown table, for docs/settings.md. */
void settings_print_markdown(const struct setting table[], size_t count, FILE *out);
/* Logs the effective values (event=configured), in one line when they fit; secrets that are not the default as "***". */
void settings_log(const struct setting table[], size_t count, const void *settings);

#endif
