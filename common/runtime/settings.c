/* settings.c - one pass for every way a value can come, then one check for each kind of setting. */
#include "settings.h"

#include "log.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define NAME_SIZE 192
#define FILE_SUFFIX "_FILE"
#define PASSED_PREFIX "RDKAFKA_"
#define NAME_WIDTH 42
#define FILE_BYTES_MAX (SETTING_TEXT_SIZE + 64) /* room for what is around the longest value */
#define LINE_FULL (LOG_LINE_MAX - 600)          /* behind this place there is room for one more pair and the line's head */

/* Where a value came from. */
struct source {
    char variable[NAME_SIZE + sizeof(FILE_SUFFIX)]; /* what to name in a complaint: NAME or NAME_FILE */
    char value[SETTING_TEXT_SIZE];
    bool is_secret; /* the value must not be shown */
};

/* ---- complaints ---- */

static void complain(FILE *report, const struct source *source, const char *wanted)
{
    if (source->is_secret)
        fprintf(report, "%s: %s\n", source->variable, wanted);
    else
        fprintf(report, "%s=%s: %s\n", source->variable, LOG_QUOTED(text_of(source->value)), wanted);
}

/* "debug info error" -> "debug, info, error". */
static const char *list_words(const char *words, char out[256])
{
    size_t length = 0;

    for (const char *at = words; *at != '\0' && length < 250; at++) {
        if (*at == ' ')
            out[length++] = ',';
        out[length++] = *at;
    }
    out[length] = '\0';
    return out;
}

/* ---- where a value comes from ---- */

/* What in the bytes of a file is the value: not the byte-order mark of UTF-8 and the line ends that editors and shells of other
 * systems leave. */
static struct text file_value(struct text bytes)
{
    struct text value = text_without_mark(bytes);

    while (value.length > 0 && (value.at[value.length - 1] == '\n' || value.at[value.length - 1] == '\r'))
        value.length--;
    return value;
}

/* Why a file's value can't be used, or NULL. */
static const char *file_mistake(struct text bytes, struct text value)
{
    if (text_is_wide(bytes))
        return "the file is UTF-16, not UTF-8";
    if (value.length == 0)
        return "the file is empty";
    if (memchr(value.at, '\0', value.length) != NULL)
        return "the file holds a zero byte";
    if (value.length >= SETTING_TEXT_SIZE || bytes.length == FILE_BYTES_MAX) /* the file may hold more than was read */
        return "the file holds more than 1023 bytes";
    return NULL;
}

/* Reads a whole file. NULL, or what is wrong with it. */
static const char *read_file(const char *path, char out_value[SETTING_TEXT_SIZE])
{
    char bytes[FILE_BYTES_MAX];
    FILE *file = fopen(path, "re");
    const char *mistake;
    struct text value;
    size_t length;
    bool failed;
    int error;

    if (file == NULL)
        return strerror(errno);
    length = fread(bytes, 1, sizeof(bytes), file);
    error = errno;
    failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return strerror(error);
    value = file_value((struct text){bytes, length});
    mistake = file_mistake((struct text){bytes, length}, value);
    if (mistake != NULL)
        return mistake;
    memcpy(out_value, value.at, value.length);
    out_value[value.length] = '\0';
    return NULL;
}

static const char *variable_value(const char *name)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Takes a value from NAME or the file that NAME_FILE names. False: there is none, or a mistake was reported and counted. */
static bool find_value(const char *name, bool is_secret, struct source *out_source, size_t *mistakes, FILE *report)
{
    char file_variable[NAME_SIZE + sizeof(FILE_SUFFIX)];
    const char *value = variable_value(name), *path, *problem;

    snprintf(file_variable, sizeof(file_variable), "%s" FILE_SUFFIX, name);
    path = variable_value(file_variable);
    *out_source = (struct source){.is_secret = is_secret};
    snprintf(out_source->variable, sizeof(out_source->variable), "%s", path == NULL ? name : file_variable);
    if (value == NULL && path == NULL)
        return false;
    if (value != NULL && path != NULL) {
        fprintf(report, "%s and %s are both set: only one of them may be\n", name, file_variable);
    } else if (path != NULL) {
        problem = read_file(path, out_source->value);
        if (problem == NULL)
            return true;
        fprintf(report, "%s=%s: %s\n", file_variable, LOG_QUOTED(text_of(path)), problem);
    } else if (strlen(value) < sizeof(out_source->value)) {
        memcpy(out_source->value, value, strlen(value) + 1);
        return true;
    } else {
        fprintf(report, "%s: must be at most %d bytes long\n", name, SETTING_TEXT_SIZE - 1);
    }
    (*mistakes)++;
    return false;
}

