/* names.h - what Orderly is called in Kafka: its topics and its consumer groups, and the namespace before all names.
 *
 * Several systems share one Kafka and one Redis when each has a NAMESPACE of its own: "shop" makes shop.orders of orders, and
 * shop:saga:X of saga:X (keys.h). It is set once, before anything else is asked for, and is the same for the whole life of the
 * process.
 * Source  docs/asyncapi.yaml; docs/settings.md */
#ifndef ORDERLY_NAMES_H
#define ORDERLY_NAMES_H

#include "text.h"

#define NAMESPACE_MAX 32    /* bytes */
#define TOPIC_NAME_SIZE 128 /* of the longest name of a topic or group, and its '\0' */
#define DEAD_LETTER_ENDING ".dlq"

/* clang-format off */
/*      topic        its name                who reads it */
#define TOPIC_TABLE(row)                                     \
    row(ORDERS,      "orders",               "orchestrator") \
    row(INBOX,       "saga.inbox",           "orchestrator") \
    row(EVENTS,      "order.events",         NULL)           \
    row(VALIDATOR,   "validator.commands",   "validator")    \
    row(PAYMENT,     "payment.commands",     "payment")      \
    row(INVENTORY,   "inventory.commands",   "inventory")    \
    row(FULFILLMENT, "fulfillment.commands", "fulfillment")
/* clang-format on */

#define TOPIC_ENUM(topic, name, reader) TOPIC_##topic,
enum topic { TOPIC_TABLE(TOPIC_ENUM) TOPIC_COUNT };
#undef TOPIC_ENUM

/* Whether a text can be a namespace: empty (none), or 1 to NAMESPACE_MAX of A-Z a-z 0-9 _ -, and not the beginning of a key of a
 * system without one, because saga:saga:X would be a saga of both. */
bool namespace_is_good(struct text name);
/* What the setting means; and, for printf, what to say of one that is not; its arguments are the name and NAMESPACE_MAX. */
#define NAMESPACE_MEANING "stands before all topics and groups (shop.orders) and keys (shop:saga:X); empty = none"
#define NAMESPACE_COMPLAINT "NAMESPACE=%s: at most %d of A-Z a-z 0-9 _ -, and none that a key begins with (saga, stock, ...)"
/* Puts this namespace before all names from now on; namespace_is_good(). Before any thread is started, and before any name is
 * asked for. */
void namespace_use(struct text name);
/* What stands before every key: "shop:", or "" without a namespace. Static. */
struct text namespace_of_keys(void);

/* The full name of a topic, "shop.orders". Static. */
const char *topic_name(enum topic topic);
/* The name of a topic in the contract, without namespace: for documents that are printed. Static. */
const char *topic_plain_name(enum topic topic);
/* The full name of the topic that a topic's dead letters lie in. Static. */
const char *topic_dead_name(enum topic topic);
/* The name of the service that reads a topic; NULL: none of ours, so that it has no dead letters. Static. */
const char *topic_reader(enum topic topic);
/* Whether a full name is that of this topic. */
bool topic_is(struct text name, enum topic topic);
/* The full names of some topics, in out_names, which has room for one more: NULL is behind the last. Gives out_names. */
const char *const *topic_names(const enum topic topics[], size_t count, const char *out_names[]);
/* The consumer group of a service: "shop.orderly-payment". Gives out_group. */
const char *group_name(const char *service, char out_group[TOPIC_NAME_SIZE]);

#endif
