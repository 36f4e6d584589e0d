# Everything a user or contributor types. Each target makes the environment that it needs.
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
# The first of these that is Python 3.11 or newer makes the environment; PYTHON=... overrides.
FIND_PYTHON = for p in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; exit 0; fi; done; echo "No Python 3.11 or newer found. Install one, or: make PYTHON=/path/to/python ..." >&2; exit 1

.PHONY: help quickstart test check docs notebooks bench bench-smoke verify clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(PY):
	@python=$$($(FIND_PYTHON)) && $$python -m venv $(VENV)
	@$(PY) -m pip install --quiet --upgrade "pip>=25.1"

# One stamp per set of dependencies: a change of pyproject.toml installs again, nothing else does.
$(VENV)/.installed: $(PY) pyproject.toml
	$(PY) -m pip install --quiet --editable ".[plots]"
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(PY) -m pip install --quiet --group $*
	@touch $@

quickstart: $(VENV)/.installed  ## the main job on real data: CDNOW's customers valued, scored and segmented
	$(PY) notebooks/quickstart.py

test: $(VENV)/.installed-test  ## every test, doctests included
	$(PY) -m pytest -q -n auto

check: $(VENV)/.installed-test $(VENV)/.installed-check  ## ruff, strict mypy, import floors
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/test_architecture.py

docs: $(VENV)/.installed-test $(VENV)/.installed-docs  ## the site in docs/_build/html; warnings are errors
	ln -sfn ../notebooks docs/notebooks
	$(PY) -m sphinx -W --keep-going -j auto -b html docs docs/_build/html

notebooks: $(VENV)/.installed-test $(VENV)/.installed-docs  ## executed .ipynb beside each notebook script
	$(PY) -m jupytext --to ipynb --execute notebooks/*.py

bench: $(VENV)/.installed-test  ## speed and memory against other libraries, minutes
	for script in benchmarks/[a-z]*.py; do $(PY) $$script || exit 1; done

bench-smoke: $(VENV)/.installed-test  ## every benchmark once, on small data
	for script in benchmarks/[a-z]*.py; do $(PY) $$script --smoke || exit 1; done

verify: $(VENV)/.installed-test  ## the heavy proofs: simulation, quadrature, 50-digit arithmetic
	for script in benchmarks/accuracy/[a-z]*.py; do $(PY) $$script || exit 1; done

clean:  ## remove the environment and everything built
	rm -rf $(VENV) docs/_build docs/reference/generated docs/notebooks notebooks/output .pytest_cache .mypy_cache .ruff_cache .hypothesis