/* ---- the table ---- */

static int64_t *number_at(const struct setting *setting, void *settings)
{
    return (int64_t *)(void *)((char *)settings + setting->offset);
}

static char *text_at(const struct setting *setting, void *settings) { return (char *)settings + setting->offset; }

/* The place of a word in "debug info error", or -1. */
static int64_t word_place(const char *words, const char *word)
{
    size_t length = strlen(word);
    int64_t place = 0;

    for (const char *at = words; *at != '\0'; place++) {
        size_t candidate = strcspn(at, " ");

        if (candidate == length && memcmp(at, word, length) == 0)
            return place;
        at += candidate + (at[candidate] == ' ');
    }
    return -1;
}

static struct text word_at(const char *words, int64_t place)
{
    for (; place > 0 && *words != '\0'; place--)
        words += strcspn(words, " ") + 1;
    return (struct text){words, strcspn(words, " ")};
}

static void set_default(const struct setting *setting, void *settings)
{
    if (setting->kind == SETTING_KIND_NUMBER)
        *number_at(setting, settings) = setting->number_default;
    else if (setting->kind == SETTING_KIND_WORD)
        *number_at(setting, settings) = word_place(setting->words, setting->text_default);
    else
        snprintf(text_at(setting, settings), SETTING_TEXT_SIZE, "%s", setting->text_default);
}

static bool set_number(const struct setting *setting, const struct source *source, void *settings, FILE *report)
{
    char wanted[128];
    int64_t number;

    if (text_to_number(text_of(source->value), &number) && number >= setting->low && number <= setting->high) {
        *number_at(setting, settings) = number;
        return true;
    }
    snprintf(wanted, sizeof(wanted), "must be a whole number from %" PRId64 " to %" PRId64, setting->low, setting->high);
    complain(report, source, wanted);
    return false;
}

static bool set_word(const struct setting *setting, const struct source *source, void *settings, FILE *report)
{
    int64_t place = word_place(setting->words, source->value);
    char words[256], wanted[300];

    if (place >= 0) {
        *number_at(setting, settings) = place;
        return true;
    }
    snprintf(wanted, sizeof(wanted), "must be one of %s", list_words(setting->words, words));
    complain(report, source, wanted);
    return false;
}

/* Reads one setting; gives its mistakes. */
static size_t read_setting(const struct setting *setting, void *settings, FILE *report)
{
    struct source source;
    size_t mistakes = 0;

    set_default(setting, settings);
    if (!find_value(setting->name, setting->kind == SETTING_KIND_SECRET, &source, &mistakes, report))
        return mistakes;
    if (setting->kind == SETTING_KIND_NUMBER)
        return set_number(setting, &source, settings, report) ? 0 : 1;
    if (setting->kind == SETTING_KIND_WORD)
        return set_word(setting, &source, settings, report) ? 0 : 1;
    memcpy(text_at(setting, settings), source.value, sizeof(source.value));
    return 0;
}

size_t settings_read(const struct setting table[], size_t count, void *out_settings, FILE *report)
{
    size_t mistakes = 0;

    for (size_t i = 0; i < count; i++)
        mistakes += read_setting(&table[i], out_settings, report);
    return mistakes;
}

/* ---- what is passed to librdkafka ---- */

