# Everything starts here. Each target first does all the set-up it needs on a machine with python3 >= 3.11, make and git;
# tools/setup.py remembers what is done, so a second run re-installs nothing.

PYTHON ?= python3
BIN := .venv/bin
export PYTHONUNBUFFERED := 1

# What Python compiled is kept, whatever the shell says about it: the tests start some hundred processes, and compiling
# takes two thirds of the start of each.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache

.DEFAULT_GOAL := help

.PHONY: help setup demo test test-services check check-types check-style bench security screenshots clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-15s %s\n", $$1, $$2 }'

setup: ## Environment, packages, front end, translations
	@$(PYTHON) tools/setup.py

demo: setup ## A chain of 20 stores with 90 days of sales, and a day that goes on
	@$(BIN)/liushui demo

check: setup ## Style, types, imports between modules, translations
	@$(MAKE) --no-print-directory --jobs 2 check-types check-style

check-types:
	$(BIN)/mypy

check-style:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python tools/messages.py check

# Two processes, each with a database and a data folder of its own, the long files first; conftest.py shares them out.
# Three for the browser's tests, which wait for a page to come to rest for a third of their time.
SPREAD := -n 2 --dist loadfile --no-loadscope-reorder

test: ## All checks and all tests, the browser's last
	@$(PYTHON) tools/setup.py --chromium
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest $(SPREAD) -m "not browser" $(or $(PYTEST_ARGS),tests src)
	$(BIN)/pytest $(SPREAD) -n 3 -m browser --reruns 1 $(or $(PYTEST_ARGS),tests/browser) || test $$? -eq 5 # 5: none of them chosen

# What a server of PostgreSQL may do otherwise than SQLite. Not the pages, which are the same Python on either: the access
# matrix opens every one of them there. Not the demo, which is always SQLite.
ON_SERVICES := tests/races tests/scenarios tests/architecture/test_access_matrix.py tests/architecture/test_openapi.py \
	tests/security/test_row_security.py src --ignore-glob '*/test_*pages*.py' --ignore src/liushui/console \
	--ignore tests/scenarios/test_demo_live.py --ignore tests/scenarios/test_demo_chain.py

test-services: setup ## What asks a database, on a PostgreSQL that is installed if need be and started for it
	$(BIN)/python tools/services.py --fast run -- $(BIN)/pytest $(SPREAD) -m "not browser" $(or $(PYTEST_ARGS),$(ON_SERVICES))

bench: ## The numbers that we hold ourselves to, beside what a user would pick instead
	@$(PYTHON) tools/setup.py --bench
	$(BIN)/python -m bench

security: ## The security gate: scanners, attacks, served TLS, secrets, bill of materials (docs/security)
	@$(PYTHON) tools/setup.py --security
	@$(BIN)/python tools/security.py $(STEPS)

screenshots: ## Pictures of the console for the documents, made by the browser tests
	@$(PYTHON) tools/setup.py --chromium
	$(BIN)/python tools/screenshots.py
	PICTURES=1 $(BIN)/pytest tests/browser -k pictured

clean: ## Remove what was installed and built; data/ stays
	rm -rf .venv node_modules build src/liushui/console/dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src -name '*.mo' -delete
