#!/usr/bin/env python3
"""table.py RESULTS RUN_DIR: the results of run.sh as Markdown."""
import json
import mmap
import os
import subprocess
import sys
import time

INDEX_BYTES = 10 * 1024 * 1024  # Kafka's segment.index.bytes

SCENARIOS = [
    ("flat", "flat out"),
    ("floor-flat", "*floor, flat out*"),
    ("steady", "steady, 200/s"),
    ("floor-steady", "*floor, steady, 200/s*"),
    ("slow", "steady, 20/s"),
    ("floor-slow", "*floor, steady, 20/s*"),
    ("burst", "burst after idle"),
    ("first", "first order after a start"),
    ("backlog", "backlog, from the start of the services on"),
    ("mix", "95 % complete, 5 % refused"),
    ("hot", "one hot product"),
    ("lines", "five lines an order"),
    ("replicas-2", "2 replicas of each service"),
    ("replicas-4", "4 replicas of each service"),
]


def said(*command):
    """What a program prints, or a dash where there is no such program."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or "-"
    except (OSError, subprocess.CalledProcessError):
        return "-"


def machine(run_dir):
    """One line about where it was measured."""
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "-")
    memory = int(open("/proc/meminfo").readline().split()[1]) // 1024 // 1024
    disk = said("stat", "-f", "-c", "%T", run_dir)
    packages = said("dpkg-query", "-W", "-f", "${Package} ${Version}, ", "librdkafka1", "redis-server").rstrip(", ")
    commit = said("git", "describe", "--always", "--dirty")
    return (f"{time.strftime('%Y-%m-%d')}, commit `{commit}`, {os.cpu_count()} cores ({cpu}), {memory} GB, data on {disk}, "
            f"Linux {os.uname().release}, {packages}; load when it ended {os.getloadavg()[0]:.1f}; "
            f"a synced write of 512 bytes takes {median_ms(run_dir, synced_write):.2f} ms, an append as Kafka makes it {median_ms(run_dir, append):.2f} ms")


def synced_write(log, _):
    """What Redis does once for all that comes in one turn."""
    log.write(b"x" * 512)
    os.fdatasync(log.fileno())


def append(log, indexes):
    """What Kafka does for each append with flush.messages=1: the log, then both of its mapped index files."""
    log.write(b"x" * 512)
    os.fsync(log.fileno())
    for index in indexes:
        index.flush()


def median_ms(folder, step, times=200):
    """How long a step takes where the data lie."""
    paths = [os.path.join(folder, f"sync-probe-{number}") for number in range(3)]
    took = []
    with open(paths[0], "w+b", buffering=0) as log, open(paths[1], "w+b") as first, open(paths[2], "w+b") as second:
        for file in (first, second):
            file.truncate(INDEX_BYTES)
        indexes = [mmap.mmap(file.fileno(), INDEX_BYTES) for file in (first, second)]
        for number in range(times):
            for index in indexes:
                index[8 * number] = 1
            began = time.monotonic()
            step(log, indexes)
            took.append((time.monotonic() - began) * 1000)
    for path in paths:
        os.unlink(path)
    return sorted(took)[times // 2]


def peak_megabytes(result):
    """Of the largest service."""
    peaks = [process["peakBytes"] for process in result["processes"] if process["kind"] == "services"]
    return max(peaks, default=0) / 1024 / 1024


def row(name, result):
    broker, client, cpu = result["brokerLatencyMs"], result["latencyMs"], result["cpuMicrosPerOrderBy"]
    return (f"| {name} | {result['orders']} | {result['ordersPerSecond']:.0f} | {broker['p50']:.0f} | {broker['p90']:.0f} | "
            f"{broker['p99']:.0f} | {broker['p999']:.0f} | {broker['max']:.0f} | {client['p50']:.1f} | {client['p99']:.1f} | "
            f"{cpu['services']:.0f} | {cpu['redis']:.0f} | {cpu['kafka']:.0f} | {result['cpuMicrosPerOrder']:.0f} | "
            f"{peak_megabytes(result):.0f} |")


def ratio(ours, floor):
    return f"{ours / floor:.2f}" if floor else "-"


def print_ratios(results):
    flat, floor = results.get("flat"), results.get("floor-flat")
    print("\n| ratio to the floor | |\n|---|---:|")
    if flat and floor:
        print(f"| orders/s, flat out | {ratio(flat['ordersPerSecond'], floor['ordersPerSecond'])} |")
        print(f"| CPU an order, flat out | {ratio(flat['cpuMicrosPerOrder'], floor['cpuMicrosPerOrder'])} |")
    for key, rate in (("steady", "200/s"), ("slow", "20/s")):
        ours, theirs = results.get(key), results.get("floor-" + key)
        if not ours or not theirs:
            continue
        for point in ("p50", "p99"):
            print(f"| {point}, {rate} | {ratio(ours['brokerLatencyMs'][point], theirs['brokerLatencyMs'][point])} |")


def print_rest(folder):
    print("\n| besides | |\n|---|---:|")
    print(f"| all five services started and ready, ms | {open(os.path.join(folder, 'start-ms')).read().strip()} |")
    print(f"| Redis, bytes a finished order | {open(os.path.join(folder, 'redis-bytes')).read().strip()} |")
    for line in open(os.path.join(folder, "idle-memory")):
        service, kilobytes = line.split()
        print(f"| {service}, idle, MB | {int(kilobytes) / 1024:.1f} |")


def read_results(folder):
    results = {}
    for key, _ in SCENARIOS:
        try:
            results[key] = json.load(open(os.path.join(folder, key + ".json")))
        except (OSError, ValueError):
            print(f"table: {key} has no result", file=sys.stderr)
    return results


def main():
    folder, run_dir = sys.argv[1:]
    results = read_results(folder)
    print(machine(run_dir) + "\n")
    print("| scenario | orders | orders/s | p50 | p90 | p99 | p99.9 | max | client p50 | client p99 | CPU services | Redis | Kafka | all | peak MB |")
    print("|---|" + "---:|" * 14)
    for key, name in SCENARIOS:
        if key in results:
            print(row(name, results[key]))
    print_ratios(results)
    print_rest(folder)


if __name__ == "__main__":
    main()
