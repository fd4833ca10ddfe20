# The commands of this project. A fresh machine needs Python 3.11 or newer, pip and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test check docs format lock sbom release image-check try clean

install: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
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

docs: install  ## the documentation as a site, in var/site; fails where a link leads nowhere
	$(BIN)/python -m website

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/gateway config schema > .schema.json && mv .schema.json docs/reference/config.schema.json
	$(BIN)/gateway config reference > .reference.md && mv .reference.md docs/reference/config.md

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate --generate-hashes --no-strip-extras --quiet
lock: install  ## after a change of pyproject.toml: versions and hashes of what tests, builds and runs this project
	$(LOCK) --group dev -o requirements.lock
	$(LOCK) --constraint requirements.lock -o deploy/run.lock
	$(BIN)/uv pip compile --group build --constraint requirements.lock --universal --python-version 3.11 --no-header --no-annotate --generate-hashes --no-strip-extras --quiet -o deploy/build.lock

sbom: install  ## what the image and the servers run, as CycloneDX
	deploy/sbom $(BIN) dist/sbom.cdx.json

release: sbom  ## what goes to servers: the wheel, the lock file, the files of deploy/
	deploy/release $(BIN) dist

image-check:  ## carries out the Dockerfile in chroots and tries the image; needs root and debootstrap
	deploy/check_image.py

try: install  ## follows the quick start and docs/deployment.md on machines of Debian; needs root, debootstrap, systemd-nspawn
	$(BIN)/python deploy/try/quick_start.py
	$(BIN)/python deploy/try/deployment.py

clean:
	rm -rf .venv var secrets dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
