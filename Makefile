# What a developer needs. A Python of 3.11 or newer with venv and pip, and make, are enough to begin.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -qq

# Whatever follows ARGS= goes to the command: make test ARGS="-k slots"
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help run test check browser redocly agree bench bench-mails bench-slots fuzz fuzz-raw slow nemesis lock dist clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/installed ## start the daemon for development, with this folder's .env and database
	@exec $(BIN)/bookingd serve $(ARGS)

# One more than the two cores that they need: those that start daemons mostly wait.
TESTS = -m pytest -n 3 --dist worksteal

test: $(VENV)/installed-dev ## run the tests
	$(BIN)/python $(TESTS) $(ARGS)

check: $(VENV)/installed-dev ## run the linters, the type checker and the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python $(TESTS) $(ARGS)

# Kept out of the other tests: Chromium is not Python's, and no wheel brings one.
browser: $(VENV)/installed-dev ## try the pages in Chromium; on Debian, root installs it
	@command -v chromium >/dev/null || \
		{ apt-get -qq update && apt-get -qq --yes --no-install-recommends install chromium; }
	$(BIN)/python -m pytest -m browser $(ARGS)

# Needs Node.js; Redocly is no part of the product, and its newest rules are the ones to pass.
redocly: $(VENV)/installed ## lint the OpenAPI document by Redocly's recommended rules
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && \
		$(BIN)/bookingd openapi > "$$folder/openapi.json" && \
		npx --yes @redocly/cli lint --extends=recommended --max-problems=1000 "$$folder/openapi.json"

agree: $(VENV)/installed-dev ## try 100,000 starts: are those accepted that are offered?
	BOOKINGD_TEST_CASES=100000 $(BIN)/python -m pytest tests/bookingd/availability/test_agreement.py -o faulthandler_timeout=0 $(ARGS)

bench: $(VENV)/installed-dev ## measure
	$(BIN)/python -m benchmarks $(ARGS)

bench-mails: $(VENV)/installed-dev ## measure how fast mails leave, and what limits it
	$(BIN)/python -m benchmarks.mails

bench-slots: $(VENV)/installed-dev ## measure what a month of free slots costs
	$(BIN)/python -m benchmarks.availability $(ARGS)

fuzz: $(VENV)/installed-dev ## try the API by its own document, on both databases: a few minutes
	$(BIN)/python -m fuzzing documented --database sqlite $(ARGS)
	$(BIN)/python -m fuzzing documented --database postgres $(ARGS)

fuzz-raw: $(VENV)/installed-dev ## send broken requests to the daemon, 50,000 of them
	$(BIN)/python -m fuzzing raw $(ARGS)

slow: $(VENV)/installed-dev ## measure normal requests among 500 clients that dawdle
	$(BIN)/python -m fuzzing slow $(ARGS)

# The steps of the clock need libfaketime, which no wheel brings.
nemesis: $(VENV)/installed-dev ## kill the daemon 200 times, and set its clock; on Debian, root installs faketime
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || \
		{ apt-get -qq update && apt-get -qq --yes --no-install-recommends install faketime; }
	$(BIN)/python -m nemesis kills --database sqlite $(ARGS)
	$(BIN)/python -m nemesis kills --database postgres $(ARGS)
	$(BIN)/python -m nemesis clock --database sqlite
	$(BIN)/python -m nemesis clock --database postgres

# requirements-dev.txt decides, the other two are parts of it.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" $(ARGS)

lock: $(VENV)/installed-dev ## pin what pyproject.toml asks for; newer versions with ARGS=--upgrade
	$(COMPILE) --extra dev pyproject.toml --output-file requirements-dev.txt
	$(COMPILE) --constraint requirements-dev.txt pyproject.toml --output-file requirements.txt
	echo hatchling | $(COMPILE) --constraint requirements-dev.txt - --output-file requirements-build.txt

dist: $(VENV)/installed-dev ## build the wheel and the source archive into dist/
	$(BIN)/python -m build --no-isolation

clean: ## remove the virtual environment and what was built
	rm -rf $(VENV) dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"bookingd needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt requirements-build.txt pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements.txt -r requirements-build.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements-dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
