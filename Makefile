# The commands of the project. Each target is one or two lines; tca_app and the scripts in .ci do the work.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests
TOOLS := $(VENV)/tools
# Python compiles modules on their first import; compiling all of them here doubles the time of an installation.
# `make test` keeps what was compiled, whatever the environment says: a hundred processes import the same modules.
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: help run migrate demo test matrix faults fuzz bench cluster upgrade-test image-test client messages check lock audit sbom
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(RUNS) ## Start the console with its stores; the address is the last line
	@exec $(BIN)/python -m tca_app serve

migrate: $(RUNS) ## Apply the migrations of this version
	@$(BIN)/python -m tca_app migrate

demo: $(RUNS) ## Fill the database with realistic data
	@$(BIN)/python -m tca_app demo

# Three on two cores: tests that start processes often wait for a recovery or a page. Four take longer.
test: $(TESTS) ## Run every test on throw-away stores, browser tests included
	@CHROMIUM="$$(.ci/chromium $(BIN))" PROMETHEUS="$$(.ci/prometheus $(VENV)/.prometheus)" PYTHONDONTWRITEBYTECODE= \
	  exec $(BIN)/python -m pytest -n 3

matrix: ## Run the tests without a browser on each of Python 3.11 to 3.13 that is installed
	@exec .ci/matrix 3.11 3.12 3.13

faults: $(TESTS) ## Kill processes for half an hour or more: FAULT_WRITES=10000 FAULT_KILLS=200 unless set
	@FAULT_WRITES=$${FAULT_WRITES:-10000} FAULT_KILLS=$${FAULT_KILLS:-200} exec $(BIN)/python -m pytest -s --timeout=7200 tests/faults

fuzz: $(TESTS) ## Call every operation of the REST API at random: CONTRACT_EXAMPLES=100 unless set
	@CONTRACT_EXAMPLES=$${CONTRACT_EXAMPLES:-100} exec $(BIN)/python -m pytest -n 2 tests/api/test_contract.py

bench: $(TESTS) ## Measure beside a limit and a FastAPI template; needs a quiet machine
	@CHROMIUM="$$(.ci/chromium $(BIN))" exec $(BIN)/python -m benchmarks

cluster: $(TESTS) ## Put load on two web replicas and two workers behind nginx, and restart them meanwhile
	@exec $(BIN)/python -m benchmarks.cluster

# The first commit whose code serves on a newer schema.
upgrade-test: $(TESTS) ## Upgrade an earlier commit to this one under load: UPGRADE_FROM=COMMIT
	@UPGRADE_FROM=$${UPGRADE_FROM:-7a5d337db04748497be577895bce58581ac6bd9d} exec $(BIN)/python -m pytest -s tests/upgrade

image-test: $(TESTS) sbom ## Build the image with buildah and use it as deploy/compose.yaml does; as root on Debian, twenty minutes
	@exec $(BIN)/python .ci/image-test

client: $(TESTS) ## Generate the types and operations of the Python client from the OpenAPI document
	@PYTHONPATH=. $(BIN)/python clients/python/generate_client.py

messages: $(TESTS) ## Take the messages of the sources into the catalogues of tca_app/languages
	@$(BIN)/python .ci/messages update

check: $(TESTS) ## Format, lint, types, import rules, translations, and whether the migrations match the models
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@$(BIN)/biome check --log-level=error --error-on-warnings
	@$(BIN)/mypy
	@found=$$(PYTHONPATH=. $(BIN)/lint-imports --no-cache) || { echo "$$found"; exit 1; }
	@$(BIN)/python .ci/messages check
	@$(BIN)/python -m tca_app check-migrations

lock: $(TOOLS)/bin/uv ## Resolve requirements*.txt into the locks with hashes; newest versions with UPGRADE=--upgrade
	@exec .ci/lock $(TOOLS)/bin/uv $(UPGRADE)

audit: $(TOOLS)/bin/uv $(RUNS) ## Ask for known faults of the pinned packages; STRICT=--strict fails when nobody answers
	@exec .ci/audit $(TOOLS)/bin/pip-audit $(BIN)/npm $(STRICT)

sbom: $(TOOLS)/bin/uv $(RUNS) ## List the packages of the image in dist/, as CycloneDX
	@PATH=$(CURDIR)/$(BIN):$$PATH exec .ci/sbom $(TOOLS)/bin/cyclonedx-py dist

$(BIN)/python:
	@.ci/venv $(PYTHON) $(VENV)

$(RUNS): requirements.lock | $(BIN)/python
	@echo "Installing $<"
	@$(PIP) install --no-compile --require-hashes -r $< && touch $@

$(TESTS): requirements-dev.lock $(RUNS)
	@echo "Installing $<"
	@$(PIP) install --no-compile --require-hashes -r $< && touch $@

$(TOOLS)/bin/uv: .ci/tools.txt | $(BIN)/python
	@.ci/venv $(PYTHON) $(TOOLS) && $(TOOLS)/bin/python -m pip --disable-pip-version-check -q install -r $< && touch $@
