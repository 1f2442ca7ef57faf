#!/usr/bin/env python3
"""check_records.py - whether records are what docs/asyncapi.yaml says.

    check_records.py --examples          its examples must pass, and broken ones must not
    check_records.py --kafka HOST:PORT   every record that the system has written to that Kafka must pass, and every kind must be among them
"""
import collections
import copy
import json
import pathlib
import sys
import time
import uuid

import fastjsonschema
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
ASYNCAPI = TOP / "docs" / "asyncapi.yaml"
SHOWN_MAX = 20
WAIT_SECONDS = 60
READ_MAX, READ_SECONDS = 1000, 0.5
REMOVE = object()

STEPS = ["order.validate", "payment.authorize", "inventory.allocate", "fulfillment.ship", "payment.capture"]
UNDOS = ["payment.void", "inventory.release", "fulfillment.cancel"]
# Kinds that the suites must have brought about, so that nothing passes by not being seen. Left out is what takes a fault of
# just the right kind:
# signals, nudges, what parks, too_old.
EXPECTED = {
    "order", "nudge", "cancel", "retry",
    *(f"command {name}" for name in STEPS + UNDOS),
    *(f"reply {name} succeeded" for name in STEPS + UNDOS),
    *(f"reply {name} refused" for name in STEPS[:4] + ["fulfillment.cancel"]),
    "reply payment.authorize failed",
    *(f"event {name}" for name in [
        "order.accepted", "order.validated", "payment.authorized", "inventory.allocated", "order.shipped", "payment.captured",
        "compensation.started", "inventory.released", "payment.voided", "shipment.cancelled",
        "order.completed", "order.rejected", "order.failed", "order.cancelled", "order.conflict",
        "compensation.failed", "order.needs_attention"]),
    *(f"dead letter {name}" for name in ["not_json", "not_an_object", "no_order_id", "too_large", "unknown_type", "conflict",
                                         "too_old", "saga_broken"]),
}


# ---- the contract ----

def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def member(document, pointer):
    for name in filter(None, pointer.split("/")):
        document = document[name.replace("~1", "/").replace("~0", "~")]
    return document


