# Every target makes the environment that it needs, in .venv; Python 3.11 or newer, make and a package index suffice.
#
#   make demo         the whole way on the example accounts, against a mail server of its own
#   make test         all tests
#   make test-system  the tests that need programs beside Python; .ci/run installs these
#   make check        style, types, layers, generated files
#   make playground   the example project to try things out in, with a mail server that stays
#   make dist         build the package into dist/, and check what the index would be given
#   make zipapp       make dist/reconciler.pyz, one file with all that it needs
#   make sbom         write the bill of materials of what is installed, as CycloneDX, into dist/
#   make site         build the documentation as a site into build/site, warnings as errors
#   make bench        how long plans and start-up take; 100,000 accounts too with BENCH_ARGS=--large
#   make test-range   the tests that hang on versions, with the lowest and the newest of every package, on each Python found
#   make coverage     all tests, and which branches they leave out
#   make mutants      whether the planner's tests notice every small mistake in it; see docs/mutants.md
#   make screenshots  take the pictures of the documentation anew, in Chromium
#   make generate     write schemas/, docs/reference/ and the outputs shown in the documentation anew
#   make lock         choose the versions of the environments anew: the newest that pyproject.toml allows
#   make clean        remove .venv and everything else that was made
#
# Another Python:  make PYTHON=python3.13 test.   Some tests only:  make test PYTEST_ARGS='-k rename -n 0'
# One run of a range only:  make test-range RANGES='lowest@oldest newest@3.13'
# The versions stand in locks/. uv installs them where it is on the path, pip where it is not:  make UV= test

.DEFAULT_GOAL := help
.PHONY: help demo test test-system test-range lock dist zipapp sbom site playground bench coverage mutants screenshots generate clean
.PHONY: check check-style check-format check-types check-layers check-generated check-dist check-site
.SUFFIXES:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# What an active environment or the user's settings of pip and uv would change must not reach ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT
unexport PIP_REQUIRE_HASHES PIP_NO_BUILD_ISOLATION UV_CONSTRAINT UV_OVERRIDE UV_REQUIRE_HASHES UV_SYSTEM_PYTHON UV_PYTHON
# Tests start the command hundreds of times: without bytecode each start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
PYTEST_ARGS ?=
BENCH_ARGS ?=
MUTANTS_ARGS ?=
RANGES ?=

VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --quiet --quiet --disable-pip-version-check --no-input
# A name on the path is tried, because version managers leave some that lead nowhere.
UV ?= $(shell uv --version >/dev/null 2>&1 && echo uv)
# uv knows nothing of pip's settings, such as an index of one's own: what it cannot do, pip is asked for.
install = $(if $(UV),$(UV) pip install --quiet --python $(RUN) $(1) || )$(PIP) install $(1)
# $(call install-locked,test): what that file names, by hashes; then the project, built by what was installed.
define install-locked
@$(call install,--require-hashes --requirement locks/$(1).txt)
@$(call install,--no-deps --no-build-isolation --editable .)
endef
# The stamps carry the folder's name: a checkout that was moved is installed anew.
HERE := $(shell pwd | cksum | cut -d' ' -f1)
TEST_READY := $(VENV)/.ready-test-$(HERE)
SYSTEM_READY := $(VENV)/.ready-system-$(HERE)
DEV_READY := $(VENV)/.ready-dev-$(HERE)
NODE := tests/system/node
SUITES := tests/system/suites/requirements.txt

help:
	@sed -n 's/^#   //p' Makefile

demo: $(TEST_READY)
	@$(RUN) -m demo

playground: $(TEST_READY)
	@$(RUN) -m demo.playground

test: $(TEST_READY)
	@$(RUN) -m pytest -q -n auto -m 'not system' $(PYTEST_ARGS)

test-system: $(SYSTEM_READY)
	@$(RUN) -m pytest -q -n auto --no-loadscope-reorder -m system tests/system $(PYTEST_ARGS)

