# Everything runs in .venv, which the first target that needs it makes from requirements.lock.
# PYTHON=/path/to/python chooses the interpreter (3.11 to 3.13).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
# Each worker of the tests has servers of its own; a file's tests go to one of them.
WORKERS ?= 2
READY := .venv/ready
RUN := .venv/bin/python -m

.PHONY: help fmt lint types arch test demo bench up down status lock clean broker

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A PYTHON that is asked for is looked at every time; the script sees whether there is anything to do.
ifneq ($(PYTHON),)
.PHONY: $(READY)
endif
$(READY): requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" sh deploy/venv.sh

broker: $(READY) ## install rabbitmq-server if it is missing
	@$(RUN) deploy.install_rabbitmq

fmt: $(READY) ## format the code and mend what can be mended
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

lint: $(READY) ## ruff: rules and format
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(READY) ## mypy --strict
	$(RUN) mypy

arch: $(READY) ## who may import whom
	.venv/bin/lint-imports --no-logo

test: lint types arch broker ## all checks and all tests
	$(RUN) pytest -n $(WORKERS) --dist loadfile

demo: broker ## one day of the community on a stack of its own, and the proof
	$(RUN) deploy.demo

bench: broker ## speed and memory, beside limits and peers
	$(RUN) tests.load

up: broker ## start the stack in the background, or what is missing of it
	@$(RUN) deploy.cli up

down: $(READY) ## stop it; data stays
	@$(RUN) deploy.cli down

status: $(READY) ## what runs
	@$(RUN) deploy.cli status

lock: $(READY) ## remake requirements.lock from pyproject.toml
	$(RUN) uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## remove .venv and caches; never data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis \
		build linli.egg-info
	find . -name __pycache__ -type d -prune -not -path './.git/*' -exec rm -rf {} +
