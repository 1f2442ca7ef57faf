/* audit.h - what the parts of `orderly audit` share.
 *
 * audit.c runs them: audit_scan.c goes through Redis page by page, audit_look.c reads everything about some orders, audit_rules.c
 * says what is wrong, audit_stock.c adds up, audit_records.c goes through the topic `orders`. Memory is bounded by a page, by the
 * number of products and by AUDIT_FINDINGS_MAX, never by the number of orders. Functions that give an exit code give CLI_DONE, or
 * that of a problem that was printed. */
#ifndef ORDERLY_AUDIT_H
#define ORDERLY_AUDIT_H

#include "audit_finding.h"
#include "cli_ask.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "keys.h"
#include "progress.h"

extern const struct argp audit_argp;
/* orderly audit */
enum cli_exit audit_run(int argument_count, char **arguments);

#define AUDIT_LOOK_MAX 200 /* orders that are read whole in one round trip */

struct audit_stock;
struct audit_records;

/* How much was gone through: for the last line of the output. */
struct audit_totals {
    size_t keys[KEY_KINDS];
    size_t products, listed, records, passed_over, looked_again, unsettled;
    size_t violations;
};

struct audit {
    const struct cli_settings *settings;
    struct store *store;
    struct arena *arena; /* of a page: whoever starts a page resets it */
    struct audit_stock *stock;
    struct audit_records *records;
    struct audit_findings findings; /* to be looked at again */
    struct audit_totals totals;
    struct progress progress;
    int64_t now_ms;       /* Redis' clock at the last look */
    int64_t retention_ms; /* how long after its end an order is swept */
    int64_t margin_ms;    /* how much later its saga expires */
    int64_t settle_ms;
    int64_t since_ms; /* records of `orders` that came before this time are passed over */
    bool json;
};

/* ---- audit_look.c ---- */

/* An order to look at; also at its reservation in another warehouse than its own, when the text is there. */
struct audit_subject {
    struct text order_id, warehouse;
};
/* What was seen. Texts live until the arena is reset. */
struct audit_seen {
    struct audit_order order;
    int64_t version;
    audit_set violations;
    bool moved; /* the saga changed while it was read: violations is empty then */
};
/* Reads everything about these orders, AUDIT_LOOK_MAX at most, in three round trips, and judges it. everywhere: look for each
 * order in every index and timer shard and in sagas:broken, not only where it belongs. */
MUST_CHECK enum cli_exit audit_look(struct audit *audit, const struct audit_subject subjects[], size_t count, bool everywhere,
                                    struct audit_seen out_seen[]);
/* Reads Redis' clock into audit->now_ms. */
MUST_CHECK enum cli_exit audit_read_clock(struct audit *audit);

/* ---- audit_scan.c ---- */

/* Finds the warehouses, so that their numbers can be read before the reservations are. */
MUST_CHECK enum cli_exit audit_scan_stock_keys(struct audit *audit);
/* Goes through all keys: judges every order, finds what belongs to none, adds up the reservations. */
MUST_CHECK enum cli_exit audit_scan_keys(struct audit *audit);
/* Goes through the reservations alone, and adds them up. */
MUST_CHECK enum cli_exit audit_scan_reservations(struct audit *audit);
/* Goes through the indexes, the timers and sagas:broken: what stands there and does not belong there. */
MUST_CHECK enum cli_exit audit_scan_listings(struct audit *audit);

/* ---- audit_stock.c ---- */

/* An empty table. Never NULL. The caller owns it. */
struct audit_stock *audit_stock_create(void);
/* NULL is fine. */
void audit_stock_destroy(struct audit_stock *stock);
/* Learns of a warehouse. Once is enough. */
void audit_stock_know(struct audit_stock *stock, struct text warehouse);
/* Adds what a reservation holds, "KEYBOARD=2 MOUSE=1"; what makes no sense in it is left out. */
void audit_stock_hold(struct audit_stock *stock, struct text warehouse, struct text items);
/* Reads the numbers of all products before the reservations are added up. */
MUST_CHECK enum cli_exit audit_stock_begin(struct audit *audit);
/* Reads the numbers again, and judges: prints the violations that are sure. */
MUST_CHECK enum cli_exit audit_stock_end(struct audit *audit);
/* Products that have to be added up once more. */
size_t audit_stock_open(const struct audit_stock *stock);

/* ---- audit_records.c ---- */

/* Connects to Kafka and asks for the topics. The caller owns out_records. */
MUST_CHECK enum cli_exit audit_records_open(const struct cli_settings *settings, struct audit_records **out_records);
/* NULL is fine. */
void audit_records_close(struct audit_records *records);
/* Goes through what the orchestrator has committed of `orders`: each has a saga, is a dead letter, or waits in saga.inbox. Else
 * it is a finding. */
MUST_CHECK enum cli_exit audit_records_scan(struct audit *audit);
/* Looks again at such findings; those that still have nothing stay in the list, out_count of them. */
MUST_CHECK enum cli_exit audit_records_look(struct audit *audit, struct audit_finding findings[], size_t count,
                                            size_t *out_count);

/* ---- audit_report.c ---- */

/* Prints a line for each violation of an order. */
void audit_report_order(struct audit *audit, const struct audit_seen *seen, audit_set violations);
/* Prints the line of a record of `orders`. */
void audit_report_record(struct audit *audit, const struct audit_finding *finding);
/* Prints the line of a product; detail: "supplied=10 ...". */
void audit_report_product(struct audit *audit, enum audit_violation violation, struct text warehouse, struct text product_id,
                          struct text detail);
/* Prints the last line. */
void audit_report_totals(struct audit *audit);

#endif