/* Properties that are not the user's, each with its reason. A name that ends in '*' stands for all that begin like it. */
static const struct {
    const char *name, *reason;
} refused[] = {
    {"bootstrap.servers", "use KAFKA_BOOTSTRAP_SERVERS"},
    {"metadata.broker.list", "use KAFKA_BOOTSTRAP_SERVERS"},
    {"group.instance.id", "use INSTANCE_ID"},
    {"group.*", "it decides who reads what"},
    {"partition.assignment.strategy", "it decides who reads what"},
    {"partitioner", "it decides where an order's records are"},
    {"sticky.partitioning.linger.ms", "it decides where an order's records are"},
    {"acks", "nothing may be lost"},
    {"request.required.acks", "nothing may be lost"},
    {"enable.idempotence", "nothing may be doubled"},
    {"enable.gapless.guarantee", "a service decides itself when it can't go on"},
    {"max.in.flight*", "order must be kept"},
    {"queuing.strategy", "order must be kept"},
    {"retries", "nothing may be lost"},
    {"message.send.max.retries", "nothing may be lost"},
    {"message.timeout.ms", "nothing may be given up"},
    {"delivery.timeout.ms", "nothing may be given up"},
    {"message.max.bytes", "a dead letter must always fit"},
    {"transaction*", "a service takes no part in transactions"},
    {"isolation.level", "what was read must be what is there"},
    {"check.crcs", "what was read must be what is there"},
    {"enable.auto.commit", "offsets come last"},
    {"auto.commit.enable", "offsets come last"},
    {"enable.auto.offset.store", "offsets come last"},
    {"offset.store.*", "offsets come last"},
    {"auto.offset.reset", "nothing may be skipped"},
    {"enable.partition.eof", "what is never delivered could not be told from what waits"},
    {"delivery.report.only.error", "a service counts what was acknowledged"},
    {"topic.blacklist", "nothing may be skipped"},
    {"allow.auto.create.topics", "topics are made by orderly topics create"},
    {"log.queue", "nobody would read it"},
    {"plugin.library.paths", "no foreign code"},
    {"test.*", "it is for tests of librdkafka"},
};

/* Properties whose own name ends in ".file": RDKAFKA_..._FILE is then their value. */
static const char *const file_properties[] = {
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
};

extern char **environ;

static bool name_matches(const char *name, const char *pattern)
{
    size_t length = strlen(pattern);

    return pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0 : strcmp(name, pattern) == 0;
}

static const char *refusal(const char *property)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (name_matches(property, refused[i].name))
            return refused[i].reason;
    return NULL;
}

static bool is_file_property(const char *property)
{
    for (size_t i = 0; i < COUNT_OF(file_properties); i++)
        if (strcmp(property, file_properties[i]) == 0)
            return true;
    return false;
}

/* "SECURITY_PROTOCOL" -> "security.protocol". */
static void property_name(const char *variable, char out_property[NAME_SIZE])
{
    size_t length = 0;

    for (const char *at = variable + strlen(PASSED_PREFIX); *at != '\0'; at++)
        out_property[length++] = *at == '_' ? '.' : (char)tolower((unsigned char)*at);
    out_property[length] = '\0';
}

static struct bus_property *find_passed(struct bus_properties *passed, const char *property)
{
    for (size_t i = 0; i < passed->count; i++)
        if (strcmp(passed->list[i].name, property) == 0)
            return &passed->list[i];
    return NULL;
}

/* Takes one property from the environment; gives the mistakes. */
static size_t take_passed(struct bus_properties *passed, const char *variable, FILE *report)
{
    char property[NAME_SIZE];
    struct source source;
    size_t mistakes = 0;

    property_name(variable, property);
    if (refusal(property) != NULL) {
        fprintf(report, "%s: %s can't be set: %s\n", variable, property, refusal(property));
        return 1;
    }
    if (strlen(property) >= sizeof(passed->list[0].name)) {
        fprintf(report, "%s: no property of librdkafka has so long a name\n", variable);
        return 1;
    }
    if (find_passed(passed, property) != NULL) {
        fprintf(report, "%s: %s is set twice\n", variable, property);
        return 1;
    }
    if (!find_value(variable, true, &source, &mistakes, report))
        return mistakes;
    if (passed->count == BUS_PROPERTIES_MAX) {
        fprintf(report, "%s: more than %d properties for librdkafka\n", variable, BUS_PROPERTIES_MAX);
        return 1;
    }
    memcpy(passed->list[passed->count].name, property, strlen(property) + 1);
    memcpy(passed->list[passed->count].value, source.value, sizeof(source.value));
    passed->count++;
    return 0;
}

/* Cuts "_FILE" off a variable, unless it belongs to the property's own name. False: nothing to cut. */
static bool cut_file_suffix(char *variable)
{
    size_t length = strlen(variable), suffix = strlen(FILE_SUFFIX);
    char property[NAME_SIZE];

    property_name(variable, property);
    if (is_file_property(property) || length < suffix || strcmp(variable + length - suffix, FILE_SUFFIX) != 0)
        return false;
    variable[length - suffix] = '\0';
    return true;
}

