/* bus_properties.h - properties of librdkafka that come from outside, beside those that the bus sets itself.
 *
 * Shape   a bounded list of names and values, each a C string; whether a property exists is for librdkafka to say: bus_open() */
#ifndef ORDERLY_BUS_PROPERTIES_H
#define ORDERLY_BUS_PROPERTIES_H

#include "status.h"

#include <stddef.h>

#define BUS_PROPERTIES_MAX 64
#define BUS_PROPERTY_NAME_SIZE 128
#define BUS_PROPERTY_VALUE_SIZE 1024

struct bus_property {
    char name[BUS_PROPERTY_NAME_SIZE];
    char value[BUS_PROPERTY_VALUE_SIZE];
};
struct bus_properties {
    size_t count;
    struct bus_property list[BUS_PROPERTIES_MAX];
};

#endif
