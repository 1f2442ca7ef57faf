#include "processes.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARGUMENTS_SIZE ((size_t)64 * 1024)
#define STAT_SIZE 1024
#define STATUS_SIZE 4096
#define SOCKETS_MAX 4096 /* with one of the ports at either end */
#define PATH_SIZE 320
#define TCP_LISTEN 0x0a
#define TCP_ESTABLISHED 0x01

enum process_kind process_kind_of(const char *name)
{
    if (strncmp(name, "redis", 5) == 0)
        return PROCESS_REDIS;
    return strncmp(name, "kafka", 5) == 0 ? PROCESS_KAFKA : PROCESS_SERVICE;
}

const char *process_kind_name(enum process_kind kind)
{
    static const char *const names[PROCESS_KIND_COUNT] = {"services", "redis", "kafka"};

    return names[kind];
}

/* ---- what a process is ---- */

static bool has_argument(struct text arguments, const char *wanted)
{
    for (size_t at = 0; at < arguments.length; at += strnlen(arguments.at + at, arguments.length - at) + 1)
        if (text_equals(text_of(wanted), (struct text){arguments.at + at, strnlen(arguments.at + at, arguments.length - at)}))
            return true;
    return false;
}

/* The program's name without its folder. Redis writes its address behind its name. */
static struct text program_name(struct text arguments)
{
    size_t length = strnlen(arguments.at, arguments.length);
    const char *slash = memrchr(arguments.at, '/', length);
    const char *name = slash == NULL ? arguments.at : slash + 1;
    size_t rest = length - (size_t)(name - arguments.at);
    const char *space = memchr(name, ' ', rest);

    return (struct text){name, space == NULL ? rest : (size_t)(space - name)};
}

bool process_recognize(struct text arguments, char *out_name)
{
    static const struct text ours = {"orderly-", sizeof("orderly-") - 1};
    struct text name;

    if (arguments.length == 0)
        return false;
    name = program_name(arguments);
    if (text_begins(name, ours) && name.length > ours.length)
        name = (struct text){name.at + ours.length, name.length - ours.length};
    else if (text_equals(name, TEXT("redis-server")))
        name = TEXT("redis");
    else if (text_equals(name, TEXT("java")) && has_argument(arguments, "kafka.Kafka"))
        name = TEXT("kafka");
    else
        return false;
    snprintf(out_name, PROCESS_NAME_SIZE, "%.*s", TEXT_ARG(name));
    return true;
}

/* ---- what it has used ---- */

/* A file of /proc, '\0' behind it. */
static struct text read_file(int pid, const char *name, char *buffer, size_t size)
{
    char path[PATH_SIZE];
    size_t length = 0;
    ssize_t step;
    int file;

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return TEXT_NONE;
    while (length + 1 < size && (step = read(file, buffer + length, size - 1 - length)) > 0)
        length += (size_t)step;
    close(file);
    buffer[length] = '\0';
    return (struct text){buffer, length};
}

bool process_stat_read(struct text line, int64_t *out_cpu_ticks, int64_t *out_started)
{
    const char *name_end = line.length == 0 ? NULL : memrchr(line.at, ')', line.length); /* a program's name may hold anything */
    int64_t user, system, started;

    /* Behind the name: the state, then numbers; utime and stime are fields 14 and 15, starttime is field 22. */
    if (name_end == NULL ||
        sscanf(name_end + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNd64 " %" SCNd64 " %*d %*d %*d %*d %*d %*d %" SCNd64, &user,
               &system, &started) != 3)
        return false;
    *out_cpu_ticks = user + system;
    *out_started = started;
    return true;
}

/* "VmHWM:     1234 kB" of /proc/PID/status, in bytes; 0 when it is not there. */
static int64_t memory_of(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line == NULL ? 0 : strtoll(line + strlen(name), NULL, 10) * 1024;
}

bool process_look(struct process *process)
{
    char bytes[STATUS_SIZE];
    int64_t ticks, started;

    if (!process_stat_read(read_file(process->pid, "stat", bytes, STAT_SIZE), &ticks, &started) ||
        !text_is_there(read_file(process->pid, "status", bytes, sizeof(bytes))))
        return false;
    process->started = started;
    process->cpu_us = ticks * (1000000 / sysconf(_SC_CLK_TCK));
    process->resident_bytes = memory_of(bytes, "\nVmRSS:");
    process->peak_bytes = memory_of(bytes, "\nVmHWM:");
    return true;
}

/* ---- who holds the sockets ---- */

struct sockets {
    uint64_t inodes[SOCKETS_MAX];
    size_t count;
};

static bool is_wanted(unsigned port, const uint16_t ports[], size_t port_count)
{
    for (size_t i = 0; i < port_count; i++)
        if (ports[i] == port)
            return true;
    return false;
}

