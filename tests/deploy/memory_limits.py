#!/usr/bin/env python3
"""memory_limits.py COMPOSE REDIS_CONF - whether what runs in a container stops growing before the container's limit ends it.

A Redis without maxmemory, or with one too near to its limit, is killed when it is full, loads what it had, and is killed again.
"""

import re
import sys

import yaml

REDIS_PERCENT_MAX = 70  # above it is no room for what a rewrite copies, fragmentation and buffers that are not counted
JAVA_PERCENT_MAX = 60  # beside its heap Java needs metaspace, code, threads and direct buffers: a quarter of a GB for a broker
UNITS = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2, "g": 1024**3, "gb": 1024**3}


def size(text):
    number, unit = re.fullmatch(r"(\d+)([a-z]*)", str(text).lower()).groups()
    return int(number) * UNITS[unit]


def redis_problem(service, conf):
    words = service["command"]
    limits = [words[i + 1] for i, word in enumerate(words) if word == "--maxmemory"]
    limits = limits or re.findall(r"^maxmemory (\S+)", conf, re.M)
    if not limits or size(limits[-1]) == 0:
        return "no maxmemory"
    if size(limits[-1]) * 100 > size(service["mem_limit"]) * REDIS_PERCENT_MAX:
        return f"maxmemory {limits[-1]} is over {REDIS_PERCENT_MAX} % of its mem_limit {service['mem_limit']}"
    if not re.search(r"^maxmemory-policy noeviction$", conf, re.M):
        return "what is full must refuse, and throw nothing away: maxmemory-policy noeviction"
    return None


def java_problem(service):
    heap = re.search(r"-Xmx(\w+)", service["environment"]["KAFKA_HEAP_OPTS"])
    if not heap:
        return "no -Xmx"
    if size(heap[1]) * 100 > size(service["mem_limit"]) * JAVA_PERCENT_MAX:
        return f"-Xmx{heap[1]} is over {JAVA_PERCENT_MAX} % of its mem_limit {service['mem_limit']}"
    return None


def main():
    with open(sys.argv[1], encoding="utf-8") as compose, open(sys.argv[2], encoding="utf-8") as conf:
        services, conf = yaml.safe_load(compose)["services"], conf.read()
    problems = {name: "no mem_limit" for name, service in services.items() if "mem_limit" not in service}
    problems.update(redis=problems.get("redis") or redis_problem(services["redis"], conf))
    problems.update(kafka=problems.get("kafka") or java_problem(services["kafka"]))
    for name, problem in problems.items():
        if problem:
            print(f"{sys.argv[1]}: {name}: {problem}", file=sys.stderr)
    return 1 if any(problems.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
