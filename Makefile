# The only door: every target installs what it needs first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
CROSSBORDER := .venv/bin/crossborder
WORKERS ?= $(shell nproc)
CARGO := command -v cargo >/dev/null || exit 0; cd agent/native && cargo

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what is missing: Debian packages, .venv, the native extension
	@tools/setup.sh

.PHONY: setup-kit
setup-kit: ## The same and Prometheus with Alertmanager, not started
	@tools/setup.sh kit

.PHONY: demo
demo: setup ## Make a day of traffic at a ministry's gateway and run it through the agent
	@$(CROSSBORDER) demo

.PHONY: demo-live
demo-live: setup ## The same through a veth pair between two network namespaces (root)
	@$(CROSSBORDER) demo --live

.PHONY: kit
kit: setup-kit ## Two agents that replay, Prometheus with the rules, what a Grafana needs; prints where
	@$(PY) -m tools.kit $(ARGS)

.PHONY: kit-test
kit-test: setup-kit ## Try every query of every panel and every alert at a real Prometheus and Alertmanager
	@$(PY) -m tools.kit trial

.PHONY: run
run: setup ## Run the agent; arguments in ARGS, as: make run ARGS="--interface eth0"
	@$(CROSSBORDER) run $(ARGS)

.PHONY: test
test: setup-kit ## Run every test
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -q $(ARGS)
	@$(if $(ARGS),,$(CARGO) test --quiet --locked)

.PHONY: test-frames
test-frames: setup ## Compare both engines over 100,000 damaged frames; others: FRAMES=
	@CROSSBORDER_FRAMES=$(or $(FRAMES),100000) $(PY) -m pytest -n $(WORKERS) -q tests/engine/test_native_frames.py $(ARGS)

.PHONY: fuzz
fuzz: setup ## Throw hostile bytes at the native data plane; SECONDS= of each target, TARGET= alone
	@$(PY) -m tools.fuzz --seconds $(or $(SECONDS),60) $(if $(TARGET),--target $(TARGET))

.PHONY: fuzz-short
fuzz-short: setup ## The same without a sanitizer for some seconds, as CI does; skipped where it cannot be built
	@$(PY) -m tools.fuzz --short --seconds 5

.PHONY: lint
lint: setup ## ruff, mypy, the rules' own tests; rustfmt and clippy where cargo is
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@$(CROSSBORDER) rules test --quiet
	@$(CARGO) fmt --check
	@$(CARGO) clippy --quiet --locked --all-targets -- -D warnings

.PHONY: format
format: setup ## Format and sort
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

.PHONY: bench
bench: setup ## Measure the agent beside its peers, write docs/PERFORMANCE.md
	@$(PY) -m tools.bench $(ARGS)

.PHONY: bench-short
bench-short: setup ## The same on small captures: shows that it works, measures nothing
	@$(PY) -m tools.bench --short $(ARGS)

.PHONY: detectors
detectors: setup ## Measure precision and recall of every detector, write docs/DETECTORS.md
	@$(PY) -m tools.detectors $(ARGS)

.PHONY: dashboards
dashboards: setup ## Write the dashboards anew from tools/dashboards, in both languages
	@$(PY) -m tools.dashboards

.PHONY: golden
golden: setup ## Write the golden files anew; read the diff before you commit it
	@CROSSBORDER_UPDATE_GOLDEN=1 $(PY) -m pytest -q -k golden $(ARGS)

.PHONY: bench-registers
bench-registers: setup ## Measure registers of ten million people; others: ARGS="--people 100000"
	@$(PY) -m tools.registers $(ARGS)

.PHONY: update
update: setup ## Refresh the lock file and the country database
	@$(PY) -m pip install --quiet uv
	@.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header pyproject.toml --group dev -o requirements.lock
	@$(CROSSBORDER) geoip update

.PHONY: clean
clean: ## Remove what was made
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
