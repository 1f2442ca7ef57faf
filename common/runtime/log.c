/* log.c - a line is put together on the stack and written at once, so that lines of several threads and processes don't mix. */
#include "log.h"

#include "clock.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define ESCAPED_MAX 6 /* "\u001b" */

static const char *service_name = "-";
static enum log_level least_level = LOG_INFO;

void log_start(const char *service, enum log_level least)
{
    service_name = service;
    least_level = least;
}

bool log_wants(enum log_level level) { return level >= least_level; }

/* Prints "time=... level=... service=... event=...". */
static size_t print_head(char line[LOG_LINE_MAX], enum log_level level, const char *event)
{
    static const char *const level_names[] = {"debug", "info", "warning", "error"};
    const int64_t now_ms = clock_wall_ms();
    const time_t now = (time_t)(now_ms / 1000);
    struct tm date;
    char seconds[32];
    int length;

    gmtime_r(&now, &date);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &date);
    length = snprintf(line, LOG_LINE_MAX, "time=%s.%03dZ level=%s service=%s event=%s", seconds, (int)(now_ms % 1000),
                      level_names[level], service_name, event);
    return length < LOG_LINE_MAX ? (size_t)length : LOG_LINE_MAX - 1;
}

/* One event stays one line, also when the caller has let a line end through. */
static void remove_controls(char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
            bytes[i] = ' ';
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    size_t length;
    va_list arguments;

    if (!log_wants(level))
        return;
    length = print_head(line, level, event);
    if (format[0] != '\0' && length + 1 < sizeof(line)) {
        int more;

        line[length++] = ' ';
        va_start(arguments, format);
        more = vsnprintf(line + length, sizeof(line) - length, format, arguments);
        va_end(arguments);
        if (more > 0)
            length = (size_t)more < sizeof(line) - length ? length + (size_t)more : sizeof(line) - 1;
    }
    remove_controls(line, length);
    line[length++] = '\n'; /* where vsnprintf had put its '\0' */
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* there is nobody who could be told that standard error is gone */
}

/* How many bytes the character at the beginning has; 0 when it is not UTF-8, or a control that a terminal would obey. */
static size_t character_length(struct text text)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *bytes = (const unsigned char *)text.at;

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        size_t length = forms[i].length;

        if (bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high || text.length < length)
            continue;
        if (length > 1 && (bytes[1] < forms[i].second_low || bytes[1] > forms[i].second_high))
            return 0;
        for (size_t tail = 2; tail < length; tail++)
            if ((bytes[tail] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

/* Prints the first character of text as it stands between quotes; gives the bytes printed, and in out_taken those that it
 * stands for. */
static size_t escape(struct text text, char out[ESCAPED_MAX + 1], size_t *out_taken)
{
    size_t length = character_length(text);
    char byte = text.at[0];

    *out_taken = length == 0 ? 1 : length;
    if (byte == '"' || byte == '\\')
        return (size_t)snprintf(out, ESCAPED_MAX + 1, "\\%c", byte);
    if (length > 0)
        return (size_t)snprintf(out, ESCAPED_MAX + 1, "%.*s", (int)length, text.at);
    if (byte == '\n')
        return (size_t)snprintf(out, ESCAPED_MAX + 1, "\\n");
    if ((unsigned char)byte < 0x80)
        return (size_t)snprintf(out, ESCAPED_MAX + 1, "\\u%04x", (unsigned)byte);
    return (size_t)snprintf(out, ESCAPED_MAX + 1, "?");
}

const char *log_quoted(struct text text, char *out, size_t size)
{
    size_t length = 0, taken, more;
    char escaped[ESCAPED_MAX + 1];

    assert(size >= sizeof("\"...\""));
    out[length++] = '"';
    for (; text.length > 0; text.at += taken, text.length -= taken) {
        more = escape(text, escaped, &taken);
        if (length + more + sizeof("...\"") > size) {
            memcpy(out + length, "...", 3);
            length += 3;
            break;
        }
        memcpy(out + length, escaped, more);
        length += more;
    }
    memcpy(out + length, "\"", 2);
    return out;
}

void log_kafka(int level, const char *facility, const char *line)
{
    static const int syslog_error = 3, syslog_notice = 5;
    const enum log_level ours = level <= syslog_error ? LOG_WARNING : level <= syslog_notice ? LOG_INFO : LOG_DEBUG;

    log_event(ours, "kafka_said", "facility=%s text=%s", facility, LOG_QUOTED(text_of(line)));
}
