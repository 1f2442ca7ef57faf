#include "processes.h"

#include "clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES(string) ((struct text){(string), sizeof(string)})

static const char *recognized(struct text arguments)
{
    static char name[PROCESS_NAME_SIZE];

    snprintf(name, sizeof(name), "nothing");
    return process_recognize(arguments, name) ? name : "nothing";
}

Test(processes, programs_are_known_by_their_arguments)
{
    cr_expect_str_eq(recognized(BYTES("/opt/bin/orderly-inventory")), "inventory");
    cr_expect_str_eq(recognized(BYTES("orderly-orchestrator\0--x")), "orchestrator");
    cr_expect_str_eq(recognized(BYTES("redis-server 127.0.0.1:6379")), "redis");
    cr_expect_str_eq(recognized(BYTES("/usr/bin/redis-server *:6379")), "redis");
    cr_expect_str_eq(recognized(BYTES("java\0-Xmx256m\0-cp\0lib/*\0kafka.Kafka\0server.properties")), "kafka");
    cr_expect_str_eq(recognized(BYTES("/usr/lib/jvm/bin/java\0kafka.tools.StorageTool")), "nothing");
    cr_expect_str_eq(recognized(BYTES("vi\0orderly-inventory")), "nothing");
    cr_expect_str_eq(recognized(BYTES("orderly-")), "nothing");
    cr_expect_str_eq(recognized(BYTES("orderly\0bench")), "nothing");
    cr_expect_str_eq(recognized(BYTES("redis-server-watcher")), "nothing");
    cr_expect_str_eq(recognized(TEXT_NONE), "nothing");
}

Test(processes, a_line_of_stat_is_read_whatever_the_program_is_called)
{
    static const char line[] =
        "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 1 0 250 50 0 0 20 0 1 0 12345 1000 10 18446744073709551615 1";
    int64_t ticks, started;

    cr_assert(process_stat_read(text_of(line), &ticks, &started));
    cr_expect_eq(ticks, 300);
    cr_expect_eq(started, 12345);
    cr_expect_not(process_stat_read(TEXT("42 (cut) S 1 42"), &ticks, &started));
    cr_expect_not(process_stat_read(TEXT("no line"), &ticks, &started));
    cr_expect_not(process_stat_read(TEXT_NONE, &ticks, &started));
}

Test(processes, what_this_process_has_used_is_seen)
{
    struct process process = {.name = "me", .pid = getpid()};

    cr_assert(process_look(&process));
    cr_expect_gt(process.resident_bytes, 0);
    cr_expect_geq(process.peak_bytes, process.resident_bytes);
    for (int64_t before_us = process.cpu_us; process.cpu_us == before_us;) {
        for (volatile int i = 0; i < 1000000;)
            i++;
        cr_assert(process_look(&process));
    }
    cr_expect_gt(process.started, 0);
    process.pid = 0;
    cr_expect_not(process_look(&process));
}

/* A child that is called like a service and listens on a port. */
static pid_t start_listener(uint16_t *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t pid;

    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *out_port = ntohs(address.sin_port);
    pid = fork();
    if (pid == 0) {
        execl("/bin/sleep", "orderly-sleeper", "600", (char *)NULL);
        _exit(127);
    }
    close(listener);
    return pid;
}

Test(processes, those_with_a_socket_on_the_port_are_found_and_no_others)
{
    struct process_list list = {.count = 0};
    uint16_t port, other_port = 1;
    pid_t pid = start_listener(&port);

    for (int tries = 0; tries < 10000 && list.count == 0; tries++) { /* until the child has become the other program */
        processes_find(&port, 1, &list);
        clock_pause_ms(1);
    }
    cr_assert_eq(list.count, 1);
    cr_expect_eq(list.processes[0].pid, pid);
    cr_expect_str_eq(list.processes[0].name, "sleeper");
    cr_expect_eq(list.processes[0].kind, PROCESS_SERVICE);
    processes_find(&other_port, 1, &list);
    cr_expect_eq(list.count, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

Test(processes, ports_are_read_from_addresses)
{
    uint16_t ports[PROCESS_PORTS_MAX];

    cr_assert_eq(process_ports_add("localhost:9092,[::1]:9094,nothing,bad:port,big:65536", ports, 0), 2);
    cr_expect_eq(ports[0], 9092);
    cr_expect_eq(ports[1], 9094);
    cr_expect_eq(process_ports_add("", ports, 2), 2);
    cr_expect_eq(process_ports_add("a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1", ports, 2),
                 PROCESS_PORTS_MAX);
}

Test(processes, what_was_used_is_the_difference_for_the_same_process_only)
{
    struct process_list before = {
        .processes = {{.pid = 1, .started = 10, .cpu_us = 100}, {.pid = 2, .started = 10, .cpu_us = 500}}, .count = 2};
    struct process_list after = {.processes = {{.pid = 1, .started = 10, .cpu_us = 130}, {.pid = 2, .started = 99, .cpu_us = 40}},
                                 .count = 2};

    processes_subtract(&before, &after);
    cr_expect_eq(after.processes[0].cpu_us, 30);
    cr_expect_eq(after.processes[1].cpu_us, 40, "a successor with the same pid has used all of it");
}

Test(processes, kinds_are_told_by_the_name)
{
    cr_expect_eq(process_kind_of("redis-2"), PROCESS_REDIS);
    cr_expect_eq(process_kind_of("kafka"), PROCESS_KAFKA);
    cr_expect_eq(process_kind_of("inventory"), PROCESS_SERVICE);
}
