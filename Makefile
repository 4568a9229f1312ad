# Everything a person runs by hand. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	&& echo $$p && break; done)

# With a CUDA compiler and a GPU llama.cpp is built for it; else for this machine's CPU.
GPU := $(shell command -v nvcc >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU && echo yes)
ifeq ($(GPU),yes)
LLAMA_FLAGS := -DGGML_CUDA=on
LLAMA_FOR := the GPU (CUDA)
else
LLAMA_FLAGS := -DGGML_CUDA=off
LLAMA_FOR := this machine's CPU
endif

.PHONY: help serve install test lint format types check train bench clean

help: ## List these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(STAMPS)/installed ## Install what is missing and serve on http://127.0.0.1:8000
	@$(BIN)/command-interpreter serve

install: $(STAMPS)/installed ## Make the virtual environment with the pinned dependencies

test: lint types ## Set up, lint, check types, and run the whole test suite
	$(BIN)/python -m pytest

lint: $(STAMPS)/developing ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMPS)/developing ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(STAMPS)/developing ## Check types
	$(BIN)/python -m mypy

train: $(STAMPS)/developing ## Dataset, fine-tuning, export and report, on a CUDA machine
	$(BIN)/command-interpreter-train all

bench: $(STAMPS)/developing ## Measure start, memory and latency of the service
	$(BIN)/python -m benchmarks.service

clean: ## Remove the virtual environment
	rm -rf $(VENV)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv python3-dev"; exit 1; }
	@command -v cc >/dev/null && command -v c++ >/dev/null || { echo "A C and C++ compiler is needed: apt-get install build-essential"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "venv is needed: apt-get install python3-venv"; exit 1; }

# torch first: the constraint names the one build, and nothing later may pull another.
$(STAMPS)/llama: constraints.txt | $(BIN)/python
	@mkdir -p $(STAMPS)
	@echo "== Installing torch"
	$(PIP) install --progress-bar on -c constraints.txt torch
	@echo "== Building llama.cpp for $(LLAMA_FOR): some minutes, once"
	CMAKE_BUILD_PARALLEL_LEVEL=$$(nproc) CMAKE_ARGS="$(LLAMA_FLAGS) -DLLAVA_BUILD=OFF" \
		$(PIP) install -c constraints.txt llama-cpp-python
	@touch $@

$(STAMPS)/installed: $(STAMPS)/llama pyproject.toml
	@echo "== Installing the service"
	$(PIP) install --progress-bar on -c constraints.txt -e .
	@touch $@

$(STAMPS)/developing: $(STAMPS)/installed
	@echo "== Installing what tests and training need"
	$(PIP) install --progress-bar on -c constraints.txt -e '.[dev]'
	@touch $@
