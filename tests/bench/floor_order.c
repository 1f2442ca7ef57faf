/* floor_order.c - one order of `orderly bench` with one line that completes, counted with redis-cli MONITOR and kcat: 19
 * records, and these commands. Where a worker writes twice in one script (HSET of the outcome, then of an id) once is enough,
 * and so it is here. */
#include "floor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALIDATOR, PAYMENT, INVENTORY, FULFILLMENT, NOBODY = -1 };

const char *const floor_worker_names[FLOOR_WORKERS] = {"validator", "payment", "inventory", "fulfillment"};

const struct floor_stage floor_stages[FLOOR_STAGES] = {
    {.set_fields = 18,
     .set_bytes = 985,
     .lines = 1,
     .line_bytes = 120,
     .worker = VALIDATOR,
     .command_bytes = 497,
     .events = 1,
     .event_bytes = {180},
     .catalog_reads = 2,
     .reply_bytes = 213},
    {.set_fields = 9,
     .set_bytes = 315,
     .lines = 1,
     .line_bytes = 168,
     .worker = PAYMENT,
     .command_bytes = 548,
     .events = 1,
     .event_bytes = {229},
     .catalog_reads = 1,
     .effect_fields = 5,
     .effect_bytes = 197,
     .reply_bytes = 265},
    {.set_fields = 11,
     .set_bytes = 433,
     .lines = 1,
     .line_bytes = 218,
     .worker = INVENTORY,
     .command_bytes = 645,
     .events = 1,
     .event_bytes = {282},
     .effect_fields = 3,
     .effect_bytes = 113,
     .takes_stock = true,
     .reply_bytes = 222},
    {.set_fields = 9,
     .set_bytes = 450,
     .lines = 1,
     .line_bytes = 164,
     .worker = FULFILLMENT,
     .command_bytes = 692,
     .events = 1,
     .event_bytes = {229},
     .effect_fields = 3,
     .effect_bytes = 135,
     .reply_bytes = 229},
    {.set_fields = 9,
     .set_bytes = 515,
     .lines = 1,
     .line_bytes = 176,
     .worker = PAYMENT,
     .command_bytes = 750,
     .events = 1,
     .event_bytes = {235},
     .effect_fields = 2,
     .effect_bytes = 79,
     .reply_bytes = 204},
    {.set_fields = 7,
     .set_bytes = 456,
     .removed_fields = 7,
     .lines = 2,
     .line_bytes = 193,
     .worker = NOBODY,
     .events = 2,
     .event_bytes = {218, 291}},
};

void floor_id(char out[FLOOR_ID_SIZE], const char *run, size_t number)
{
    snprintf(out, FLOOR_ID_SIZE, "FLOOR-%s-%07zu", run, number);
}

void floor_die(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "floor: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    exit(EXIT_FAILURE);
}
