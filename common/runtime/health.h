/* health.h - /healthz, /readyz and /metrics over HTTP, by libmicrohttpd in a thread of its own.
 *
 * /healthz  200 "ok" while the process lives
 * /readyz   200 "ready", or 503 with one line for each thing that is missing ("redis: waiting for Redis")
 * /metrics  200 and the metrics as Prometheus reads them
 * Others 404; other methods than GET and HEAD 405. One request a connection, which has to be through in CONNECTION_MS_MAX; when
 * all places are taken the oldest connection makes room for the next, so that nobody can keep a health check out. */
#ifndef ORDERLY_HEALTH_H
#define ORDERLY_HEALTH_H

#include "metrics.h"

struct health;

/* What readiness is made of; set by the loop, read by the HTTP thread. */
enum health_part { HEALTH_KAFKA, HEALTH_REDIS, HEALTH_SERVICE, HEALTH_PART_COUNT };

/* Starts listening; port 0 gives a health that records and answers nobody. The caller owns it. bind is an IPv4 or IPv6 address.
 * metrics is borrowed; NULL: none, and /metrics is not found.
 * STATUS_FATAL  the port is taken, or bind is not an address of this machine (errno says which) */
MUST_CHECK enum status health_start(const char *bind, uint16_t port, const struct metrics *metrics, struct health **out_health);
/* Stops listening; NULL is fine. */
void health_stop(struct health *health);
/* For CLEANUP(health_stop). */
DEFINE_CLEANUP(struct health, health_stop);
/* Says that a part is as it should be, or what it lacks: a static string such as "waiting for the group"; NULL means ready.
 * All parts begin as "starting". Any thread. */
void health_set(struct health *health, enum health_part part, const char *lack);
/* Says since when (CLOCK_MONOTONIC) a batch has had to be handled again and again; 0: none has. From HEALTH_TROUBLE_MS on the
 * service is not ready, whatever the reason. Any thread. */
void health_trouble(struct health *health, int64_t since_ms);
#define HEALTH_TROUBLE_MS 3000
/* Whether all parts are ready, and no batch is in trouble. Any thread. */
bool health_is_ready(const struct health *health);
/* Asks another process's /readyz on bind:port, as a container's health check does. True: it answered 200 within 2 s. */
MUST_CHECK bool health_ask(const char *bind, uint16_t port);

#endif
