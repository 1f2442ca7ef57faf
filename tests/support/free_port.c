/* free_port.c - see the header. */
#include "free_port.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below the ports that the kernel gives to outgoing connections: one of those could take it before the program listens, and a
 * client that tries again and again may get connected to itself. */
#define PORT_FIRST 20000
#define PORT_LAST 32000

static bool can_bind(int bound, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};

    return bind(bound, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool can_listen_on(uint16_t port)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can = can_bind(listener, port);

    close(listener);
    return can;
}

/* Between the look and the program that listens another test could find the same port free. The port of that number for
 * datagrams, which nobody uses, is held as long as this process lives: it tells all tests that the port is taken. */
static bool claim(uint16_t port)
{
    int held = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (can_bind(held, port) && can_listen_on(port))
        return true;
    close(held);
    return false;
}

uint16_t test_free_port(void)
{
    static uint16_t next;

    if (next == 0)
        next = (uint16_t)(PORT_FIRST + getpid() * 16 % (PORT_LAST - PORT_FIRST));
    do
        next = next == PORT_LAST ? PORT_FIRST : (uint16_t)(next + 1);
    while (!claim(next));
    return next;
}
