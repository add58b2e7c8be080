# `make run` and `make test` are all that is needed; both set up what they use. `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help run test coverage steady lint check docs bench paper ecosystem screenshots load fuzz faults gpu soak lock audit licences sbom wheel clean

# The first of these that is Python 3.11 or newer makes the virtual environment: make run PYTHON=python3.12
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
PORT ?= 8050
MINUTES ?= 20
# Processes that share the tests out; 0 for none, as a debugger needs it.
WORKERS ?= auto
RUNS ?= 10
# Tests of packages, without a browser and without what else is slow; files of the latter say so by their mark.
FAST := tests/geometry tests/optimizers tests/app tests/project/test_repository.py tests/project/test_structure.py
ENV := .venv/bin/python
# What the requirements need in turn is pinned too, in a list that `make lock` writes.
CONSTRAINTS := tests/constraints.txt
MANUAL := docs/_build/html/index.html
# The client code's linter, formatter and type checker, in the versions of tests/client/package-lock.json.
TOOLS := tests/client/node_modules
# Others' packages that the library is tried with see PyTorch and all else of .venv.
ECOSYSTEM := .cache/ecosystem
CLIENT := "assets/**/*.js" "tests/client/*.js" "tests/project/*.js"
PRETTIER := --config tests/client/.prettierrc.json --log-level warn
PIP := $(ENV) -m pip install --disable-pip-version-check -c $(CONSTRAINTS)
# Another environment's settings must not leak into this one; what Python has compiled is kept: the tests start it some
# hundred times.
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
# A .venv whose Python has gone (an upgrade, a move) is made anew, and what was installed in it counts no more.
$(shell test -x $(ENV) || rm -f .venv/run.stamp .venv/test.stamp .venv/paper.stamp)

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1 - /p' Makefile | awk -F' - ' '{ printf "make %-12s %s\n", $$1, $$2 }'

run: .venv/run.stamp $(MANUAL) ## serve Pothole lab on 127.0.0.1:8050 (PORT=8051 for another port)
	@exec $(ENV) -m app --port "$(PORT)"

test: .venv/test.stamp ## run all tests (finds Chrome or Chromium, or installs Debian's; TESTS=tests/geometry for a part)
	@CHROME="$$($(ENV) tests/browser/chrome.py --install)" || exit 1; export CHROME; \
	CADDY="$$($(ENV) tests/deploy/caddy.py --install)"; export CADDY; \
	NODE="$$($(ENV) tests/client/node.py --install)"; export NODE; \
	exec $(ENV) -m pytest -n $(WORKERS) --no-loadscope-reorder $(TESTS)

coverage: .venv/test.stamp ## run all tests and list the lines that none of their processes has run
	@CHROME="$$($(ENV) tests/browser/chrome.py --install)" || exit 1; export CHROME; \
	CADDY="$$($(ENV) tests/deploy/caddy.py --install)"; export CADDY; \
	mkdir -p .cache/coverage; $(ENV) -m coverage erase; \
	$(ENV) -m coverage run -m pytest -n $(WORKERS) --no-loadscope-reorder $(TESTS); status=$$?; \
	$(ENV) -m coverage combine --quiet && $(ENV) -m coverage report --show-missing --skip-covered; exit $$status

steady: .venv/test.stamp ## run all tests ten times beside two busy loops (RUNS=3 for fewer); appends to tests/steady.log
	@exec $(ENV) -m tests.steady --runs "$(RUNS)"

lint: .venv/test.stamp ## check style and types: ruff and mypy, of the client code eslint, prettier and tsc
	$(ENV) -m ruff check .
	$(ENV) -m ruff format --check .
	$(ENV) -m mypy
	@NODE="$$($(ENV) tests/client/node.py --install --tools)" || exit 1; set -x; \
	"$$NODE" $(TOOLS)/eslint/bin/eslint.js -c tests/client/eslint.config.js $(CLIENT) && \
	"$$NODE" $(TOOLS)/prettier/bin/prettier.cjs $(PRETTIER) --check $(CLIENT) && \
	"$$NODE" $(TOOLS)/typescript/bin/tsc -p tests/client

check: lint ## check style and types and run the fast tests, in two minutes: before each commit
	$(ENV) -m pytest -n $(WORKERS) --no-loadscope-reorder -m "not slow" $(FAST)

docs: .venv/run.stamp ## build the manual into docs/_build/html; a warning is an error
	@$(ENV) -m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs $(dir $(MANUAL))
	@echo "The manual is in $(MANUAL)"

bench: .venv/test.stamp ## measure; the tables are in tests/benchmarks/results
	@CHROME="$$($(ENV) tests/browser/chrome.py --install)" || exit 1; export CHROME; failed=; \
	for file in tests/benchmarks/bench_*.py; do \
	  module="$${file%.py}"; echo "== $$file"; $(ENV) -m "$${module//\//.}" || failed="$$failed $$file"; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

ecosystem: $(ECOSYSTEM)/install.stamp ## try others' networks and trainers, in an environment of their own; table in tests/ecosystem/results
	@CHROME="$$($(ENV) tests/browser/chrome.py --install)" || exit 1; export CHROME PYTHONNOUSERSITE=1; \
	for module in measure newcomer job_queue; do $(ECOSYSTEM)/bin/python -m tests.ecosystem.$$module || exit 1; done

screenshots: .venv/test.stamp ## take the README's pictures anew, into assets/screenshots
	@CHROME="$$($(ENV) tests/browser/chrome.py --install)" || exit 1; export CHROME; \
	exec $(ENV) -m tests.browser.screenshots

