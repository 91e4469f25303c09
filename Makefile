# The two commands are `make book` and `make test`; `make help` lists the rest.
#
#   PYTHON=python3.12   another Python (3.10 to 3.13) for the environment
#   TORCH_INDEX=https…  an index with CPU-only builds of PyTorch, much smaller on Linux than the
#                       default with CUDA; its address stands on PyTorch's "Get started" page

PYTHON ?= python3
TORCH_INDEX ?=

BIN := .venv/bin
READY := .venv/.ready
WRONG_PYTHON = This book needs Python 3.10 to 3.13, and $(PYTHON) is %s: \
name another one, for example: make book PYTHON=python3.12

.DEFAULT_GOAL := help
.PHONY: help book test lint repository clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(READY) ## Make the environment, run every notebook and build the HTML book
	@$(BIN)/python tools/build_book.py

test: $(READY) ## Run all tests: code, notebooks, the book and its pages in a browser
	@$(BIN)/python -m pytest

lint: $(READY) ## Mend the style of the code and strip the outputs of the notebooks
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/nbstripout --keep-id book/*.ipynb
	@echo "What was mended stands in the working tree: git diff"

repository: ## After a fork: URL=https://github.com/me/fork goes into every file that names it
	@$(PYTHON) tools/set_repository.py "$(URL)"

clean: ## Remove the built book and the caches; the environment in .venv stays
	@rm -rf _build .pytest_cache .ruff_cache seglib.egg-info build
	@find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
	@echo "Removed what was built; the environment is still in $(CURDIR)/.venv"

# PyTorch comes first: pulled in by another package it can be another, larger build.
$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.10 to 3.13."; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 13) else "$(WRONG_PYTHON)" % sys.version.split()[0])'
	@echo "Making the environment in $(CURDIR)/.venv (a few minutes, the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=23.1"
	$(BIN)/python -m pip install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' requirements.txt)"
	$(BIN)/python -m pip install -r requirements.txt
	@touch $@
	@echo "The environment is ready: $(CURDIR)/.venv"
