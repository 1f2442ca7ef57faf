#!/usr/bin/env bash
# run.sh TOOLS - the contract by itself: AsyncAPI and JSON Schemas by their official tools, their examples, and the code that
# the pages quote.
# The checkers come from npm and PyPI into the folder TOOLS, unless they are there.
#
#   run.sh TOOLS                   all of that
#   run.sh TOOLS --install         only fetches the checkers; TOOLS/bin/python is then a Python that has what docs/examples/ need
#   run.sh TOOLS --records KAFKA   every record that the system has written to that Kafka
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=$(realpath -m "${1:?a folder for the checkers}")
export NODE_MODULES=$tools/node_modules

install() {
    [ -x "$tools/bin/python" ] || python3 -m venv "$tools"
    "$tools/bin/python" -c 'import confluent_kafka, fastjsonschema, redis, yaml' 2>/dev/null ||
        "$tools/bin/pip" install --quiet --disable-pip-version-check confluent-kafka redis fastjsonschema PyYAML
    [ -d "$NODE_MODULES/ajv-cli" ] || npm install --silent --no-audit --no-fund --prefix "$tools" @asyncapi/parser@3 ajv-cli@5
}

# The schemas refer to each other by their file names.
schemas() {
    local schema other others
    cd docs/schemas
    for schema in *.json; do
        others=()
        for other in *.json; do
            [ "$other" = "$schema" ] || others+=(-r "$other")
        done
        "$NODE_MODULES/.bin/ajv" compile --spec=draft7 --strict-required=false -s "$schema" "${others[@]}"
    done
}

# What stands between <!-- FILE --> and <!-- end --> is the file.
quotes() {
    local file quoted
    file=$(sed -n 's/^<!-- \(docs\/examples\/.*\) -->$/\1/p' docs/workers.md)
    quoted=$(sed -n '/^<!-- docs\/examples\//,/^<!-- end -->$/p' docs/workers.md | sed '1,2d;$d' | sed '$d')
    diff <(printf '%s\n' "$quoted") "$file"
}

install
case "${2:-}" in
    --install) ;;
    --records) "$tools/bin/python" tests/contract/check_records.py --kafka "$3" ;;
    *)
        node tests/contract/parse.mjs docs/asyncapi.yaml
        (schemas)
        "$tools/bin/python" tests/contract/check_records.py --examples
        quotes
        ;;
esac
