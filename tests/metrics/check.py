"""check.py PORT CHAPTER - scrapes the five services, from PORT on, until their metrics are what they should be after that chapter of run.sh.

A command may be sent again on a slow machine, and its reply is then ignored: what is exact here holds all the same.
"""
import sys
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

SERVICES = ["validator", "payment", "inventory", "fulfillment", "orchestrator"]
PARTITIONS = 6
WAIT_SECONDS = 90


class Scrape:
    """The samples of one service, by name and labels."""

    def __init__(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            self.type = answer.headers["Content-Type"]
            self.families = list(text_string_to_metric_families(answer.read().decode()))
        self.samples = [sample for family in self.families for sample in family.samples]

    def all(self, name, **labels):
        return [s for s in self.samples if s.name == name and labels.items() <= s.labels.items()]

    def sum(self, name, **labels):
        found = self.all(name, **labels)
        return sum(s.value for s in found) if found else None


def settled(worker, **labels):
    """Commands that were answered for the first time."""
    again = worker.sum("orderly_redeliveries_total", type=labels["type"])
    return worker.sum("orderly_outcomes_total", **labels) - (again if labels["outcome"] == "succeeded" else 0)


def of_every_service(s, lag=True):
    for name, scrape in s.items():
        orchestrator = name == "orchestrator"
        yield f"{name}: type", scrape.type, "text/plain; version=0.0.4; charset=utf-8"
        yield f"{name}: batches", scrape.sum("orderly_batch_size_count"), scrape.sum("orderly_batches_total")
        yield f"{name}: times of batches", scrape.sum("orderly_batch_seconds_count"), scrape.sum("orderly_batches_total")
        yield f"{name}: sizes of batches", scrape.sum("orderly_batch_size_sum"), scrape.sum("orderly_messages_total")
        yield f"{name}: memory", scrape.sum("process_resident_memory_bytes") > 1e6, True
        yield f"{name}: processor", scrape.sum("process_cpu_seconds_total") > 0, True
        yield f"{name}: age", 0 <= time.time() - scrape.sum("process_start_time_seconds") < 3600, True
        yield f"{name}: build", scrape.sum("orderly_build_info"), 1
        if lag:
            yield f"{name}: ready", scrape.sum("orderly_ready"), 1
            yield f"{name}: partitions", len(scrape.all("orderly_consumer_lag")), PARTITIONS * (2 if orchestrator else 1)
            yield f"{name}: lag", scrape.sum("orderly_consumer_lag"), 0
        yield f"{name}: buckets rise", all(rising(scrape, family) for family in scrape.families if family.type == "histogram"), True


def rising(scrape, family):
    """Every series of a histogram: its buckets rise, and the last is its count."""
    for count in (s for s in family.samples if s.name == family.name + "_count"):
        buckets = [s.value for s in scrape.all(family.name + "_bucket", **count.labels)]
        if not buckets or buckets != sorted(buckets) or buckets[-1] != count.value:
            return False
    return True


def of_orders(s, completed, dead=0):
    """What must hold of the demo's twelve orders and some more that completed."""
    orchestrator, more = s["orchestrator"], completed - 4
    ends = {"completed": completed, "rejected": 5, "failed": 3, "cancelled": 0}
    steps = {"order.validate": 12, "payment.authorize": 7, "inventory.allocate": 6, "fulfillment.ship": 5, "payment.capture": 4}
    undone = {"payment.void": 2, "inventory.release": 1, "fulfillment.cancel": 0}
    for status, count in ends.items():
        yield f"{status}: transitions", orchestrator.sum("orderly_saga_transitions_total", status=status), count
        yield f"{status}: times", orchestrator.sum("orderly_order_seconds_count", status=status), count
        yield f"{status}: index", orchestrator.sum("orderly_sagas", status=status), count
    for kind, count in {**{k: c + more for k, c in steps.items()}, **undone}.items():
        yield f"{kind}: times", orchestrator.sum("orderly_step_seconds_count", type=kind), count
    for status in ["running", "compensating", "compensation_failed", "needs_attention", "broken"]:
        yield f"{status}: index", orchestrator.sum("orderly_sagas", status=status), 0
    yield "oldest running", orchestrator.sum("orderly_oldest_running_saga_seconds"), 0
    yield "timers", orchestrator.sum("orderly_timers_due"), 0
    yield "clocks", abs(orchestrator.sum("orderly_clock_difference_seconds")) < 60, True
    yield "memory of Redis", orchestrator.sum("orderly_redis_memory_bytes") > 0, True
    yield "limit of Redis", orchestrator.sum("orderly_redis_memory_max_bytes") > 0, True
    yield "admitted", orchestrator.sum("orderly_records_total", kind="order", hearing="changed"), 12 + more
    yield "changing replies", orchestrator.sum("orderly_records_total", kind="reply", hearing="changed"), 37 + 5 * more
    yield "deadlines", orchestrator.sum("orderly_deadline_exceeded_total"), 0
    yield "dead letters", sum(scrape.sum("orderly_dead_letters_total") for scrape in s.values()), dead
    yield "nudges are told", orchestrator.sum("orderly_nudges_total") >= 0, True
    yield "authorized", settled(s["payment"], type="payment.authorize", outcome="succeeded"), 6 + more
    yield "captured", settled(s["payment"], type="payment.capture", outcome="succeeded"), 4 + more
    yield "voided", settled(s["payment"], type="payment.void", outcome="succeeded"), 2
    yield "allocated", settled(s["inventory"], type="inventory.allocate", outcome="succeeded"), 5 + more
    yield "released", settled(s["inventory"], type="inventory.release", outcome="succeeded"), 1
    yield "shipped", settled(s["fulfillment"], type="fulfillment.ship", outcome="succeeded"), 4 + more
    yield "not declined once more", s["payment"].sum("orderly_outcomes_total", type="payment.authorize", outcome="refused") >= 1, True
    yield "rejected by the validator", s["validator"].sum("orderly_outcomes_total", outcome="refused") >= 5, True


def after_orders(s):
    yield from of_every_service(s)
    yield from of_orders(s, 4)


def after_one_more(s):
    yield from of_every_service(s)
    yield from of_orders(s, 5)


def of_rubbish(s):
    orchestrator = s["orchestrator"]
    yield "duplicate", orchestrator.sum("orderly_records_total", kind="order", hearing="duplicate"), 1
    yield "conflict", orchestrator.sum("orderly_records_total", kind="order", hearing="conflict"), 1
    yield "buried conflict", orchestrator.sum("orderly_dead_letters_total", topic="orders", reason="conflict"), 1
    yield "buried order", orchestrator.sum("orderly_dead_letters_total", topic="orders", reason="not_json"), 1
    yield "buried command", s["payment"].sum("orderly_dead_letters_total", topic="payment.commands", reason="not_json"), 1
    yield "delivered twice", s["payment"].sum("orderly_redeliveries_total", type="payment.authorize") >= 1, True
    yield "replied twice", orchestrator.sum("orderly_records_total", kind="reply", hearing="ignored") >= 1, True


def after_rubbish(s):
    yield from of_every_service(s)
    yield from of_orders(s, 5, dead=3)
    yield from of_rubbish(s)


def while_redis_is_away(s):
    yield from of_every_service(s, lag=False)
    yield "not ready", s["orchestrator"].sum("orderly_ready"), 0
    yield "retries", s["orchestrator"].sum("orderly_retries_total") >= 1, True
    yield "what waits, in orders or saga.inbox", s["orchestrator"].sum("orderly_consumer_lag"), 2
    yield "completed", s["orchestrator"].sum("orderly_saga_transitions_total", status="completed"), 5


def after_redis_is_back(s):
    yield from of_every_service(s)
    yield from of_orders(s, 7, dead=3)
    yield from of_rubbish(s)


CHAPTERS = {
    "orders": after_orders,
    "one_more": after_one_more,
    "rubbish": after_rubbish,
    "redis_away": while_redis_is_away,
    "redis_back": after_redis_is_back,
}


def main():
    port, chapter = int(sys.argv[1]), CHAPTERS[sys.argv[2]]
    end = time.monotonic() + WAIT_SECONDS
    while True:
        facts = list(chapter({name: Scrape(port + i) for i, name in enumerate(SERVICES)}))
        wrong = [f"{what}: {got}, not {wanted}" for what, got, wanted in facts if got != wanted]
        if not wrong or time.monotonic() > end:
            break
        time.sleep(0.2)
    for line in wrong:
        print(f"{sys.argv[2]}: {line}", file=sys.stderr)
    print(f"{sys.argv[2]}: {len(facts) - len(wrong)} of {len(facts)} hold")
    return 1 if wrong else 0


sys.exit(main())
