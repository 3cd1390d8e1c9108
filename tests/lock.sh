#!/bin/sh
# Write both lock files anew from pyproject.toml: for every platform, with hashes, without addresses.
# To move one package on: UPGRADE="--upgrade-package aiohttp" make lock. To move all: UPGRADE=--upgrade make lock.
set -eu
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND="make lock"

compile() {
    # shellcheck disable=SC2086  # UPGRADE holds words
    .venv/bin/uv pip compile pyproject.toml --group build --universal --generate-hashes \
        --no-emit-index-url --no-emit-find-links --quiet ${UPGRADE:-} "$@"
}

compile -o requirements.lock
compile --extra test -c requirements.lock -o tests/requirements.lock
.venv/bin/python -m tests.checks