test-range:
	@$(FIND_PYTHON)
	@PYTEST_ARGS='$(PYTEST_ARGS)' "$(PYTHON)" -m tools.ranges $(RANGES)

lock:
	@$(FIND_PYTHON)
	@"$(PYTHON)" -m tools.locks

dist: $(DEV_READY)
	@rm -rf dist
	@$(RUN) -m build --no-isolation --outdir dist . >/dev/null
	@$(RUN) -m twine --no-color check --strict dist/*
	@$(RUN) -m check_wheel_contents dist
	@$(RUN) -m pyroma --min 10 dist/*.tar.gz

zipapp: $(DEV_READY)
	@$(RUN) -m tools.zipapp dist/reconciler.pyz

sbom: $(DEV_READY)
	@$(RUN) -m tools.sbom dist/mail-reconciler.cdx.json

site: $(DEV_READY)
	@$(RUN) -m tools.site build/site

coverage: $(TEST_READY)
	@$(RUN) -m pytest -q -n auto -m 'not system' --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

mutants: $(TEST_READY)
	@$(RUN) -m tools.mutants $(MUTANTS_ARGS)

# One target each, so that `make --keep-going check` tells everything that is wrong.
check: check-style check-format check-types check-layers check-generated check-dist check-site
	@echo 'All checks passed.'

check-style: $(DEV_READY)
	@$(RUN) -m ruff check --quiet .

check-format: $(DEV_READY)
	@$(RUN) -m ruff format --quiet --check . || { echo 'Some files are not formatted; this mends it: $(RUN) -m ruff format .' >&2; exit 1; }

check-types: $(DEV_READY)
	@$(RUN) -m mypy --no-error-summary

check-layers: $(DEV_READY)
	@$(RUN) -c 'import sys; sys.argv = ["lint-imports", "--no-logo"]; from importlinter.cli import lint_imports_command; lint_imports_command()'

check-generated: $(DEV_READY)
	@$(RUN) -m tools.generate --check

check-dist: dist

check-site: site

bench: $(TEST_READY)
	@$(RUN) -m benchmarks $(BENCH_ARGS)

screenshots: $(SYSTEM_READY)
	@$(RUN) -m tests.system.browser.screenshots

generate: $(TEST_READY)
	@$(RUN) -m tools.generate
	@$(RUN) -m tests.docs.console
	@$(RUN) -m tests.system.swaks
	@$(RUN) -m tests.docs.mistakes
	@$(RUN) -m tests.docs.takeover

clean:
	@rm -rf $(VENV) $(VENV)-* $(NODE)/node_modules build dist playground .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

define FIND_PYTHON
[ -n "$(PYTHON)" ] || { echo 'No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3 ...' >&2; exit 1; }; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo '$(PYTHON) is not Python 3.11 or newer. Name one that is: make PYTHON=/path/to/python3 ...' >&2; exit 1; }
endef

$(RUN):
	@$(FIND_PYTHON)
	@echo 'Making the environment in $(VENV) (once; about a minute) ...' >&2
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
		echo 'The environment could not be made. On Debian and Ubuntu: apt-get install python3-venv' >&2; rm -rf $(VENV); exit 1; }

$(TEST_READY): pyproject.toml locks/test.txt | $(RUN)
	$(call install-locked,test)
	@touch $@

$(SYSTEM_READY): pyproject.toml locks/system.txt $(NODE)/package-lock.json $(SUITES) | $(RUN)
	$(call install-locked,system)
	@$(PIP) download --no-deps --no-binary pyspf,email-validator --require-hashes --dest $(VENV)/suites --requirement $(SUITES)
	@npm --prefix $(NODE) ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@ $(TEST_READY)

$(DEV_READY): pyproject.toml locks/dev.txt | $(RUN)
	$(call install-locked,dev)
	@touch $@ $(TEST_READY)
