#!/bin/sh
# Make or refresh .venv from a hashed lock. usage: sh deploy/venv.sh run|test
# A venv that already matches its lock is left alone, so this costs nothing when nothing changed.
set -eu
set -- "${1:-run}"
cd "$(dirname "$0")/.."

case "$1" in
    run) lock=requirements.lock ;;
    test) lock=tests/requirements.lock ;;
    *) echo "usage: sh deploy/venv.sh run|test" >&2; exit 64 ;;
esac
stamp=".venv/.made-for-$1"
wanted=$(cksum requirements.lock tests/requirements.lock pyproject.toml)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c ''; then
    exit 0
fi

enough='import sys; sys.exit(sys.version_info < (3, 11))'
python=
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
    if command -v "$candidate" >/dev/null && "$candidate" -c "$enough" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "telecabin needs Python 3.11 or newer, and none was found (python3 is: $(python3 --version 2>&1 || true))." >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13)" >&2
    echo "or name it: make demo PYTHON=/path/to/python3.13" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$python has no venv module; Debian and Ubuntu keep it in a package of its own:" >&2
    echo "    sudo apt-get install python3-venv" >&2
    exit 1
fi

if ! { [ -x .venv/bin/python ] && .venv/bin/python -c "$enough" && .venv/bin/python -m pip --version; } >/dev/null 2>&1
then
    echo "Making .venv with $("$python" --version) …"
    "$python" -m venv --clear .venv
fi
echo "Installing what $lock lists (each file checked against its hash) …"
pip=".venv/bin/python -m pip --disable-pip-version-check --no-input -q -q"
$pip install --require-hashes --only-binary :all: -r "$lock"
# The project itself: editable, its build tools are in the lock, nothing is downloaded for it.
$pip install --no-deps --no-build-isolation --no-index -e .
echo "$wanted" > "$stamp"
if [ "$1" = test ]; then echo "$wanted" > .venv/.made-for-run; fi  # the tests' lock holds the other one
