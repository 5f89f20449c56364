# Sets up all it needs below this folder and nothing outside it: only Python 3.11+ and make are
# asked for. Paths are relative throughout, so that the folder's own may contain spaces.

BIN := .venv/bin
UV := .uv/bin/uv
# More arguments for what a target runs: make test ARGS="-k shipments", make serve ARGS="--port 9000"
ARGS ?=
# Not empty: `make test` and `make test-all` count the lines and branches that run in the first of
# their runs, and fail where they are fewer than pyproject.toml says. That run takes much longer.
COVERAGE ?=

# Tests start processes by the hundred: each would compile all that it imports anew.
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONDONTWRITEBYTECODE

# Sets $$python to the path of the first Python that is new enough; `make PYTHON=...` names one.
find_python = \
	for name in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python); do \
		python=$$("$$name" -c 'import sys; sys.version_info >= (3, 11) and print(sys.executable)' \
			2>/dev/null) && [ -n "$$python" ] && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "ordergraph needs Python 3.11 or newer: found none as $(or $(PYTHON),python3 or python3.x)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; \
		exit 1; \
	fi

.PHONY: help setup serve test test-all test-engine test-clients check migration soak bench

help:
	@echo "make serve        set up, migrate, fill a new database with a demo company, and serve"
	@echo "make test         set up, check, and run every test once, and on each database what differs there"
	@echo "make test-all     the same, and then every test on every other database"
	@echo "make check        style, types, imports and dependencies only"
	@echo "make test-engine  graphql-core's own tests, run by our executor"
	@echo "make test-clients the recipes for front ends, run with npm's packages (Node 20, npm)"
	@echo "make migration    make a migration of what changed in the models: make migration NAME=order_notes"
	@echo "make soak         the tests that take long"
	@echo "make bench        measure it beside other servers of the same data"
	@echo "make setup        only set up, with all development tools"
	@echo
	@echo "COVERAGE=1 has make test and make test-all count which lines and branches run, and compare"
	@echo "ARGS=... is passed on: make test ARGS=\"-k shipments\", make serve ARGS=\"--port 9000\""

setup: .venv/.development

serve: .venv/.runtime
	@$(BIN)/ordergraph migrate
	@$(BIN)/ordergraph demo --if-empty
	@exec $(BIN)/ordergraph serve $(ARGS)

# One process of tests for each core, each with databases of its own. tests/support/lanes.py says
# which tests are left to `make test-all`.
test: check
	$(BIN)/pytest $(if $(COVERAGE),--cov) -n auto --dist worksteal -m "not soak and not full" $(ARGS)

# In a run of its own, so that coverage is paid for once a test. Of what ARGS names, nothing may be left.
test-all: test
	$(BIN)/pytest -n auto --dist worksteal -m "full and not soak" $(ARGS) || [ $$? -eq 5 ]

check: .venv/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

test-engine: .venv/.development
	$(BIN)/python tests/engine/run.py $(ARGS)

test-clients: .venv/.development
	@command -v npm >/dev/null || { echo "The clients need Node 20 or newer with npm." >&2; exit 1; }
	cd tests/clients && npm ci --no-audit --no-fund && npm test -- $(ARGS)

migration: .venv/.development
	@test -n "$(NAME)" || { echo "Name it: make migration NAME=order_notes" >&2; exit 1; }
	$(BIN)/tortoise --config tests.support.migrating.CONFIGURATION makemigrations models --name "$(NAME)"

soak: .venv/.development
	$(BIN)/pytest -m soak -o faulthandler_timeout=3600 $(ARGS)

bench: .venv/.development
	$(BIN)/python -m benchmarks $(ARGS)

$(UV): .ci/uv.txt .ci/install_uv.py
	@$(find_python); "$$python" .ci/install_uv.py
	@touch $@

.venv/.development: $(UV) pyproject.toml uv.lock
	@$(find_python); $(UV) sync --locked --no-python-downloads --python "$$python"
	@touch $@ .venv/.runtime

# --inexact: `make serve` after `make test` does not take the development tools away again.
.venv/.runtime: $(UV) pyproject.toml uv.lock
	@$(find_python); $(UV) sync --locked --no-dev --inexact --no-python-downloads --python "$$python"
	@touch $@
