#!/usr/bin/env python3
"""scale.py copies PORT ORDER-ID FIRST COUNT: writes COUNT copies of a finished order, with all its keys, as commands for redis-cli --pipe.
scale.py table RESULTS RUN_DIR: the results of scale.sh as Markdown."""
import json
import os
import subprocess
import sys

from table import machine

CHUNK = 1000  # copies whose entries in the index, and whose units, are written by one command


# ---- copies ----

def ask(port, *words):
    return json.loads(subprocess.run(["redis-cli", "-p", port, "--json", *words], capture_output=True, text=True, check=True).stdout)


def command(*words):
    """As Redis' protocol has it: lengths are bytes, so that an id of the same length can be put in later."""
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def set_all(key, fields):
    return command("HSET", key, *(word for field in fields.items() for word in field))


def units_taken(items):
    """"A=1 B=2" as pairs."""
    return [(product, int(units)) for product, units in (item.split("=") for item in items.split())]


class Model:
    """A finished order as it stands in Redis. Its warehouse is main, as of all orders of `orderly bench`."""

    def __init__(self, port, order_id):
        saga, history, reservation = f"saga:{order_id}", f"{{saga:{order_id}}}:history", f"{{stock:main}}:reservation:{order_id}"
        held = ask(port, "HGETALL", reservation)
        self.order_id = order_id
        self.since = ask(port, "ZSCORE", "sagas:completed", order_id)
        self.units = units_taken(held["items"])
        self.commands = (set_all(saga, ask(port, "HGETALL", saga)) + command("EXPIRE", saga, ask(port, "TTL", saga)) +
                         command("RPUSH", history, *ask(port, "LRANGE", history, "0", "-1")) +
                         command("EXPIRE", history, ask(port, "TTL", history)) + set_all(reservation, held) +
                         b"".join(set_all(key, ask(port, "HGETALL", key)) for key in (f"payment:{order_id}", f"shipment:{order_id}")))

    def copy_id(self, number):
        return "SCALE-" + str(number).zfill(len(self.order_id) - len("SCALE-"))


def write_copies(port, order_id, first, count):
    model, out = Model(port, order_id), sys.stdout.buffer
    for begin in range(first, first + count, CHUNK):
        ids = [model.copy_id(number) for number in range(begin, min(begin + CHUNK, first + count))]
        for copy in ids:
            out.write(model.commands.replace(order_id.encode(), copy.encode()))
        out.write(command("ZADD", "sagas:completed", *(word for copy in ids for word in (model.since, copy))))
        for product, units in model.units:  # the books stay right: supplied = stock + taken
            out.write(command("HINCRBY", "stock:main", product, -units * len(ids)))
            out.write(command("HINCRBY", "{stock:main}:taken", product, units * len(ids)))


# ---- the table ----

def facts_of(path):
    """Lines of NAME NUMBER."""
    with open(path, encoding="utf-8") as file:
        return {name: float(number) for name, number in (line.split() for line in file)}


def sizes_in(folder):
    return sorted(int(name.removesuffix(".facts")) for name in os.listdir(folder) if name.endswith(".facts") and name[0].isdigit())


def row(folder, size):
    facts = facts_of(os.path.join(folder, f"{size}.facts"))
    with open(os.path.join(folder, f"{size}.json"), encoding="utf-8") as file:
        result = json.load(file)
    cpu = result["cpuMicrosPerOrderBy"]
    return (f"| {facts['kept']:.0f} | {facts['bytes'] / 1e6:.0f} | {facts['bytes_a_copy']:.0f} | {facts['bytes_an_order']:.0f} | "
            f"{result['ordersPerSecond']:.0f} | {cpu['services']:.0f} | {cpu['redis']:.0f} | {cpu['kafka']:.0f} | "
            f"{result['cpuMicrosPerOrder']:.0f} | {facts['idle_services']:.1f} | {facts['idle_redis']:.1f} | "
            f"{facts['rewrite_ms'] / 1000:.1f} | {facts['fork_us'] / 1000:.0f} |")


def print_kinds(folder):
    finished, live = (facts_of(os.path.join(folder, name + ".facts")) for name in ("finished", "live"))
    finished["all, by used_memory"] = facts_of(os.path.join(folder, f"{sizes_in(folder)[0]}.facts"))["bytes_an_order"]
    live["all, by used_memory"] = live.pop("used_memory")
    print("\n| bytes of an order | finished | waiting for its shipment |\n|---|---:|---:|")
    for kind in live:
        print(f"| {kind} | {finished.get(kind, 0):.0f} | {live[kind]:.0f} |")


def print_table(folder, run_dir):
    print(machine(run_dir) + "\n")
    print("| sagas kept | Redis MB | bytes a kept order | bytes an order of this run | orders/s | CPU services | Redis | Kafka | all | "
          "idle, services ms/s | idle, Redis ms/s | AOF rewrite s | its fork ms |")
    print("|" + "---:|" * 13)
    for size in sizes_in(folder):
        print(row(folder, size))
    print_kinds(folder)


if __name__ == "__main__":
    if sys.argv[1] == "copies":
        write_copies(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        print_table(sys.argv[2], sys.argv[3])
