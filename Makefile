# Everything a newcomer types. `make help` lists it.
# setup needs Python 3.11+, make and, for the system packages, apt with root or sudo.

PYTHONS := python3 python3.13 python3.12 python3.11 python3.14
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in $(PYTHONS); do $$p $(NEW_ENOUGH) 2>/dev/null && { echo $$p; break; }; done)
endif
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: help setup machine demo test check bench crash lint serve docs lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: machine $(STAMP) ## system packages and the virtual environment .venv; costs nothing when nothing is missing

# Never fails: what cannot be installed is named, and the rest is set up all the same.
machine:
	@test -n "$(PYTHON)" && $(PYTHON) $(NEW_ENOUGH) || { echo "Python 3.11 or later is needed: apt-get install python3" >&2; exit 1; }
	@missing=$$($(PYTHON) gateway/machine.py --apt --missing $(if $(CI),--servers)); \
	test -n "$$missing" || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=; \
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then as=sudo; \
	else as=none; fi; \
	if [ "$$as" != none ] && command -v apt-get >/dev/null; then \
		echo "Installing system packages, some minutes the first time: $$missing"; \
		apt="$$as env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0"; \
		$$apt update >/dev/null || true; \
		$$apt install --no-install-recommends $$missing >/dev/null \
		|| for package in $$missing; do $$apt install --no-install-recommends $$package >/dev/null || true; done; \
	fi; \
	$(PYTHON) gateway/machine.py --missing $(if $(CI),--servers) | sed 's/^/still missing: /' >&2

$(STAMP): pyproject.toml config/constraints.txt | machine
	@test -x $(BIN)/python && $(BIN)/python $(NEW_ENOUGH) 2>/dev/null || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c config/constraints.txt -e '.[dev,postgresql,s3]'
	@touch $@

demo: setup ## the main job on real input: mails in, faxes out, notices back; about two minutes
	$(BIN)/python samples/demo.py

test: setup ## every test, with ruff, mypy and the import contracts among them
	$(BIN)/python -m pytest -q -n auto --dist worksteal

check: setup ## the fast tests, under a minute
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not slow and not office"

lint: setup ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## measurements; figures, no pass or fail
	@set -e; for script in tests/bench/bench_*.py; do echo "== $$script"; $(BIN)/python -m "tests.bench.$$(basename $$script .py)"; done

crash: setup ## daemons killed 500 times, frozen, starved of disk; a table of what was lost and what was sent twice
	$(BIN)/python -m tests.crash --kills $(or $(KILLS),500)

serve: setup ## the daemon, with the settings of FAXGW_CONFIG or the defaults under ./var
	$(BIN)/faxgw serve

docs: setup ## write the references of commands and of what can be watched anew, from the code itself
	$(BIN)/python -m tests.command_reference
	$(BIN)/python -m tests.watch_reference

lock: ## write config/constraints.txt anew: the newest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear var/lock
	var/lock/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,postgresql,s3]'
	{ sed -n '/^#/p' config/constraints.txt; var/lock/bin/python -m pip freeze --exclude-editable; } > var/lock/constraints.txt
	mv var/lock/constraints.txt config/constraints.txt
	rm -rf var/lock

clean: ## forget everything that can be made again: .venv, caches, builds; not var/, which holds faxes
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
