#include "simulate.h"

#include "log.h"

static const char *const types[SIMULATED_TYPES] = {
    "order.validate",  "payment.authorize", "inventory.allocate", "fulfillment.ship",
    "payment.capture", "payment.void",      "inventory.release",  "fulfillment.cancel",
};
#define TYPES_TEXT                                                                                                               \
    "order.validate, payment.authorize, inventory.allocate, fulfillment.ship, payment.capture, payment.void, "                   \
    "inventory.release, "                                                                                                        \
    "fulfillment.cancel"

#define PERCENT_ALL 100
#define NOT_NAMED (-1)
#define UNKNOWN_TYPE SIMULATED_TYPES

static const struct setting rows[] = {
    SETTING_TEXT("SIMULATED_FAIL", struct simulation_settings, fail, "",
                 "attempts that fail for the moment, in percent: payment.authorize:20,payment.void:100; empty = none"),
    SETTING_NUMBER("SIMULATED_LATENCY_MS", struct simulation_settings, latency_ms, 0, 0, SIMULATED_LATENCY_MS_MAX,
                   "a command is answered this long after it was asked, at the earliest; 0 = at once"),
};

const struct setting_table simulation_table = {rows, COUNT_OF(rows), sizeof(struct simulation_settings), simulation_check};

static size_t place_of(struct text type)
{
    size_t place = 0;

    while (place < SIMULATED_TYPES && !text_equals(type, text_of(types[place])))
        place++;
    return place;
}

/* ---- SIMULATED_FAIL ---- */

/* Takes one "payment.authorize:20". NULL, or what is wrong with it. */
static const char *take_entry(struct text entry, struct simulation *simulation)
{
    struct text percent_text = entry, type;
    int64_t percent;
    size_t place;

    if (!text_split(&percent_text, ':', &type))
        return "must be a type of command, a colon and a percentage";
    place = place_of(type);
    if (place == UNKNOWN_TYPE)
        return "there is no such type of command; there are " TYPES_TEXT;
    if (!text_to_number_between(percent_text, 0, PERCENT_ALL, &percent))
        return "the percentage must be a whole number from 0 to 100";
    if (simulation->percent[place] != NOT_NAMED)
        return "this type is named twice";
    simulation->percent[place] = percent;
    return NULL;
}

/* Reads the list; report NULL: says nothing. Gives the mistakes. */
static size_t read_list(struct text list, struct simulation *out_simulation, FILE *report)
{
    size_t mistakes = 0;
    bool more = list.length > 0;

    for (size_t i = 0; i < SIMULATED_TYPES; i++)
        out_simulation->percent[i] = NOT_NAMED;
    while (more) {
        struct text entry;
        const char *problem;
        more = text_split(&list, ',', &entry);
        problem = take_entry(entry, out_simulation);
        if (problem == NULL)
            continue;
        mistakes++;
        if (report != NULL)
            fprintf(report, "SIMULATED_FAIL: %s: %s\n", LOG_QUOTED(entry), problem);
    }
    return mistakes;
}

struct simulation simulation_of(const struct simulation_settings *settings)
{
    struct simulation simulation = {.latency_ms = settings->latency_ms};

    read_list(text_of(settings->fail), &simulation, NULL);
    return simulation;
}

size_t simulation_check(const void *settings, FILE *report)
{
    struct simulation simulation;

    return read_list(text_of(((const struct simulation_settings *)settings)->fail), &simulation, report);
}

/* ---- what they lead to ---- */

/* 0 to 99. The hash is mixed (the finalizer of splitmix64): neighbouring ids and attempts must not fall together. */
static int64_t roll(struct text command_id, int64_t attempt)
{
    uint64_t hash = text_hash(command_id) + (uint64_t)attempt * UINT64_C(0x9e3779b97f4a7c15);

    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    hash ^= hash >> 31;
    return (int64_t)(hash % PERCENT_ALL);
}

bool simulation_fails(const struct simulation *simulation, struct text type, struct text command_id, int64_t attempt)
{
    size_t place = place_of(type);

    return place != UNKNOWN_TYPE && simulation->percent[place] > 0 && roll(command_id, attempt) < simulation->percent[place];
}

int64_t simulation_wait_ms(const struct simulation *simulation, int64_t newest_ms, int64_t now_ms)
{
    int64_t wait_ms = newest_ms + simulation->latency_ms - now_ms;

    if (wait_ms < 0)
        return 0;
    return wait_ms < simulation->latency_ms ? wait_ms : simulation->latency_ms;
}
