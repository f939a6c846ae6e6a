# Everything there is to run; `make help` lists it. The continuous integration runs the same targets.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
INSTALL := $(PIP) install --require-hashes --only-binary :all:
export PIP_ROOT_USER_ACTION := ignore

# A virtual environment is ready when the stamp of exactly these inputs is there.
KEY := $(shell cat requirements.lock pyproject.toml | cksum | cut -d ' ' -f 1)
KEY_DEV := $(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d ' ' -f 1)
READY := $(VENV)/.ready-$(KEY)
READY_DEV := $(VENV)/.ready-$(KEY)-dev-$(KEY_DEV)

UV_COMPILE := $(BIN)/uv pip compile --quiet --no-cache --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

FIND_PYTHON = for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done

CLIENTS := .clients/.ready-$(shell cksum < scripts/clients/install.sh | cut -d ' ' -f 1)

.DEFAULT_GOAL := help
.PHONY: help serve demo bench install install-dev test browser lint check clients format prices lock clean

help: ## List what there is to run
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: install ## Run the gateway, with a PostgreSQL of its own unless AIBRIDGE_DATABASE_URL names one
	@exec $(BIN)/aibridge serve

demo: install ## Look around without a key: invented people at work, in a database of their own
	@exec $(BIN)/aibridge demo

test: install-dev ## Run every test (ARGS="-k name" for some)
	@$(BIN)/python -m pytest $(ARGS)

browser: install-dev ## Drive the pages in Chromium, as people do (ARGS="-k sign_in" for some)
	@$(BIN)/python -m pytest -m browser $(ARGS)

lint: install-dev ## Check style, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@MYPYPATH=scripts/clients $(BIN)/mypy scripts/clients/run.py
	@$(BIN)/lint-imports

check: lint test ## All that a change must pass

clients: install-dev $(CLIENTS) ## Try real coding agents and SDKs, which npm and pip fetch (ARGS="--clients claude")
	@$(BIN)/python scripts/clients/run.py $(ARGS)

bench: install ## Measure requests beside nginx, lists and pages (ARGS="--write docs/performance.md" keeps it, --quick is short)
	@$(BIN)/python -m bench $(ARGS)

format: install-dev ## Put the code into its format
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

prices: install-dev ## Take the prices over from genai-prices as it is locked (make lock ARGS="--upgrade-package genai-prices")
	@$(BIN)/python -m scripts.shipped_prices

install: $(READY) ## Prepare .venv/bin/aibridge

install-dev: $(READY_DEV) ## The same, with the tools for tests and checks

lock: install-dev ## Resolve the dependencies anew (ARGS=--upgrade for newer versions)
	@$(PIP) install uv
	@$(UV_COMPILE) --extra build --output-file requirements.lock $(ARGS) pyproject.toml
	@$(UV_COMPILE) --extra build --extra dev --constraints requirements.lock --output-file requirements-dev.lock $(ARGS) pyproject.toml

clean: ## Remove what was made here (the data folder stays)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .clients

# Scripts in an environment name its place: one that was moved here, or whose Python is gone, is made anew.
$(READY): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '' 2>/dev/null || [ "$$(cat $(VENV)/.place 2>/dev/null || pwd)" != "$$(pwd)" ]; then \
		python=$$($(FIND_PYTHON)); \
		if [ -z "$$python" ]; then \
			echo 'aibridge needs Python 3.11 or newer with its venv module (on Debian and Ubuntu: python3-venv).' >&2; exit 1; \
		fi; \
		rm -rf $(VENV) && $$python -m venv $(VENV); \
	fi
	@echo 'Installing aibridge into $(VENV) ...'
	@$(INSTALL) --requirement requirements.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@pwd > $(VENV)/.place
	@rm -f $(VENV)/.ready-* && touch $@

$(READY_DEV): $(READY) requirements-dev.lock
	@echo 'Installing the tools for tests and checks into $(VENV) ...'
	@$(INSTALL) --requirement requirements-dev.lock
	@touch $@

$(CLIENTS): scripts/clients/install.sh
	@scripts/clients/install.sh .clients
	@rm -f .clients/.ready-* && touch $@
