#!/bin/sh
# Pin the dependencies of pyproject.toml, with hashes and for every platform: requirements.lock for running,
# requirements-dev.lock for that and development. What is pinned already stays unless --upgrade says otherwise.
set -eu

cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
trap 'exit 130' INT TERM

"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/python" -m pip --disable-pip-version-check install --quiet uv

compile() {
    "$tools/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-annotate --no-header "$@"
}

compile --output-file requirements.lock "$@"
compile --output-file requirements-dev.lock --constraint requirements.lock --group dev "$@"

# A lock file holds for every registry, so it must not name one.
if grep -n '://' requirements.lock requirements-dev.lock; then
    echo "lock: the lines above name a place to download from; take it out of pyproject.toml or of uv's settings" >&2
    exit 1
fi
