/* bench_place.c - places the orders, at their planned times or as fast as the client takes them.
 *
 * At a rate an order is due at its time whatever became of the others, and its latency counts from then, also when it was placed
 * late: that is what a customer would have waited (no coordinated omission). */
#include "bench.h"
#include "clock.h"

#include "bus_rounds.h"
#include "bus_send.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#define US_PER_SECOND 1000000

/* Gives the time for which the order with this number is planned, when it has come. */
static int64_t wait_for_turn(const struct bench *bench, int64_t began_us, size_t number)
{
    int64_t planned_us, rate = bench->options->rate;

    if (rate == 0)
        return clock_steady_us();
    planned_us = began_us + (int64_t)number * US_PER_SECOND / rate;
    clock_pause_until_us(planned_us);
    return planned_us;
}

static enum cli_exit place_one(struct bench *bench, struct arena *arena, size_t number)
{
    struct outgoing outgoing = {
        .topic = topic_name(TOPIC_ORDERS), .partition = -1, .key = bench_order_id(arena, &bench->plan, number)};
    enum status status;

    outgoing.value = bench_order(arena, &bench->plan, number);
    status = bus_send(bench->bus, &outgoing);
    arena_reset(arena);
    if (status == STATUS_OK)
        return CLI_DONE;
    return cli_fail(CLI_UNREACHABLE, "order %zu could not be placed: %s", number, bus_problem(bench->bus));
}

/* What measures a backlog: the orders wait in Kafka, and the clock runs from here. */
static enum cli_exit run_once_placed(struct bench *bench)
{
    int how;

    atomic_store(&bench->began_us, clock_steady_us());
    how = system(bench->options->once_placed);
    if (how == 0)
        return CLI_DONE;
    return cli_fail(CLI_ENDED_BADLY, "the command of --once-placed ended with %d", WIFEXITED(how) ? WEXITSTATUS(how) : -1);
}

static enum cli_exit place_all(struct bench *bench)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    int64_t began_us = clock_steady_us();

    if (bench->options->once_placed == NULL)
        atomic_store(&bench->began_us, began_us);
    for (size_t number = 0; number < bench->plan.order_count && !bench->stop; number++) {
        int64_t planned_us = wait_for_turn(bench, began_us, number);
        atomic_store_explicit(&bench->orders[number].planned_us, planned_us, memory_order_relaxed);
        CLI_TRY(place_one(bench, arena, number));
        atomic_store_explicit(&bench->placed_count, number + 1, memory_order_relaxed);
    }
    if (bus_flush(bench->bus, &bench->stop) != STATUS_OK)
        return cli_fail(CLI_UNREACHABLE, "Kafka did not confirm the orders: %s",
                        bench->stop ? "given up" : bus_problem(bench->bus));
    return bench->options->once_placed == NULL ? CLI_DONE : run_once_placed(bench);
}

void *bench_place(void *argument)
{
    struct bench *bench = argument;

    if (place_all(bench) != CLI_DONE)
        atomic_store(&bench->placing_failed, true);
    return NULL;
}
