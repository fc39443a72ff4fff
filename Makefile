# Every target sets up what it needs by itself: a bare python3 (3.11 or newer, with venv)
# is enough. PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP_INSTALL := -m pip install -qq --disable-pip-version-check
EXTRAS := test,types,docs,bench,io,plot,cli,demo

.PHONY: help setup demo test quick lint docs bench tables types dist lock test-seeds test-oldest test-torch test-browser clean
.DELETE_ON_ERROR:

help:
	@echo "make demo         100 chosen rows against 1,000 random ones, and a report"
	@echo "make test         everything that must hold: style, types, docs, tests"
	@echo "make quick        all tests but the slow ones, on two processes"
	@echo "make docs         build the documentation into docs/_build/html"
	@echo "make bench        measure; see benchmarks/README.md"
	@echo "make types        check the code of README.md and the guide with pyright and mypy"
	@echo "make tables       renew what is made from the classes: README, stub, command line"
	@echo "make dist         build the distributions and try them in fresh environments"
	@echo "make lock         renew constraints.txt"
	@echo "make test-seeds   the statistical tests ten times, on other random numbers"
	@echo "make test-oldest  run the tests with the oldest versions setup.cfg allows"
	@echo "make test-browser the report and the documentation in Debian's chromium"
	@echo "make test-torch   the samplers in torch, Lightning and datasets (a heavy download)"
	@echo "make clean        remove environments and build results"

setup: $(STAMP)

# setuptools comes from constraints.txt too, hence no build isolation. The table of the
# demo is fetched here, so that the demo itself needs no network.
$(STAMP): setup.cfg pyproject.toml constraints.txt
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt setuptools
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt --no-build-isolation -e '.[$(EXTRAS)]'
	@$(BIN)/python -c 'import benchmarks.data as d; d.fetch("diamonds")' 2> /dev/null || true
	@touch $@

demo: $(STAMP)
	@$(BIN)/python tools/demo.py

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/asv --config benchmarks/asv.conf.json check --python=same

types: $(STAMP)
	@$(BIN)/python -m tools.check_types

docs: $(STAMP)
	@$(BIN)/python -m sphinx -W --keep-going --quiet -E -b html docs docs/_build/html
	@echo "The documentation lies in docs/_build/html/index.html"

# Tests that depend on linear algebra, run again where it rounds differently.
NUMERICAL := $(addprefix tests/, certificates clustering coverage _kernels kernel_means linalg metrics \
  neighbors transport vectorsum selectors/test_logistic.py test_losses.py)

# The tests of kernels also run as plain Python, and the numerical ones under another BLAS
# without SIMD. The full suite comes last. Two processes run the tests.
test: lint types docs
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --quiet tests/_kernels
	@env $$($(BIN)/python tools/other_kernel.py) $(BIN)/python -m pytest --quiet -n 2 $(NUMERICAL)
	@$(BIN)/python -m pytest --quiet -n 2

quick: $(STAMP)
	@$(BIN)/python -m pytest --quiet -n 2 -m "not slow" tests

bench: $(STAMP)
	@$(BIN)/python -m benchmarks.must_reach
	@cd benchmarks && ../$(BIN)/asv machine --yes > /dev/null
	@cd benchmarks && ../$(BIN)/asv run --python=same --quick --show-stderr

tables: $(STAMP)
	@$(BIN)/python -m tools.readme
	@$(BIN)/python -m tools.stub
	@$(BIN)/python -m tools.methods

dist: $(STAMP)
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt build
	@$(BIN)/python -m tools.dist

# A fresh environment with the newest of everything, written down.
lock:
	@rm -rf .venv-lock
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python $(PIP_INSTALL) --upgrade setuptools
	@.venv-lock/bin/python $(PIP_INSTALL) --no-build-isolation -e '.[$(EXTRAS),browser,dask]'
	@.venv-lock/bin/python tools/lock.py > constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@rm -rf .venv-lock
	@echo "constraints.txt is renewed; now run: make test"

# Each number gives other random streams (tests/conftest.py). A test with |z| < 4.5 can
# fail by chance: about one of fifteen such loops has a failure that means nothing.
test-seeds: $(STAMP)
	@failed=0; for seed in 1 2 3 4 5 6 7 8 9 10; do \
	  echo "CORESELECT_TEST_SEED=$$seed"; \
	  CORESELECT_TEST_SEED=$$seed $(BIN)/python -m pytest --quiet -n 2 -m statistical tests \
	  || failed=1; done; exit $$failed

test-oldest:
	@rm -rf .venv-oldest
	@$(PYTHON) -m venv .venv-oldest
	@$(PYTHON) tools/oldest.py setup.cfg > .venv-oldest/oldest.txt
	@.venv-oldest/bin/python $(PIP_INSTALL) 'setuptools>=77'
	@.venv-oldest/bin/python $(PIP_INSTALL) --no-build-isolation -c .venv-oldest/oldest.txt -e '.[test]'
	@.venv-oldest/bin/python -m pytest --quiet tests

# The CPU build of torch where pip finds one, else any; TORCH_OPTIONS may name an index.
TORCH_OPTIONS ?=

test-torch:
	@test -x .venv-torch/bin/python || $(PYTHON) -m venv .venv-torch
	@.venv-torch/bin/python -c 'import torch' 2> /dev/null \
	  || .venv-torch/bin/python $(PIP_INSTALL) $(TORCH_OPTIONS) torch==2.13.0+cpu \
	  || .venv-torch/bin/python $(PIP_INSTALL) $(TORCH_OPTIONS) torch==2.13.0
	@.venv-torch/bin/python $(PIP_INSTALL) 'setuptools>=77' lightning datasets pytest
	@.venv-torch/bin/python $(PIP_INSTALL) --no-build-isolation -e .
	@.venv-torch/bin/python -m pytest --quiet tests_torch

# Pictures of the pages stay in browser-shots, to be looked at.
test-browser: $(STAMP)
	@command -v chromium > /dev/null && command -v chromedriver > /dev/null || \
	  { echo "This needs chromium: apt-get install chromium chromium-driver"; exit 1; }
	@$(BIN)/python -c 'import selenium' 2> /dev/null \
	  || $(BIN)/python $(PIP_INSTALL) -c constraints.txt --no-build-isolation -e '.[browser]'
	@$(BIN)/python -m pytest --quiet tests_browser

clean:
	@rm -rf .venv .venv-lock .venv-oldest .venv-torch build dist demo-output browser-shots docs/_build docs/auto_examples docs/generated
