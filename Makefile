# Two commands for a newcomer: `make demo` and `make test`. Both set themselves up.
PYTHON ?= python3
UV_VERSION = 0.13.9
# uv from PATH when there is one, else a pinned one of our own.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
RUN = .venv/bin
export UV_PYTHON_DOWNLOADS = never

.PHONY: help demo test chaos check format schemas docs docs-outputs bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# --frozen: what uv.lock names, nothing else; --inexact: a newcomer's targets leave the tools alone.
.venv/.ready: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	$(UV) sync --quiet --frozen --inexact --no-default-groups --extra flower --python $(PYTHON)
	@touch $@

.venv/.ready-dev: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	$(UV) sync --quiet --frozen --python $(PYTHON)
	@touch .venv/.ready $@

demo: .venv/.ready ## queue a consumer, train its models, watch it wake
	@$(RUN)/raincheck demo

# Tests wait for servers and workers for a third of their time and more: three on two cores.
PARALLEL = -n 3 --dist worksteal
# Faults are timed: each wants a core.
PARALLEL_FAULTS = -n 2 --dist worksteal

test: .venv/.ready-dev ## all tests but the faults under load, with branch coverage
	$(RUN)/coverage erase
	$(RUN)/coverage run -m pytest --ignore tests/chaos $(PARALLEL) $(PYTEST)
	@$(RUN)/coverage combine --quiet
	@$(RUN)/coverage report

chaos: export CHAOS_SECONDS ?= 600
chaos: export CHAOS_SEEDS ?= 5
chaos: .venv/.ready-dev ## faults under load, for hours; the figures of each scenario
	$(RUN)/pytest tests/chaos -p no:randomly $(PARALLEL_FAULTS) $(PYTEST)

check: .venv/.ready-dev ## format, lint, types, layers
	$(RUN)/ruff format --check
	$(RUN)/ruff check
	$(RUN)/mypy
	$(RUN)/pyright
	$(RUN)/lint-imports

format: .venv/.ready-dev ## format and fix what can be fixed
	$(RUN)/ruff format
	$(RUN)/ruff check --fix

schemas: .venv/.ready-dev ## write contracts/schemas and contracts/asyncapi.json anew
	$(RUN)/python contracts/schemas/generate.py

# The variable silences a remark about mkdocs 2, which is not a warning of the build.
docs: .venv/.ready-dev ## the documentation as a site in site/, every link checked
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --quiet --strict --config-file docs/mkdocs/mkdocs.yml

docs-outputs: .venv/.ready-dev ## play the pages and write anew what they show
	$(RUN)/python -m tests.support.page_outputs

bench: .venv/.ready-dev ## the figures, each as a ratio in one run
	$(RUN)/python -m benchmarks $(BENCH)

clean: ## remove what the other targets made
	rm -rf .venv .uv .raincheck dist site .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
