#include "gate.h"

struct gate_limits gate_limits_of(int64_t sagas_max, int64_t batch_max)
{
    int64_t backlog_max = GATE_BACKLOG_BATCHES * batch_max;

    return (struct gate_limits){sagas_max, backlog_max < GATE_BACKLOG_LEAST ? GATE_BACKLOG_LEAST : backlog_max};
}

void gate_count(struct gate *gate, const struct gate_limits *limits, int64_t sagas, int64_t backlog)
{
    int64_t window = GATE_WINDOW - sagas - backlog;

    if (window < GATE_TRICKLE)
        window = GATE_TRICKLE;
    gate->room = limits->sagas_max - sagas - backlog;
    if (gate->room > window)
        gate->room = window;
}

void gate_enter(struct gate *gate, size_t orders) { gate->room -= (int64_t)orders; }

size_t gate_opening(struct gate *gate, const struct gate_limits *limits, int64_t backlog)
{
    int64_t opening = limits->backlog_max - backlog;

    if (backlog >= limits->backlog_max)
        gate->shut = true;
    else if (backlog < limits->backlog_max / 2)
        gate->shut = false;
    if (opening > gate->room)
        opening = gate->room;
    return gate->shut || opening < 0 ? 0 : (size_t)opening;
}
