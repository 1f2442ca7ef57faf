/* processes.h - which processes of this machine take part, and what they have used of it: read from /proc.
 *
 * Units   microseconds of CPU (user and system, all threads, in steps of 10 ms), bytes of resident memory
 * Source  proc(5): /proc/PID/stat, /proc/PID/status, /proc/PID/fd, /proc/net/tcp */
#ifndef ORDERLY_PROCESSES_H
#define ORDERLY_PROCESSES_H

#include "text.h"

#define PROCESSES_MAX 64
#define PROCESS_PORTS_MAX 16
#define PROCESS_NAME_SIZE 32

enum process_kind { PROCESS_SERVICE, PROCESS_REDIS, PROCESS_KAFKA, PROCESS_KIND_COUNT };

struct process {
    char name[PROCESS_NAME_SIZE]; /* "inventory", "redis", "kafka" */
    enum process_kind kind;
    int pid;
    int64_t started; /* clock ticks since boot: with the pid it names a process for ever */
    int64_t cpu_us;
    int64_t resident_bytes, peak_bytes;
};

struct process_list {
    struct process processes[PROCESSES_MAX];
    size_t count;
};

/* "redis" for a name that begins with it, "kafka" likewise, else a service. */
enum process_kind process_kind_of(const char *name);
/* "services", "redis", "kafka": for reports. Static. */
const char *process_kind_name(enum process_kind kind);
/* What a process is, from its arguments, each ended by '\0': orderly-NAME, redis-server, or java ... kafka.Kafka. False: it is
 * none of ours; out_name (PROCESS_NAME_SIZE bytes) untouched. */
MUST_CHECK bool process_recognize(struct text arguments, char *out_name);
/* CPU time (clock ticks) and start of a line of /proc/PID/stat. False: it is no such line. */
MUST_CHECK bool process_stat_read(struct text line, int64_t *out_cpu_ticks, int64_t *out_started);

/* Fills in what a process with this pid has used up to now; its name and kind are set already. False: there is none, or it can't
 * be looked at. */
MUST_CHECK bool process_look(struct process *process);
/* All recognized processes that hold a TCP socket with one of these ports at either end: the servers behind the ports and the
 * services that talk to them. Other people's processes can't be looked into without being root, and are not found. */
void processes_find(const uint16_t ports[], size_t port_count, struct process_list *out_list);
/* The ports of "host:port,host:port", PROCESS_PORTS_MAX at most, from out_ports[count] on; gives the new count. */
size_t process_ports_add(const char *addresses, uint16_t out_ports[PROCESS_PORTS_MAX], size_t count);
/* What was used between two looks: cpu_us of every process in `after` becomes the difference. One that is not in `before` has
 * begun meanwhile. */
void processes_subtract(const struct process_list *before, struct process_list *after);

#endif
