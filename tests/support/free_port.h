/* free_port.h - ports for what a test starts. */
#ifndef ORDERLY_TEST_FREE_PORT_H
#define ORDERLY_TEST_FREE_PORT_H

#include <stdint.h>

/* A port on 127.0.0.1 that nobody listens on, and that no other test gets as long as this process lives; tests/run.sh keeps its
 * own servers out of the range. */
uint16_t test_free_port(void);

#endif
