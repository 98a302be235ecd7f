# Two commands for a newcomer: `make demo` and `make test`. Everything lives in .venv; nothing needs root.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test check lint clean

setup: .venv/.ready

.venv/.ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup  ## Collect a sample web, score it, write the report and serve the overview page
	$(BIN)/oyez demo

test: setup  ## All tests
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: setup  ## The fast tests only
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow and not browser"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
