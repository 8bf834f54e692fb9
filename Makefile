# `make run` and `make test` need Python 3.11 or newer and make; they set everything else up in .venv.
# Another Python: make PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: all run docs dist test slow ray browser remote format lint types fix rules-readme setup clean help

all: format lint types test  ## what must be green before a change goes in (the default)

run: $(STAMP)  ## clean seeds/ into out.parquet, with its report in out.report/
	$(BIN)/cleanse run seeds/ out.parquet

test: $(STAMP)  ## all tests but the slow ones
	$(BIN)/pytest -q -n auto -m "not slow"

slow: $(STAMP)  ## the slow tests
	$(BIN)/pytest -q -n auto -m "slow and not ray"

ray: $(STAMP)  ## runs on a cluster of Ray with two nodes on this machine, one of which is killed
	$(INSTALL) ray
	$(BIN)/pytest -q -m ray tests/test_cluster.py

browser: $(STAMP)  ## reviews in a real browser: needs chromium on the machine
	$(INSTALL) playwright
	$(BIN)/pytest -q -m slow tests/test_review_browser.py

remote: $(STAMP)  ## addresses such as s3://, against servers that run here
	$(INSTALL) --no-build-isolation --editable '.[remote]' 'moto[s3]' flask flask-cors
	$(BIN)/pytest -q tests/test_remote.py

format: $(STAMP)  ## is the code formatted?
	$(BIN)/ruff format --check .

lint: $(STAMP)  ## does the code keep the house rules?
	$(BIN)/ruff check .

types: $(STAMP)  ## do the types hold?
	$(BIN)/mypy

fix: $(STAMP)  ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

dist: $(STAMP)  ## build wheel and sdist into dist/, and try each in a clean environment
	rm -rf dist
	$(BIN)/hatchling build
	for built in dist/*; do $(BIN)/python tests/try_dist.py $$built || exit 1; done

docs: $(STAMP)  ## the site of the documentation, into site/: open site/index.html
	$(INSTALL) --no-build-isolation --editable '.[docs]'
	$(BIN)/python docs/site/build.py
	$(BIN)/mkdocs build --strict --quiet --config-file build/mkdocs.yml

rules-readme: $(STAMP)  ## write rules/README.md anew from the rules
	$(BIN)/python -m cleanse.catalogue.pages rules/README.md

setup: $(STAMP)  ## only set up .venv

# Renewed when it is older than what it is made from.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) here: install Python 3.11 or newer, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old: name Python 3.11 or newer: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) cannot make environments: install its venv package (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) hatchling
	@$(INSTALL) --no-build-isolation --editable '.[dev]'
	@touch $@

clean:  ## take away .venv, caches and the output of `make run`
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build site dist out.parquet out.report out.work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16
