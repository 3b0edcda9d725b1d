# The two commands of a fresh clone are `make demo` and `make test`; every target does its own set-up.

# The first python3 on the path that is 3.11 to 3.13; `make PYTHON=/path/to/python3.12 test` overrides it.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
VENV := .venv
# Which tests, as pytest's -m takes it: all but those that take minutes each.
TESTS ?= not slow
INSTALLED := $(VENV)/.installed
RUN := $(CURDIR)/$(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check soak slow reference constraints clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  make \1\t\2/p' Makefile

demo: $(INSTALLED)  ## rebalance the example radiographs, end to end, into demo/ (minutes, offline)
	$(RUN)/medsynth demo --out demo

test: $(INSTALLED)  ## the tests (ten minutes on two cores)
	OMP_NUM_THREADS=1 $(RUN)/pytest -m "$(TESTS)" -n auto --dist worksteal

check: $(INSTALLED)  ## format, lint, types, tests with the coverage figure
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/pytest -m "not slow" --cov --cov-report=term:skip-covered

slow: $(INSTALLED)  ## the tests that take minutes each
	$(RUN)/pytest -m slow || test $$? -eq 5

soak: $(INSTALLED)  ## kills, faults and fuzzed inputs, fifty times as many as in make test
	$(RUN)/pytest -m soak --repeat 50 --timeout 3600 || test $$? -eq 5

reference: $(INSTALLED)  ## write docs/reference.md anew from the docstrings
	$(RUN)/python docs/reference.py

constraints: $(INSTALLED)  ## write the versions of this environment into constraints.txt
	{ head -n 1 constraints.txt; $(RUN)/pip freeze --exclude-editable | grep -vE '^(editables|pip|uv)=='; } > constraints.new
	mv constraints.new constraints.txt

clean:  ## remove the environment and what was built
	rm -rf $(VENV) build dist

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "medsynth-aug needs Python 3.11, 3.12 or 3.13, and none was found on the path;" \
	  "install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13; name one that is: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks the venv module;" \
	  "on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@
