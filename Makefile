# Everything a newcomer needs. `make` alone lists the targets.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PLUGIN := plugins/opennebula
PLUGIN_READY := $(PLUGIN)/.venv/.ready
# Where it is set every start compiles everything anew, which takes seconds each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup plugin-environment demo demo-reset first-order first-order-lab test test-slow test-lab test-two-labs lint format bench lab lab-down docs clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## put everything into .venv

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version)…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

plugin-environment: $(PLUGIN_READY) ## the site agent and its OpenNebula plugin, in an environment of their own

$(PLUGIN_READY): $(PLUGIN)/pyproject.toml $(PLUGIN)/constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@echo "Setting up $(PLUGIN)/.venv…"
	@$(PYTHON) -m venv $(PLUGIN)/.venv
	@$(PLUGIN)/.venv/bin/python -m pip install --quiet --disable-pip-version-check -c $(PLUGIN)/constraints.txt -e '$(PLUGIN)[test]'
	@touch $(PLUGIN_READY)

demo: $(READY) $(PLUGIN_READY) ## start everything on this machine: server, worker, agent, simulated clouds, sample data
	@exec $(BIN)/python -m demo

demo-reset: $(READY) ## forget the demo's data
	@$(BIN)/python -m demo reset

first-order: $(READY) ## order a tenant and a server through the public client (starts a demo when none runs)
	@$(BIN)/python -m demo.first_order

first-order-lab: $(READY) ## the same against the real OpenStack of `make lab`
	@$(BIN)/python -m demo.first_order --lab

test: $(READY) ## the fast suite
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow and not lab"

test-slow: $(READY) $(PLUGIN_READY) ## worker processes on real brokers, the whole crash matrix
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "slow and not lab" --migrations
	@$(PLUGIN)/.venv/bin/python -m pytest -c $(PLUGIN)/pyproject.toml $(PLUGIN)/tests/agent

test-lab: $(READY) ## the suites that talk to the real OpenStack of `make lab`
	@$(BIN)/python -m pytest -m lab

test-two-labs: $(READY) ## a tenant moves between `make lab` and `make lab CLOUD=c2`
	@REQUIRE_SECOND_LAB=1 $(BIN)/python -m pytest -m lab tests/replication

lint: $(READY) ## style, types, import contracts, generated files, migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@DATABASE_URL=postgresql:///unused $(BIN)/mypy src twins demo examples bench tests lab
	@DATABASE_URL=postgresql:///unused $(BIN)/mypy $(PLUGIN)/waldur_site_agent_opennebula $(PLUGIN)/tests
	@$(BIN)/lint-imports
	@cd $(PLUGIN) && PYTHONPATH=. ../../$(BIN)/lint-imports --config .importlinter
	@WALDUR_STATE_DIR=.test $(BIN)/waldur makemigrations --check --dry-run

format: $(READY) ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(READY) $(PLUGIN_READY) ## the figures of docs/develop/figures.md
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.sync
	@$(BIN)/python -m bench.opennebula

lab: ## bring up a real OpenStack on this machine (CLOUD=c2 for a second one)
	@$(PYTHON) -m lab up --cloud $(or $(CLOUD),c1)

lab-down: ## stop it
	@$(PYTHON) -m lab down --cloud $(or $(CLOUD),c1)

docs: $(READY) ## regenerate the generated pages of docs/
	@WALDUR_STATE_DIR=.test $(BIN)/waldur document_workflows --write
	@WALDUR_STATE_DIR=.test $(BIN)/waldur document_endpoints --write

clean: ## remove what the targets made (keeps .lab)
	rm -rf $(VENV) $(PLUGIN)/.venv .bench .demo .test build dist *.egg-info src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.lab/*' -prune -exec rm -rf {} +
