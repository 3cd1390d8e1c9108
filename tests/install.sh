#!/bin/sh
# Have the real programs of the tests: installed with apt when root, otherwise named. See tests/tools.py.
set -eu
cd "$(dirname "$0")/.."
exec .venv/bin/python -m tests.tools
