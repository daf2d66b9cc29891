# The menu of commands. ARGS goes to the command behind: make test ARGS='tests/domain -k paths', make run ARGS='--port 9000'.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check format docs bench lock clean

help: ## Show this menu
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: ## Make .venv and install everything into it (PYTHON=python3.12 to choose the interpreter)
	@PYTHON='$(PYTHON)' scripts/setup.sh

run: setup ## Start Hookledger: the gateway, its worker and, without DATABASE_URL, its own PostgreSQL
	@exec $(BIN)/hookledger serve $(ARGS)

demo: setup ## Show in a minute what it does, against a running server
	@exec $(BIN)/hookledger demo $(ARGS)

test: setup ## Run the tests, several files at once (ARGS=-n0 for one after the other)
	@$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(ARGS)

check: setup ## Check format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup ## Format the code and mend what lint can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: setup ## Write docs/sources.md anew from the templates
	@$(BIN)/python -m infrastructure.templates.page

bench: setup ## Measure how much it can take
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## Pin the dependencies anew (ARGS=--upgrade to move to the newest)
	@PYTHON='$(PYTHON)' scripts/lock.sh $(ARGS)

clean: ## Remove .venv and everything built or cached; never data
	@rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/node/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
