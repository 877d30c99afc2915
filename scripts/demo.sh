#!/usr/bin/env bash
# What `make demo` runs: look at the sample, convert it, look at the result.
set -eu
cd "$(dirname "$0")/.."
ndpix=${NDPIX:-target/release/ndpix}
python=${PYTHON:-.venv/bin/python}
rm -rf demo
mkdir demo

run() {
    echo
    echo "\$ ndpix $*"
    "$ndpix" "$@"
}

run inspect testdata/sample.ndjson

# Three of the records are broken on purpose: 3 means finished, some images rejected.
code=0
run convert testdata/sample.ndjson -o demo/images.npy --field image --summary demo/summary.json || code=$?
echo "exit code $code"
if [ "$code" -ne 3 ]; then
    echo "expected exit code 3 (three sample records are broken)" >&2
    exit 1
fi

echo
"$python" scripts/show_demo.py demo
