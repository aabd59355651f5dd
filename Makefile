# Every target sets up what it needs, in .venv, from Python 3.11 or newer. Start with `make demo`.

SHELL := /bin/sh
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The first Python that is new enough and can make a virtual environment; `make PYTHON=…` overrides.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)

# The same examples in every run of the whole suite; `HYPOTHESIS_PROFILE=dev` looks for new ones.
HYPOTHESIS_PROFILE ?= ci
export HYPOTHESIS_PROFILE

.PHONY: help demo test check generate format bench clean
.DELETE_ON_ERROR:

help: ## say what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r target text; \
		do printf 'make %-10s %s\n' "$$target" "$$text"; done

demo: .venv/.program ## tell the story of an endpoint's life in a temporary workspace
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: .venv/.test ## run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: .venv/.dev ## all that CI asks for: style, types, generated files, tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m tests.generate --check
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

generate: .venv/.test ## write what is generated: schemas, the table of rules, the README's picture
	$(BIN)/python -m tests.generate

format: .venv/.dev ## lay out the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Some words for it, `make bench BENCH=--quick` say; BENCH=--help tells them all.
BENCH ?=

bench: .venv/.bench ## measure sipctl beside its peers, for benchmarks/results.md
	$(BIN)/python -m benchmarks $(BENCH)

clean: ## take away what the targets made
	rm -rf .venv build .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "sipctl needs Python 3.11 or newer with the module venv (on" \
		"Debian: apt-get install python3-venv); name another one with make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "sipctl needs Python 3.11 or newer; $(PYTHON) is older" >&2; exit 1; }
	@echo "setting up .venv with $$($(PYTHON) --version)"
	@"$(PYTHON)" -m venv --clear .venv

.venv/.program: .venv/bin/python pyproject.toml
	@$(PIP) install --editable .
	@touch $@

.venv/.test: .venv/.program
	@$(PIP) install --editable '.[all,test]'
	@touch $@

.venv/.dev: .venv/.test
	@$(PIP) install --editable '.[all,test,dev]'
	@touch $@

.venv/.bench: .venv/.program .venv/peers/.installed
	@$(PIP) install --editable '.[bench]'
	@touch $@

# What sipctl is compared with, apart from it, so that neither pins the other's libraries.
.venv/peers/.installed: .venv/bin/python benchmarks/peers.txt
	@$(BIN)/python -m venv --clear .venv/peers
	@.venv/peers/bin/python -m pip --disable-pip-version-check --quiet install \
		--requirement benchmarks/peers.txt
	@touch $@
