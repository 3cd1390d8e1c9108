# What a person does with telecabin. Everything here works from a fresh clone: `make demo`.
.PHONY: help demo test check bench trust lock clean
.DEFAULT_GOAL := help
export PYTHON

PORT ?= 8080
AREA ?= records
ONLY ?=
SELF ?=
PYTEST ?=

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

demo:  ## the whole product on http://localhost:8080, with a synthetic village (PORT= moves it)
	@sh deploy/venv.sh run
	@.venv/bin/telecabin demo --port $(PORT)

test:  ## the whole suite, with the real PostgreSQL, Redis, coturn and Chromium (PYTEST= adds options)
	@sh deploy/venv.sh test
	@sh tests/install.sh
	@.venv/bin/python -m pytest -n auto --dist worksteal $(PYTEST) || { code=$$?; [ $$code = 1 ] || exit $$code; \
	echo 'Once more, alone, what failed beside the others:'; \
	.venv/bin/python -m pytest --last-failed --last-failed-no-failures none $(PYTEST); }

check:  ## style, types, architecture, licences and locks
	@sh deploy/venv.sh test
	.venv/bin/ruff check --output-format=concise .
	.venv/bin/ruff format --check --quiet .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m tests.checks

bench:  ## measure one area against its goals (AREA=records|search|scheduler|planning|signalling|scale|call|line|pages; CUTS=10: fifty cut lines)
	@sh deploy/venv.sh test
	@sh tests/install.sh
	@.venv/bin/python -m tests.bench.run $(AREA)

trust:  ## faults and attacks (ONLY=T4,T5 runs some; SELF=1 turns the defences off and must see them fail)
	@sh deploy/venv.sh test
	@sh tests/install.sh
	@.venv/bin/python -m tests.trust.run $(if $(ONLY),--only $(ONLY)) $(if $(SELF),--self)

lock:  ## write both lock files anew from pyproject.toml
	@sh deploy/venv.sh test
	@sh tests/lock.sh

clean:  ## forget the venv, the demo's village and the reports
	rm -rf .venv var reports
