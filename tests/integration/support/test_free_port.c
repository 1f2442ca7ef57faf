/* Tests that run side by side, each in processes of its own, never get the same port: before a program listens on it, too. */
#include "free_port.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 4
#define PORTS 40 /* of each: more than the starts of two children are apart */

static int compare(const void *left, const void *right)
{
    const uint16_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* Takes ports, tells them, and holds them until the others have theirs. */
static _Noreturn void take_ports(int tell, int wait)
{
    uint16_t ports[PORTS];
    char word;

    for (size_t i = 0; i < PORTS; i++)
        ports[i] = test_free_port();
    _exit(write(tell, ports, sizeof(ports)) == (ssize_t)sizeof(ports) && read(wait, &word, 1) == 0 ? 0 : 1);
}

Test(free_port, is_nobody_elses)
{
    uint16_t ports[CHILDREN * PORTS];
    int told[2], held[2];
    size_t length = 0;

    cr_assert_eq(pipe(told), 0);
    cr_assert_eq(pipe(held), 0);
    for (size_t i = 0; i < CHILDREN; i++) {
        if (fork() != 0)
            continue;
        close(held[1]);
        take_ports(told[1], held[0]);
    }
    while (length < sizeof(ports)) {
        ssize_t more = read(told[0], (char *)ports + length, sizeof(ports) - length);
        cr_assert_gt(more, 0);
        length += (size_t)more;
    }
    close(held[1]);
    for (size_t i = 0; i < CHILDREN; i++)
        cr_expect_neq(wait(NULL), -1);
    qsort(ports, CHILDREN * PORTS, sizeof(*ports), compare);
    for (size_t i = 1; i < CHILDREN * PORTS; i++)
        cr_expect_neq(ports[i], ports[i - 1], "two have %u", ports[i]);
}
