# Needs python3 (3.11 or newer) and make; everything else is put into .venv.
#
#   make demo       record, replay, compare and verify a real training, about a minute
#   make examples   the stories of examples/, a quarter of an hour; needs the package index. STORIES=random_seeds is one
#   make test       the tests of every day, ten minutes, and the checks of make lint; HYPOTHESIS=explore tries
#                   other examples
#   make slow       those that take longer: eleven minutes
#   make network    those that need the package index
#   make programs   real programs, run bare, watched by strace and recorded: five minutes; what they need and
#                   the machine lacks (strace, a C compiler, Debian's archive and its python3-torch) is said
#   make bench      the measurements alone: ten minutes; BENCH_FULL=1: with a search of 1,000 trials, some more
#   make test-all   all of these; minutes are those of two processors that do nothing else
#   make peers      what other tools record of one small project, each in an environment of its own: ten minutes
#   make lint       ruff, mypy, import-linter
#   make readme     put today's output of their commands into the README and those of the examples
#   make vectors    write the test vectors and the tables of the format (nothing should change)
#   make clean      remove what was made here

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
TUNING = $(VENV)/.tuning
WORKERS ?= 2
STORIES ?= $(filter-out digits, $(notdir $(patsubst %/,%,$(dir $(wildcard examples/*/demo.sh)))))
PYTEST = $(BIN)/python -m pytest

.PHONY: help setup demo examples test test-all slow network programs peers bench lint format readme vectors clean

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is missing or older than 3.11" >&2; \
	  echo "hint: name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  rm -rf $(VENV); command -v uv >/dev/null && uv venv --quiet --seed --python $(PYTHON) $(VENV); } || { \
	  echo "error: $(PYTHON) cannot make a virtual environment" >&2; \
	  echo "hint: on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	@echo "installing into $(VENV)" >&2
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --editable '.[demo]' --group dev
	@touch $@

# What the measurements of samplers are held against: their problems, which the tests of every day do without.
$(TUNING): $(READY)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --group tuning && touch $@ || \
	  echo "warning: the group tuning cannot be installed: samplers are compared on fewer problems" >&2

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV=$(CURDIR)/$(VENV) sh examples/digits/demo.sh

examples: $(READY)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --editable '.[examples]'
	@for each in $(STORIES); do echo; echo "== $$each =="; PATH="$(CURDIR)/$(BIN):$$PATH" \
	  VIRTUAL_ENV=$(CURDIR)/$(VENV) sh examples/$$each/demo.sh || exit 1; done

test: lint
	$(PYTEST) -n $(WORKERS) -q -m 'not slow and not network and not bench'

test-all: lint $(TUNING)
	$(PYTEST) -n $(WORKERS) -q -m 'not bench and not programs'
	$(PYTEST) -q -m 'bench or programs'

slow: $(READY)
	$(PYTEST) -n $(WORKERS) -q -m 'slow and not network and not bench'

network: $(READY)
	$(PYTEST) -q -m 'network and not bench and not programs'

programs: $(READY)
	$(PYTEST) -q -m programs

peers: $(READY)
	$(BIN)/python tests/peers/measure.py

bench: $(TUNING)
	$(PYTEST) -q -s -m bench $(AGAIN)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

readme: $(READY)
	$(BIN)/python tests/cli/readme_tour.py
	$(BIN)/python tests/cli/stories.py

vectors: $(READY)
	for each in codec_vectors journal_vectors series_vectors pack_vectors remote_vectors proof_vectors proposal_vectors format_tables; do $(BIN)/python tests/golden/$$each.py || exit 1; done

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