def resolved(node, path, document):
    """The node with every $ref replaced by what it points to, in this file or another one."""
    if isinstance(node, list):
        return [resolved(item, path, document) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        file, _, pointer = node["$ref"].partition("#")
        there = (path.parent / file).resolve() if file else path
        target = load(there) if file else document
        return resolved(member(target, pointer), there, target)
    return {name: resolved(value, path, document) for name, value in node.items() if name != "$id"}


def compiled(schema):
    return fastjsonschema.compile({"$schema": "http://json-schema.org/draft-07/schema#", **schema})


class Message:
    def __init__(self, name, body):
        self.name = name
        self.examples = body.get("examples", [])
        self.check_headers = compiled(body.get("headers", {}))
        self.check_payload = compiled(body.get("payload", {}))

    def problem(self, headers, payload):
        """What breaks the contract, or None."""
        try:
            self.check_headers(headers)
        except fastjsonschema.JsonSchemaException as error:
            return f"{self.name}: headers: {error}"
        try:
            self.check_payload(payload)
        except fastjsonschema.JsonSchemaException as error:
            return f"{self.name}: {error}"
        return None


def messages_by_topic():
    document = load(ASYNCAPI)
    made, topics = {}, {}
    for channel in document["channels"].values():
        names = list(channel["messages"])
        for name in names:
            if name not in made:
                made[name] = Message(name, resolved(document["components"]["messages"][name], ASYNCAPI, document))
        topics[channel["address"]] = [made[name] for name in names]
    return topics


# ---- one record ----

INBOX_MESSAGES = {"order": "admittedOrder", "reply": "reply", "nudge": "nudge", "cancel": "signal", "retry": "signal"}


def message_of(topic, messages, payload):
    if topic != "saga.inbox":
        return messages[0]
    name = INBOX_MESSAGES.get(payload.get("kind"))
    return next((message for message in messages if message.name == name), None)


def kind_of(topic, headers, payload):
    if topic.endswith(".dlq"):
        return f"dead letter {headers.get('dlq-reason')}"
    if topic == "order.events":
        return f"event {payload.get('type')}"
    if topic.endswith(".commands"):
        return f"command {payload.get('type')}"
    if payload.get("kind") == "reply":
        return f"reply {payload.get('type')} {payload.get('outcome')}"
    return str(payload.get("kind"))


def disagreement(topic, key, headers, payload):
    """What no schema can say: that the parts of a record agree with one another."""
    order_id, kind = payload["orderId"], payload.get("kind")
    pairs = [("key", key, order_id), ("ce_subject", headers["ce_subject"], order_id)]
    if "commandId" in payload:
        pairs.append(("commandId", payload["commandId"], f"{order_id}/{payload['type']}"))
    if topic.endswith(".commands") or topic == "order.events":
        pairs.append(("ce_type", headers["ce_type"], payload["type"]))
    if topic == "order.events":
        pairs.append(("ce_id", headers["ce_id"], payload["eventId"]))
    if kind == "reply":
        pairs.append(("ce_type", headers["ce_type"], f"{payload['type']}.reply"))
    if kind == "order":
        pairs.append(("order.orderId", payload["order"]["orderId"], order_id))
    return next((f"{name} is {found!r}, not {wanted!r}" for name, found, wanted in pairs if found != wanted), None)


def record_problem(topic, messages, key, headers, value):
    """What is wrong with a record of the system, or None; and its kind."""
    if topic.endswith(".dlq"):
        problem = messages[0].problem(headers, None)
        if problem is None and headers["dlq-topic"] + ".dlq" != topic:
            problem = f"dlq-topic is {headers['dlq-topic']}"
        return problem, kind_of(topic, headers, {})
    try:
        payload = json.loads(value)
    except (TypeError, ValueError) as error:
        return f"not JSON: {error}", "?"
    if not isinstance(payload, dict):
        return "not an object", "?"
    message = message_of(topic, messages, payload)
    if message is None:
        return f"unknown kind {payload.get('kind')!r}", "?"
    problem = message.problem(headers, payload) or disagreement(topic, key, headers, payload)
    return problem, kind_of(topic, headers, payload)


# ---- examples ----

# (message, where, what is put there): none of these may pass.
BROKEN = [
    ("admittedOrder", "payload.policy.stepAttempts", 0), ("admittedOrder", "payload.source.offset", REMOVE),
    ("admittedOrder", "payload.order.orderId", REMOVE), ("admittedOrder", "payload.policy.commands.payment.refund", {}),
    ("reply", "payload.outcome", "maybe"), ("reply", "payload.attempt", "1"), ("reply", "payload.result", REMOVE),
    ("reply", "payload.result", {"amount": 1.5}), ("reply", "payload.more", 1), ("reply", "payload.outcome", "refused"),
    ("nudge", "payload.orderId", "a b"), ("signal", "payload.kind", "stop"), ("signal", "payload.requestedBy", ""),
    ("event", "payload.status", "failed"), ("event", "payload.currency", REMOVE), ("event", "payload.type", "order.gone"),
    ("event", "payload.completedAt", "2026-01-31T09:30:00Z"), ("event", "payload.result", {}), ("event", "payload.total", -1),
    ("event", "headers.traceparent", REMOVE), ("event", "headers.ce_time", "now"), ("event", "headers.ce_source", "/elsewhere"),
    ("paymentCommand", "payload.type", "inventory.allocate"), ("paymentCommand", "payload.results.order.ship", {}),
    ("validatorCommand", "payload.replyTo", "nowhere"), ("fulfillmentCommand", "payload.order", []), ("order", "payload.items", []),
    ("inventoryCommand", "payload.attempt", 0), ("deadLetter", "headers.dlq-offset", "x"), ("deadLetter", "headers.dlq-reason", "none"),
    ("deadLetter", "headers.dlq-redrives", REMOVE),
]
DEAD_LETTER = {"headers": {"dlq-topic": "orders", "dlq-partition": "3", "dlq-offset": "17", "dlq-timestamp": "1769851800000",
                           "dlq-service": "orchestrator", "dlq-reason": "not_json", "dlq-redrives": "0"}}


def broken(example, where, value):
    example = copy.deepcopy(example)
    part, *names = where.split(".", 3) if where.startswith("payload.policy.commands.") else where.split(".", 2)
    node = example[part]
    for name in names[:-1]:
        node = node[name]
    if value is REMOVE:
        del node[names[-1]]
    else:
        node[names[-1]] = value
    return example


def check_examples(topics):
    messages = {message.name: message for group in topics.values() for message in group}
    messages["deadLetter"].examples = [DEAD_LETTER]
    wrong = []
    for message in messages.values():
        if not message.examples:
            wrong.append(f"{message.name} has no example")
        for example in message.examples:
            if "headers" in example or message.name == "order":
                problem = message.problem(example.get("headers", {}), example.get("payload"))
            else:
                problem = message.problem(messages["event"].examples[0]["headers"], example["payload"])
            if problem is not None:
                wrong.append(f"an example breaks the contract: {problem}")
    for name, where, value in BROKEN:
        example = broken({"headers": messages["event"].examples[0]["headers"], **messages[name].examples[0]}, where, value)
        if messages[name].problem(example["headers"], example.get("payload")) is None:
            wrong.append(f"{name} passes although {where} is {'missing' if value is REMOVE else value!r}")
    print(f"{sum(len(message.examples) for message in messages.values())} examples, {len(BROKEN)} broken ones")
    return wrong


# ---- a Kafka ----

def read_topics(bootstrap, topics):
    """Every record that is in these topics now."""
    from confluent_kafka import Consumer, OFFSET_BEGINNING, TopicPartition

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"contract-{uuid.uuid4()}", "enable.auto.commit": False})
    known, ends = consumer.list_topics(timeout=WAIT_SECONDS).topics, {}
    for topic in topics:
        for partition in known[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=WAIT_SECONDS)
            if high > low:
                ends[topic, partition] = high
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in ends])
    last = time.monotonic()
    while ends:
        for record in consumer.consume(READ_MAX, READ_SECONDS):
            if record.error():
                raise SystemExit(f"{record.topic()}: {record.error()}")
            yield record
            last = time.monotonic()
            if record.offset() + 1 >= ends.get((record.topic(), record.partition()), 0):
                ends.pop((record.topic(), record.partition()), None)
        if time.monotonic() > last + WAIT_SECONDS:
            raise SystemExit(f"nothing more came, but these are not at their end: {ends}")
    consumer.close()


