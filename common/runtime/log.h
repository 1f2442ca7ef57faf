/* log.h - one logfmt line for each event, on stderr.
 *
 *     time=2026-01-31T09:30:00.000Z level=info service=inventory event=answered order=ORD-1042 outcome=refused
 *
 * event is a past participle; order is on every line that is about one, so that grep order=ORD-1042 tells the story. The caller
 * puts only id-like values behind the keys, or quotes what came from outside with LOG_QUOTED. A line is one write(2). */
#ifndef ORDERLY_LOG_H
#define ORDERLY_LOG_H

#include "text.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

#define LOG_LINE_MAX 2048

/* Names the service of all following lines (borrowed) and the least level that is printed. */
void log_start(const char *service, enum log_level least);
/* Whether a line of that level would be printed: ask before making an expensive one. */
bool log_wants(enum log_level level);
/* Prints a line. format adds further key=value pairs; "" for none. Cut at LOG_LINE_MAX. */
void log_event(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);
/* Text from outside as a logfmt value: quoted and escaped, without control characters, cut to size. Gives out. */
const char *log_quoted(struct text text, char *out, size_t size);
#define LOG_QUOTED_SIZE 256
#define LOG_QUOTED(text) log_quoted((text), (char[LOG_QUOTED_SIZE]){0}, LOG_QUOTED_SIZE)

/* What librdkafka logs, as lines of ours; a bus_log, for bus_options. level as in syslog(3). */
void log_kafka(int level, const char *facility, const char *line);

#endif