/* Whether a line of /proc/net/tcp is a socket in use with one of these ports. */
static bool socket_read(const char *line, const uint16_t ports[], size_t port_count, uint64_t *out_inode)
{
    unsigned local, remote, state;

    return sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%x %x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64, &local, &remote, &state,
                  out_inode) == 4 &&
           (state == TCP_LISTEN || state == TCP_ESTABLISHED) &&
           (is_wanted(local, ports, port_count) || is_wanted(remote, ports, port_count));
}

static void read_sockets(const char *path, const uint16_t ports[], size_t port_count, struct sockets *sockets)
{
    FILE *file = fopen(path, "re");
    char line[512];

    if (file == NULL)
        return;
    while (sockets->count < SOCKETS_MAX && fgets(line, sizeof(line), file) != NULL) {
        uint64_t inode;
        if (socket_read(line, ports, port_count, &inode))
            sockets->inodes[sockets->count++] = inode;
    }
    fclose(file);
}

static int compare_inodes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static bool is_held(int pid, const char *descriptor, const struct sockets *sockets)
{
    char path[PATH_SIZE], target[64];
    uint64_t inode;
    ssize_t length;

    snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, descriptor);
    length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0)
        return false;
    target[length] = '\0';
    return sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 &&
           bsearch(&inode, sockets->inodes, sockets->count, sizeof(inode), compare_inodes) != NULL;
}

static bool holds_one(int pid, const struct sockets *sockets)
{
    char path[PATH_SIZE];
    struct dirent *entry;
    bool found = false;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    folder = opendir(path);
    if (folder == NULL)
        return false;
    while (!found && (entry = readdir(folder)) != NULL)
        found = isdigit((unsigned char)entry->d_name[0]) && is_held(pid, entry->d_name, sockets);
    closedir(folder);
    return found;
}

static bool is_ours(struct process *process, char *arguments, const struct sockets *sockets)
{
    if (!process_recognize(read_file(process->pid, "cmdline", arguments, ARGUMENTS_SIZE), process->name) ||
        !holds_one(process->pid, sockets))
        return false;
    process->kind = process_kind_of(process->name);
    return process_look(process);
}

static int compare_processes(const void *a, const void *b)
{
    const struct process *left = a, *right = b;
    int order = (int)left->kind - (int)right->kind;

    if (order == 0)
        order = strcmp(left->name, right->name);
    return order != 0 ? order : left->pid - right->pid;
}

void processes_find(const uint16_t ports[], size_t port_count, struct process_list *out_list)
{
    struct sockets *sockets = calloc(1, sizeof(*sockets));
    char *arguments = malloc(ARGUMENTS_SIZE);
    DIR *folder = opendir("/proc");
    struct dirent *entry;

    if (sockets == NULL || arguments == NULL)
        abort();
    out_list->count = 0;
    read_sockets("/proc/net/tcp", ports, port_count, sockets);
    read_sockets("/proc/net/tcp6", ports, port_count, sockets);
    qsort(sockets->inodes, sockets->count, sizeof(*sockets->inodes), compare_inodes);
    while (folder != NULL && out_list->count < PROCESSES_MAX && (entry = readdir(folder)) != NULL) {
        struct process process = {0};
        int64_t pid;
        if (!text_to_number(text_of(entry->d_name), &pid))
            continue; /* /proc/net and the like */
        process.pid = (pid_t)pid;
        if (is_ours(&process, arguments, sockets))
            out_list->processes[out_list->count++] = process;
    }
    if (folder != NULL)
        closedir(folder);
    qsort(out_list->processes, out_list->count, sizeof(*out_list->processes), compare_processes);
    free(arguments);
    free(sockets);
}

size_t process_ports_add(const char *addresses, uint16_t out_ports[PROCESS_PORTS_MAX], size_t count)
{
    for (const char *at = addresses; at != NULL && count < PROCESS_PORTS_MAX; at = strchr(at, ',')) {
        size_t length;
        const char *colon;
        int64_t port;
        at += *at == ',';
        length = strcspn(at, ",");
        colon = memrchr(at, ':', length);
        if (colon != NULL &&
            text_to_number_between((struct text){colon + 1, length - (size_t)(colon + 1 - at)}, 1, UINT16_MAX, &port))
            out_ports[count++] = (uint16_t)port;
    }
    return count;
}

void processes_subtract(const struct process_list *before, struct process_list *after)
{
    for (size_t i = 0; i < after->count; i++)
        for (size_t j = 0; j < before->count; j++)
            if (after->processes[i].pid == before->processes[j].pid &&
                after->processes[i].started == before->processes[j].started)
                after->processes[i].cpu_us -= before->processes[j].cpu_us;
}