def text(value):
    return None if value is None else value.decode("utf-8", "replace")


SERVICES = {"orchestrator", "validator", "payment", "inventory", "fulfillment"}


def is_of_others(topic, headers):
    """What tests wrote themselves into the inbox, to workers, or among the dead letters; events are the system's alone."""
    if topic.endswith(".dlq"):
        return headers.get("dlq-service") not in SERVICES
    return topic.endswith((".commands", "inbox")) and not (headers.get("ce_source") or "").startswith("/orderly/")


def check_kafka(topics, bootstrap):
    seen, wrong, others = collections.Counter(), [], 0
    for record in read_topics(bootstrap, [topic for topic in topics if topic != "orders"]):  # there anybody may write anything
        topic, headers = record.topic(), {name: text(value) for name, value in record.headers() or []}
        if is_of_others(topic, headers):
            others += 1
            continue
        problem, kind = record_problem(topic, topics[topic], text(record.key()), headers, record.value())
        seen[kind] += 1
        if problem is not None:
            wrong.append(f"{topic} {record.partition()}/{record.offset()}: {problem}: {(record.value() or b'')[:500]!r}")
    for kind, count in sorted(seen.items()):
        print(f"{count:8} {kind}")
    print(f"{sum(seen.values())} records of the system, {others} of others")
    return wrong + [f"no record of this kind was seen: {kind}" for kind in sorted(EXPECTED - set(seen))]


def main():
    topics = messages_by_topic()
    if sys.argv[1:] == ["--examples"]:
        wrong = check_examples(topics)
    elif len(sys.argv) == 3 and sys.argv[1] == "--kafka":
        wrong = check_kafka(topics, sys.argv[2])
    else:
        raise SystemExit(__doc__)
    for line in wrong[:SHOWN_MAX]:
        print(line, file=sys.stderr)
    if len(wrong) > SHOWN_MAX:
        print(f"... and {len(wrong) - SHOWN_MAX} more", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
