# The commands of this project. A fresh machine needs Python 3.11 or newer, pip and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test check format clean

install: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: install  ## everything on this machine: two environments, each with gateway, ACM and register
	exec $(BIN)/python -m simulator demo

test: install  ## all tests; what the machine lacks (browser, redis) is skipped with a reason
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --fail-on-leaks

check: install  ## format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/gateway config schema > .schema.json && mv .schema.json docs/reference/config.schema.json
	$(BIN)/gateway config reference > .reference.md && mv .reference.md docs/reference/config.md

clean:
	rm -rf .venv var secrets .mypy_cache .ruff_cache .pytest_cache .hypothesis
