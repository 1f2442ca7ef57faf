/* system.h - the real thing for end-to-end tests: the five programs as processes, on the Kafka of ORDERLY_TEST_KAFKA.
 *
 * Programs come from ORDERLY_TEST_BIN. Each gets a free HTTP port, and is waited for until it is ready. Everything asserts by
 * itself: a test that can't go on fails with the tail of the log that tells why. */
#ifndef ORDERLY_TEST_SYSTEM_H
#define ORDERLY_TEST_SYSTEM_H

#include "bus_letter.h"
#include "bus_poll.h"
#include "bus_rounds.h"
#include "bus_send.h"
#include "bus_topics.h"
#include "store.h"

#include <sys/types.h>

#define SYSTEM_SERVICES 5
#define SYSTEM_REPLICAS_MAX 4
#define SYSTEM_WAIT_MS 90000 /* what has not come by then never comes */

struct system_options {
    const char *redis_url;
    size_t replicas;             /* of each service; 0 is 1 */
    const char *without;         /* a service that is not started, "fulfillment"; NULL: none */
    bool static_members;         /* INSTANCE_ID is set: after a kill the successor is back at once */
    const char *const *settings; /* "NAME=value", ..., NULL; for all programs */
};

struct system;

/* Creates the topics, loads the catalog file (NULL: none), starts all programs and waits until they are ready. */
struct system *system_start(const struct system_options *options, const char *catalog_path);
/* SIGTERM to all that run; each must end with 0. Releases the system; NULL is fine. */
void system_stop(struct system *system);
/* Sends a signal to one replica of a service ("payment"); after SIGKILL, waits until the replica has ended. */
void system_kill(struct system *system, const char *service, size_t replica, int signal_number);
/* Starts a replica that is not running; does not wait. */
void system_revive(struct system *system, const char *service, size_t replica);
/* Waits until every replica that runs is ready. */
void system_wait_ready(struct system *system);
/* Whether a replica is ready now. */
bool system_is_ready(struct system *system, const char *service, size_t replica);

/* The most memory that a replica has had in use at once, in kilobytes. */
size_t system_peak_kilobytes(const struct system *system, const char *service, size_t replica);

/* How many lines of a replica's log, and of those before it in its place, have this text. */
size_t system_log_lines(const struct system *system, const char *service, size_t replica, const char *text);

/* Runs bin/orderly with arguments ("get", "ORD-1", NULL) against the system's Kafka and Redis; gives its exit code. out (may
 * be NULL) gets what it printed on standard output and error together, cut to size. input (may be NULL) is its standard input. */
int system_run_orderly(const char *redis_url, const char *const arguments[], const char *input, char *out, size_t size);

/* Sends values to a topic and waits for the broker's word. key NULL: none. */
void system_send(const char *topic, const char *key, const char *value, size_t length);
/* The same for many values with one key, in their order. */
void system_send_all(const char *topic, const char *key, const char *const values[], size_t count);
/* Sends many orders at once, without keys; each value is JSON. */
void system_send_orders(const char *const values[], size_t count);

/* Waits until HGET saga:<id> status is this, or fails. */
void wait_for_status(struct store *store, const char *order_id, const char *status);
/* Waits until all orders are in a terminal status; gives how many ended "completed". */
size_t wait_for_end(struct store *store, const char *const order_ids[], size_t count);
/* A field of a hash, as a C string in a static buffer of the thread; "" when it is not there. */
const char *hash_field(struct store *store, const char *key, const char *field);
/* Milliseconds of a monotonic clock, and a short sleep between two looks at a condition. */
int64_t test_now_ms(void);
void test_pause(void);

/* Reads what is in a topic now, from its beginning; calls see() for each record. Gives how many there were. */
size_t read_topic(const char *topic, void (*see)(const struct record *record, void *context), void *context);

/* The books balance: for every product of the warehouse main that is held, supplied = stock + taken, nothing negative, taken =
 * what all allocated reservations hold, and what those held that were swept; for every order of order_ids the payment,
 * reservation and shipment are in step with its status. Asserts. */
void assert_balanced(struct store *store, const char *const order_ids[], size_t count);

#endif