/* Takes one entry of the environment, "RDKAFKA_NAME=value"; gives the mistakes. */
static size_t take_entry(struct bus_properties *passed, const char *entry, FILE *report)
{
    size_t length = strcspn(entry, "=");
    char variable[NAME_SIZE];

    if (strncmp(entry, PASSED_PREFIX, strlen(PASSED_PREFIX)) != 0 || entry[length] == '\0' || entry[length + 1] == '\0')
        return 0;
    if (length >= sizeof(variable)) {
        fprintf(report, "%.*s: no property of librdkafka has so long a name\n", (int)length, entry);
        return 1;
    }
    memcpy(variable, entry, length);
    variable[length] = '\0';
    if (cut_file_suffix(variable) && variable_value(variable) != NULL)
        return 0; /* the entry without the suffix reports that both are set */
    return take_passed(passed, variable, report);
}

size_t settings_read_passed(struct bus_properties *out_passed, FILE *report)
{
    size_t mistakes = 0;

    out_passed->count = 0;
    for (char **entry = environ; *entry != NULL; entry++)
        mistakes += take_entry(out_passed, *entry, report);
    return mistakes;
}

/* ---- printing ---- */

/* "1 to 10000", "one of debug, info", "" when everything is allowed. */
static const char *allowed(const struct setting *setting, char out[300])
{
    char words[256];

    out[0] = '\0';
    if (setting->kind == SETTING_KIND_NUMBER)
        snprintf(out, 300, "%" PRId64 " to %" PRId64, setting->low, setting->high);
    else if (setting->kind == SETTING_KIND_WORD)
        snprintf(out, 300, "%s", list_words(setting->words, words));
    return out;
}

static const char *default_text(const struct setting *setting, char out[32])
{
    if (setting->kind != SETTING_KIND_NUMBER)
        return setting->text_default;
    snprintf(out, 32, "%" PRId64, setting->number_default);
    return out;
}

void settings_print(const struct setting table[], size_t count, FILE *out)
{
    char words[300], digits[32];

    for (size_t i = 0; i < count; i++) {
        const char *values = allowed(&table[i], words), *otherwise = default_text(&table[i], digits);

        fprintf(out, "  %-*s %s (%s%sdefault %s)\n", NAME_WIDTH, table[i].name, table[i].meaning, values,
                values[0] == '\0' ? "" : "; ", otherwise[0] == '\0' ? "none" : otherwise);
    }
}

void settings_print_markdown(const struct setting table[], size_t count, FILE *out)
{
    char words[300], digits[32];

    for (size_t i = 0; i < count; i++) {
        const char *otherwise = default_text(&table[i], digits), *quote = otherwise[0] == '\0' ? "" : "`";

        fprintf(out, "| `%s` | %s%s%s | %s | %s |\n", table[i].name, quote, otherwise, quote, allowed(&table[i], words),
                table[i].meaning);
    }
}

/* Appends the effective value of a setting as a pair of logfmt. */
static void add_pair(struct buffer *buffer, const struct setting *setting, const void *settings)
{
    const char *bytes = (const char *)settings + setting->offset;
    int64_t number = 0;

    if (setting->kind == SETTING_KIND_NUMBER || setting->kind == SETTING_KIND_WORD)
        memcpy(&number, bytes, sizeof(number));
    buffer_add_format(buffer, "%s%s=", buffer->length == 0 ? "" : " ", setting->name);
    if (setting->kind == SETTING_KIND_NUMBER)
        buffer_add_number(buffer, number);
    else if (setting->kind == SETTING_KIND_WORD)
        buffer_add(buffer, word_at(setting->words, number));
    else if (setting->kind == SETTING_KIND_SECRET && strcmp(bytes, setting->text_default) != 0)
        buffer_add(buffer, TEXT("***"));
    else
        buffer_add(buffer, text_of(LOG_QUOTED(text_of(bytes))));
}

void settings_log(const struct setting table[], size_t count, const void *settings)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct buffer line = buffer_in(arena, LOG_LINE_MAX);

    for (size_t i = 0; i < count; i++) {
        add_pair(&line, &table[i], settings);
        if (i + 1 < count && line.length < LINE_FULL)
            continue;
        log_event(LOG_INFO, "configured", "%.*s", TEXT_ARG(buffer_text(&line)));
        line.length = 0;
    }
}