load: .venv/test.stamp ## a hundred browsers at once, with and without batches; tables in tests/load/results (five minutes)
	$(ENV) -m tests.load.measure

fuzz: .venv/test.stamp ## send 12 000 hostile requests to every address (FUZZ_SEED=1 for others)
	FUZZ_CASES=10000 $(ENV) -m pytest tests/fuzz --timeout=0

faults: .venv/test.stamp ## break things under open pages and runs, the long way, let clocks jump, try Firefox; ten minutes
	@CHROME="$$($(ENV) tests/browser/chrome.py --install)" || exit 1; export CHROME; \
	CADDY="$$($(ENV) tests/deploy/caddy.py --install)"; export CADDY; \
	FIREFOX="$$($(ENV) tests/faults/firefox.py --install)"; export FIREFOX; \
	$(ENV) -m pip install --quiet -r tests/faults/requirements.txt || echo "No libfaketime: clocks do not jump."; \
	FAULTS=1 OFFLINE_SECONDS=30 exec $(ENV) -m pytest tests/faults tests/deploy tests/project/test_dockerfile.py tests/browser/test_faults.py

gpu: .venv/test.stamp ## run the tests that need a GPU, and measure it beside the CPU; says so where there is none
	$(ENV) -m pytest -n0 -rs tests/gpu
	$(ENV) -m tests.gpu.speed

soak: .venv/test.stamp ## twenty minutes of mixed use, memory watched (MINUTES=2 for fewer); the table is in tests/load/results
	@exec $(ENV) -m tests.load.soak --minutes "$(MINUTES)"

audit: .venv/test.stamp ## compare what is installed with the lists, its files with their hashes, and ask for advisories
	@exec $(ENV) -m tests.supply.audit $(if $(ADVISORIES),--advisories "$(ADVISORIES)")

licences: .venv/test.stamp ## write down the licences of all that the app needs at run time
	@exec $(ENV) -m tests.supply.licences

sbom: .venv/test.stamp ## write down the bill of materials (CycloneDX)
	@exec $(ENV) -m tests.supply.materials

lock: .venv/test.stamp ## write down the version of everything installed, after a requirement has changed
	@{ echo "# Versions of all that requirements.txt and tests/requirements.txt bring along, written by \`make lock\`."; \
	  echo "# Packages of one platform or accelerator only are left to torch's own pins."; \
	  $(ENV) -m pip freeze --all --exclude-editable --exclude libfaketime | sed 's/+[A-Za-z0-9.]*$$//' | grep -Ev '^(nvidia|triton|cuda|pip==|wheel==)'; } > $(CONSTRAINTS).new
	@mv $(CONSTRAINTS).new $(CONSTRAINTS)
	@$(ENV) -m tests.supply.lock && $(ENV) -m tests.supply.licences && $(ENV) -m tests.supply.materials

paper: .venv/paper.stamp ## compute the paper's figures into app/paper/records: what is missing; stop and go on at will (ONLY=3)
	@exec $(ENV) -m app.paper $(foreach key,$(ONLY),--only $(key))

wheel: .venv/test.stamp docs ## build the wheel, with the manual in it, into dist; pip install 'dist/….whl[app]' installs the program pothole-lab
	@rm -rf dist
	@$(ENV) -m pip wheel . --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist

clean: ## remove what tests, tools and compilations left (not .venv)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache build dist ./*.egg-info tests/artifacts docs/_build tests/client/node_modules
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. A stamp is newer than the pins that were installed last; installing what is there already needs no network.
.venv/run.stamp: requirements.txt docs/requirements.txt $(CONSTRAINTS) | $(ENV)
	@$(ENV) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "The .venv here has a Python older than 3.11. Remove it and try again."; exit 1; }
	$(PIP) -r requirements.txt -r docs/requirements.txt
	@touch $@

# The pages' words link into the manual. Without it the lab runs all the same, and its links say what is missing.
$(MANUAL): $(wildcard docs/*.md docs/*/*.md) | .venv/run.stamp
	@echo "Building the manual that the pages link to; half a minute, this once."
	@$(ENV) -m sphinx --fresh-env --quiet docs $(@D) && touch $@ || echo "The manual could not be built, see above."

$(ECOSYSTEM)/install.stamp: tests/ecosystem/requirements.txt .venv/test.stamp
	@rm -rf $(ECOSYSTEM)
	@$(ENV) -m venv $(ECOSYSTEM)
	@$(ENV) -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' \
	  > "$$($(ECOSYSTEM)/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/shared.pth"
	$(ECOSYSTEM)/bin/python -m pip install --disable-pip-version-check --no-deps -r tests/ecosystem/requirements.txt
	@touch $@

.venv/paper.stamp: app/paper/requirements.txt .venv/run.stamp
	$(PIP) -r app/paper/requirements.txt
	@touch $@

.venv/test.stamp: tests/requirements.txt app/paper/requirements.txt .venv/run.stamp
	$(PIP) -r tests/requirements.txt
	@touch $@

$(ENV):
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$("$$python" --version)"; \
	    "$$python" -m venv --clear .venv && exit 0; \
	    rm -rf .venv; echo "Making .venv failed, see above."; exit 1; \
	  fi; \
	done; \
	echo "Pothole lab needs Python 3.11 or newer, and none of these is: $(PYTHON)."; \
	echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1
