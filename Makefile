# What a developer runs. `make` alone lists it.
# A fresh machine needs make, Python 3.11 or newer, and a package index that pip can reach.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test kill fuzz faults soak-model crash-sweep simulate storm lint lock clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## set up .venv from requirements.lock; quick when nothing changed

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it: make install PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name a newer one: make install PYTHON=python3.11" >&2; exit 1; }
	@echo "Setting up $(VENV); the first time takes a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $(STAMP)

demo: install ## play a story through the whole bridge, no account needed
	$(BIN)/handoff demo $(ARGS)

test: install ## run every test; ARGS="-k roster" narrows it
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

kill: install ## kill and freeze processes, servers and disks during 300 handoffs each, and count; seven minutes
	HANDOFF_KILL_HANDOFFS=300 $(BIN)/python -m pytest -s tests/processes $(ARGS)

# A run is repeated by its seed: make fuzz SEED=4711
ifndef SEED
SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
endif
TIMES ?= 50

fuzz: install ## throw TIMES=50 times as much at every border as the tests do, and print the seed
	@echo "seed $(SEED)"
	HYPOTHESIS_PROFILE=dev HANDOFF_FUZZ_TIMES=$(TIMES) $(BIN)/python -m pytest tests/fuzz --hypothesis-seed=$(SEED) $(ARGS)

faults: install ## write docs/faults.md anew from the tests that show each fault
	$(BIN)/python tests/faults/fault_table.py

# Two processes, one for each half of the sequences. `make soak-model HANDOFF_MODEL_SEED=…` plays the same ones again.
soak-model: install ## 10,000 random sequences of everything that can happen, against the model; half an hour and more
	@seed=$${HANDOFF_MODEL_SEED:-$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(10**9))')}; \
	echo "HANDOFF_MODEL_SEED=$$seed"; \
	HANDOFF_MODEL_SEED=$$seed HANDOFF_MODEL_SEQUENCES=$${HANDOFF_MODEL_SEQUENCES:-10000} \
		$(BIN)/python -m pytest -n 2 tests/model -k ten_rules $(ARGS)

crash-sweep: install ## let the bridge die at every place of the main story, on both stores; HANDOFF_SWEEP=whole plays on from each
	HANDOFF_SWEEP=$${HANDOFF_SWEEP:-states} $(BIN)/python -m pytest -n 2 --dist worksteal tests/sweep $(ARGS)

simulate: install ## play a day of 2,000 handoffs in virtual time; ARGS="--seed 7"
	$(BIN)/handoff simulate --day $(ARGS)

storm: install ## 2,000 handoffs at once against a limit of 700 calls a minute, in virtual time
	$(BIN)/python bench/storm.py $(ARGS)

lint: install ## ruff and strict mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# uv is not part of the set-up: only whoever changes a dependency needs it.
UV = $(firstword $(wildcard $(BIN)/uv) uv)

lock: ## write requirements.lock anew from pyproject.toml; ARGS=--upgrade for newer ones
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	$(UV) pip compile --quiet --extra dev --generate-hashes --universal --no-emit-index-url --no-header \
		--python-version 3.11 pyproject.toml -o requirements.lock $(ARGS)

clean: ## remove .venv, caches and builds; stores stay
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
