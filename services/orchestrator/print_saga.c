/* print_saga.c - prints docs/saga.md from the table of moves. */
#include "steps.h"

int main(void)
{
    steps_print_markdown(stdout);
    return ferror(stdout) != 0;
}
