# Everything a newcomer needs: `make demo`, `make test`. PYTHON=python3.13 chooses another Python.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Each target installs what it needs of pyproject.toml's groups, and no more: `demo` needs none of them.
# pip knows groups from 25.1 on, and Debian's is older.
# EXTRAS=each is for the CPythons on which a part of the tests runs (.ci/pythons.toml).
EXTRAS = test
TESTS = $(VENV)/.has-$(EXTRAS)
comma = ,
groups = $(filter-out pykcov,$(subst $(comma), ,$1))
C_SOURCES = $(wildcard src/pykcov/*/csrc/*)

.DEFAULT_GOAL = help
.PHONY: help install demo test check bench soak fuzz asan tsan refcounts docs docs-site release clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "pykcov needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	    || { echo "no venv: apt-get install python3-venv python3-dev gcc make"; exit 1; }

$(VENV)/.has-%: $(BIN)/python pyproject.toml setup.py $(C_SOURCES)
	@echo "installing pykcov$(if $(call groups,$*), and the packages of $*) into $(VENV)"
	@$(if $(call groups,$*),$(BIN)/pip install --quiet --disable-pip-version-check 'pip>=25.1')
	@$(BIN)/pip install --quiet --disable-pip-version-check -e . $(foreach group,$(call groups,$*),--group $(group)) \
	    || { echo "to build, pykcov needs: apt-get install python3-venv python3-dev gcc make"; exit 1; }
	@touch $@

install: $(TESTS) ## set up .venv with pykcov and what its tests need

demo: $(VENV)/.has-pykcov ## trace a parser of the standard library, and a system call of a C program
	@$(BIN)/python examples/demo.py

test: $(TESTS) ## run the tests
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.has-test,check ## ruff and strict mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/.has-test,bench ## measure what pykcov costs, beside its alternatives (docs/performance.md); ARGS=--quick
	@$(BIN)/python -m bench $(ARGS)

soak: $(TESTS) ## the long forms of the tests
	@PYKCOV_SOAK=1 $(BIN)/python -m pytest tests/live tests/roundtrip tests/guest tests/service tests/report

fuzz: $(TESTS) ## bytes that nobody would send, for all that reads some: ARGS="--target store --seconds 60"
	@$(BIN)/python -m tests.fuzz $(ARGS)

asan: $(TESTS) ## the C core's tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@bash tests/sanitize.sh address $(BIN)/python

tsan: $(TESTS) ## the C core's tests of threads under ThreadSanitizer; tests/sanitize.sh says which can't
	@bash tests/sanitize.sh thread $(BIN)/python

refcounts: $(TESTS) ## the C core's tests under a debug build of CPython (DEBUG_PYTHON), if there is one
	@bash tests/sanitize.sh refcounts $(BIN)/python

docs: $(TESTS) ## update generated pages, and the figures that pages quote
	@$(BIN)/python -m docs.generate

docs-site: $(VENV)/.has-docs ## build the documentation site into build/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

release: $(VENV)/.has-release ## build an sdist and wheels into dist/, and check them; ARGS="cp313-manylinux" for some
	@$(BIN)/python .ci/wheels.py $(ARGS)

clean: ## remove what was built
	rm -rf $(VENV) build dist src/*.egg-info src/pykcov/*/*.so
