#!/bin/sh
# Make .venv and install what requirements-dev.lock pins, then the project itself, editable. Does nothing when that is
# done already, and begins again when an earlier attempt was interrupted. PYTHON chooses the interpreter of a new .venv.
set -eu

cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=.venv
DONE=$VENV/.done             # what was installed, and where: a .venv does not survive being moved
UNFINISHED=$VENV/.unfinished # there while .venv is being made or changed

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

wanted() {
    pwd -P
    cksum requirements-dev.lock pyproject.toml
}

usable() {
    [ ! -e "$UNFINISHED" ] && "$VENV/bin/python" -c '' 2>/dev/null &&
        { [ ! -e "$DONE" ] || [ "$(head -n 1 "$DONE")" = "$(pwd -P)" ]; }
}

check_python() {
    command -v "$PYTHON" >/dev/null || fail "there is no $PYTHON; install Python 3.11 or newer, or name one: make setup PYTHON=python3.12"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$PYTHON is $("$PYTHON" --version 2>&1); Python 3.11 or newer is needed: make setup PYTHON=python3.12"
}

has_venv() {
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null
}

# Debian and Ubuntu keep parts of Python's standard library in a package of their own.
provide_venv() {
    has_venv && return
    command -v apt-get >/dev/null ||
        fail "$PYTHON cannot make virtual environments: its modules venv and ensurepip are missing"
    [ "$(id -u)" = 0 ] ||
        fail "$PYTHON cannot make virtual environments; install the package python3-venv: sudo apt-get install python3-venv"
    echo "setup: installing the package python3-venv"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes python3-venv >/dev/null
    has_venv || fail "$PYTHON still cannot make virtual environments; install the package python3-venv of its version"
}

make_venv() {
    check_python
    provide_venv
    echo "setup: making $VENV with $("$PYTHON" --version)"
    rm -rf "$VENV"
    mkdir "$VENV"
    : >"$UNFINISHED"
    "$PYTHON" -m venv "$VENV"
}

install() {
    echo "setup: installing what requirements-dev.lock pins"
    : >"$UNFINISHED"
    rm -f "$DONE"
    pip="$VENV/bin/python -m pip --disable-pip-version-check --no-input install --quiet"
    $pip --require-hashes --requirement requirements-dev.lock
    $pip --no-deps --no-build-isolation --editable .
    wanted >"$DONE"
    rm "$UNFINISHED"
    echo "setup: ready"
}

usable || make_venv
[ -e "$DONE" ] && [ "$(cat "$DONE")" = "$(wanted)" ] || install
