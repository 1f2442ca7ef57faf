/* main.c - the `orderly` program: a table of subcommands, each in a file of its own. */
#include "audit/audit.h"
#include "bench/bench.h"
#include "dlq/dlq.h"
#include "doctor/doctor.h"
#include "manual/manual.h"
#include "orders/orders.h"
#include "stock/stock_floor.h"
#include "topic_plan.h"

static const struct subcommand subcommands[] = {
    {"topics create", "create the topics that are not there", &topics_create_argp, topics_create_run},
    {"catalog load", "load products, prices and first stock from a file", &catalog_load_argp, catalog_load_run},
    {"submit", "place orders from a file or standard input", &submit_argp, submit_run},
    {"get", "show one order: its state and what happened to it", &get_argp, get_run},
    {"watch", "show what happens to an order as it happens", &watch_argp, watch_run},
    {"list", "list orders by status, or those that are stuck", &list_argp, list_run},
    {"cancel", "cancel an order and undo what has been done", &cancel_argp, cancel_run},
    {"retry", "send parked orders on", &retry_argp, retry_run},
    {"stock", "show what can be sold, what is taken, what was supplied", &stock_argp, stock_run},
    {"stock add", "supply more units of a product, once for each operation id", &stock_add_argp, stock_add_run},
    {"audit", "prove that stock, payments, shipments and sagas are in step", &audit_argp, audit_run},
    {"dlq list", "show what could not be handled", &dlq_list_argp, dlq_list_run},
    {"dlq show", "show everything of one dead letter", &dlq_show_argp, dlq_show_run},
    {"dlq redrive", "send dead letters back to where they came from", &dlq_redrive_argp, dlq_redrive_run},
    {"doctor", "look at everything the guarantees rest on, and say what mends it", &doctor_argp, doctor_run},
    {"bench", "place many orders and measure how fast they end", &bench_argp, bench_run},
};

int main(int argc, char **argv) { return (int)program_run(subcommands, COUNT_OF(subcommands), argc, argv); }
