"""A fulfillment worker: ships every order but those to AQ, each once, whatever is killed in the middle."""
import json, os, signal, uuid
from datetime import datetime, timezone
import confluent_kafka, redis

KAFKA = {"bootstrap.servers": os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")}
# KEYS: shipment:<orderId>; ARGV: type, status, outcome, tracking number or ''. The mark first; the effect, its mark and its outcome together.
ONCE = """local stored, status = unpack(redis.call('HMGET', KEYS[1], ARGV[1], 'status'))
if stored then return stored end
if status and ARGV[1] == 'fulfillment.ship' then return '{"outcome":"refused","reason":"already_cancelled"}' end
if status == 'shipped' then return redis.call('HGET', KEYS[1], 'fulfillment.ship') end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], 'status', status or ARGV[2])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'trackingNumber', ARGV[4]) end
return ARGV[3]"""

def decide(command):  # status, outcome, tracking number
    if command["type"] == "fulfillment.cancel":
        return "cancelled", {"outcome": "succeeded", "result": {"cancelled": True}}, ""
    if (command["order"].get("shipTo") or {}).get("country") == "AQ":
        return "refused", {"outcome": "refused", "reason": "fulfillment_refused"}, ""
    number = f"PY-{uuid.uuid4()}"
    return "shipped", {"outcome": "succeeded", "result": {"trackingNumber": number}}, number

def read(message):  # the command and what is decided about it; None when it is no command that could be answered
    try:
        command = json.loads(message.value())
        good = command["type"] in ("fulfillment.ship", "fulfillment.cancel") and command["attempt"] > 0 and \
            command["commandId"] == f"{command['orderId']}/{command['type']}"
        return (command, *decide(command)) if good else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None

def reply(message, command, stored):
    outcome = json.loads(stored)
    if command["type"] == "fulfillment.cancel" and "trackingNumber" in outcome.get("result", {}):
        outcome.update(outcome="refused", reason="already_shipped")  # with the shipment's result: the order goes forward
    said = {"kind": "reply", **{name: command[name] for name in ("commandId", "orderId", "type", "attempt")}, **outcome}
    trace = dict(message.headers() or []).get("traceparent", f"00-{uuid.uuid4().hex}-{'1' * 16}-01".encode()).decode()
    asked = datetime.fromtimestamp(message.timestamp()[1] / 1000, timezone.utc).isoformat(timespec="milliseconds")
    return dict(topic="saga.inbox", key=said["orderId"], value=json.dumps(said), headers={
        "content-type": "application/json", "ce_specversion": "1.0", "ce_id": f"{said['commandId']}/{said['attempt']}/reply",
        "ce_type": f"{said['type']}.reply", "ce_source": "/orderly/fulfillment", "ce_time": asked.replace("+00:00", "Z"),
        "ce_subject": said["orderId"], "traceparent": f"{trace[:36]}{uuid.uuid4().hex[:16]}{trace[52:]}"})

def dead_letter(message):
    where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset(), "timestamp": message.timestamp()[1],
             "service": "fulfillment", "reason": "unknown_type", "redrives": 0}
    return dict(topic=f"{message.topic()}.dlq", key=message.key(), value=message.value(),
                headers=(message.headers() or []) + [(f"dlq-{name}", str(value)) for name, value in where.items()])

def acknowledged(error, _):
    if error:
        raise confluent_kafka.KafkaException(error)  # ends the process: nothing is committed, and the batch comes again

def main():
    store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379"))
    producer = confluent_kafka.Producer({**KAFKA, "enable.idempotence": True, "message.timeout.ms": 0, "partitioner": "murmur2_random"})
    consumer = confluent_kafka.Consumer({**KAFKA, "group.id": "orderly-fulfillment", "auto.offset.reset": "earliest",
                                         "enable.auto.commit": False, "session.timeout.ms": 6000})
    consumer.subscribe(["fulfillment.commands"])
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    while not stopping:
        batch = [(message, read(message)) for message in consumer.consume(500, 0.05) if not message.error()]
        pipeline = store.pipeline(transaction=False)  # one round trip for the whole batch
        for command, status, outcome, number in (found for _, found in batch if found):
            pipeline.eval(ONCE, 1, f"shipment:{command['orderId']}", command["type"], status, json.dumps(outcome), number)
        stored = iter(pipeline.execute())
        for message, found in batch:
            record = reply(message, found[0], next(stored)) if found else dead_letter(message)
            producer.produce(**record, on_delivery=acknowledged)
        producer.flush()  # the broker has all of it
        if batch:
            consumer.commit(asynchronous=False)  # last
    consumer.close()

if __name__ == "__main__":
    main()
