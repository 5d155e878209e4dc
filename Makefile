# make demo: train, check the gradients and score the quickstart, in an environment made here
# make test: everything that CI checks
# make help: the rest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO ?= runs/demo
SEEDS ?= 1 2 3
# CLOCK=cpu counts the seconds of a benchmark's own process, for a machine that others use as well.
BY_CLOCK = $(if $(CLOCK),--clock $(CLOCK))
# One thread is as fast as two at these sizes, and keeps results the same from machine to machine.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-seeds demo-sea demo-mouse demo-unet test lint types layers unit scenarios test-slow browser test-browser report-image docs gallery reliability mutation fuzz-spec bench-routing bench-step bench-data bench-convlstm bench-profile bench-epochs bench-start bench-loading bench-growth bench-roofline bench-counts study bench-eval data clean

help:
	@sed -n 's/^# make /make /p; s/^\([a-z-]*\):.*## \(.*\)/make \1: \2/p' Makefile

$(VENV)/run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run $(wildcard plugins/*/pyproject.toml)
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	$(PIP) install --constraint constraints.txt --no-deps $(foreach plugin,$(wildcard plugins/*/pyproject.toml),--editable $(dir $(plugin)))
	@touch $@

demo: $(VENV)/run  ## train examples/nasa.yaml, prove the isolation, score the test part, write the report
	@rm -rf $(DEMO)
	$(BIN)/stq train examples/nasa.yaml --run-dir $(DEMO)
	$(BIN)/stq check-grads $(DEMO)
	$(BIN)/stq eval $(DEMO)
	$(BIN)/stq report $(DEMO)
	@echo "The run lies in $(DEMO)"

demo-seeds: $(VENV)/run  ## the quickstart under three seeds, and the median of each score
	$(BIN)/python tests/bench/demo_seeds.py --seeds 1 2 3

demo-sea: data  ## examples/mediterranean.yaml under SEEDS ("1 2 3"): at least 25 % better than persistence, coverage 0.92 to 0.98
	$(BIN)/python tests/bench/demo_seeds.py --spec examples/mediterranean.yaml --seeds $(SEEDS) --skill 0.25 --coverage 0.92 0.98 --each

demo-mouse: data  ## examples/mouse.yaml under SEEDS
	$(PIP) install --constraint constraints.txt --no-deps --editable plugins/stq-rawframes
	$(BIN)/python tests/bench/demo_seeds.py --spec examples/mouse.yaml --seeds $(SEEDS)

demo-unet: $(VENV)/run  ## plugins/stq-unet/examples/nasa-unet.yaml, the quickstart with another network, under SEEDS
	$(PIP) install --constraint constraints.txt --no-deps --editable plugins/stq-unet
	$(BIN)/python tests/bench/demo_seeds.py --spec plugins/stq-unet/examples/nasa-unet.yaml --seeds $(SEEDS) --coverage 0.85 0.99

test: $(VENV)/dev lint types layers unit scenarios  ## everything that CI checks; with --jobs 2 in half the time

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

layers: $(VENV)/dev
	$(BIN)/lint-imports
	$(BIN)/lint-imports --config plugins/importlinter.toml

unit: $(VENV)/dev
	$(BIN)/python -m pytest tests/unit tests/property plugins

scenarios: $(VENV)/dev
	$(BIN)/python -m pytest tests/cli tests/contract tests/plugins tests/reliability

test-slow: $(VENV)/dev  ## the tests that `make test` leaves out to stay short
	$(BIN)/python -m pytest -m slow

browser:  ## install Chromium, where that can be done (root, apt-get)
	tests/browser/install.sh

test-browser: $(VENV)/dev browser  ## open the report in headless Chromium
	STQ_BROWSER=required $(BIN)/python -m pytest tests/browser

report-image: $(VENV)/dev browser  ## docs/img/report.png from the report of the demo's run (make demo)
	$(BIN)/python tests/browser/picture.py $(DEMO)/report.html docs/img/report.png

gallery: $(VENV)/dev report-image  ## docs/img/terminal.svg and docs/img/report.png, from the demo's run (make demo)
	$(BIN)/python tests/docs/terminal.py $(DEMO) docs/img/terminal.svg

docs: $(VENV)/dev  ## docs/commands.md, docs/losses.md and docs/spec.md, from the code that they describe
	$(BIN)/python tests/docs/pages.py

bench-routing: $(VENV)/dev  ## time and memory of a step under five backwards, paired in one run, and docs/img/bench-routing.png
	$(BIN)/python tests/bench/routing_engines.py --out runs/bench-routing $(BY_CLOCK)
	@mkdir -p docs/img && cp runs/bench-routing/bench-routing.png docs/img/

bench-step: $(VENV)/dev  ## time of a step of stq train against a bare PyTorch loop
	$(BIN)/python tests/bench/lightning_step.py --out runs/bench-routing $(BY_CLOCK)

bench-convlstm: $(VENV)/dev  ## time and memory of a ConvLSTM layer against those that people use, and docs/img/bench-convlstm.png
	$(PIP) install --no-deps conv-lstm==0.1.2 torchgeo==0.8.1
	$(BIN)/python tests/bench/convlstm.py --out runs/bench-convlstm $(BY_CLOCK)
	@mkdir -p docs/img && cp runs/bench-convlstm/bench-convlstm.png docs/img/

bench-profile: $(VENV)/dev data  ## shares of data, forward, losses, backward, optimiser, logging in stq train; fails above 2 % of logging
	$(BIN)/python tests/bench/step_profile.py

bench-epochs: $(VENV)/dev data  ## an epoch of stq train, of a bare PyTorch loop and of plain Lightning in turn; fails above 1.05
	$(BIN)/python tests/bench/epochs.py $(BY_CLOCK)

bench-start: $(VENV)/dev  ## what small commands cost beside the import of torch and Lightning; fails where check-grads is above 1.6
	$(BIN)/python tests/bench/start_up.py

bench-loading: $(VENV)/dev data  ## samples a second from each form of the data, with 0 to 2 workers, cold and warm; fails where data are the bottleneck
	$(BIN)/python tests/bench/loading.py

bench-growth: $(VENV)/dev  ## how time and memory of a step grow with pixels, batch, horizons, ..., processes, and docs/img/bench-growth.png
	$(BIN)/python tests/bench/growth.py --out runs/bench-growth
	@mkdir -p docs/img && cp runs/bench-growth/bench-growth.png docs/img/

bench-roofline: $(VENV)/dev  ## a step on paper and by the clock, and what a global grid would cost on 1 to 64 GPUs (a model)
	$(BIN)/python tests/bench/roofline.py

bench-counts: $(VENV)/dev  ## record anew how much work a step, a window and a scored batch are, where more is meant
	$(BIN)/python tests/support/work_counts.py

bench-data: $(VENV)/dev  ## time of reading a sample, and peak memory of training on 8 GB and of a forecast of 4000 x 4000 (FOLDER: where to write)
	$(BIN)/python tests/bench/data_reading.py --read 400 --train 8.2 $(if $(FOLDER),--folder $(FOLDER))
	$(BIN)/python tests/bench/predict_memory.py $(if $(FOLDER),--folder $(FOLDER))

study: $(VENV)/run data  ## compare pruned and joint on both examples, anchored and independent, 6 seeds: runs/study and docs/study.md (2 hours)
	$(BIN)/python tests/bench/study.py

bench-eval: $(VENV)/dev  ## time and peak memory of scoring 30 million valid pixels with every score; fails above 1.5 GB
	$(BIN)/python tests/bench/eval_memory.py

reliability: $(VENV)/dev  ## break things on purpose, as often as docs/reliability.md says, and write that page (NAMES: these promises alone)
	$(BIN)/python tests/reliability/full.py $(NAMES)

mutation: $(VENV)/dev  ## plant mistakes into the code and see which of them no test notices (PACKAGES: these alone)
	$(BIN)/python tests/mutation/run.py $(if $(PACKAGES),--package $(PACKAGES))

fuzz-spec: $(VENV)/run  ## 5,000 damaged specs: each read, or refused at a place and within half a second
	$(BIN)/python tests/bench/fuzz_spec.py --count 5000

data: $(VENV)/run  ## fetch the data of examples/mediterranean.yaml and examples/mouse.yaml
	$(BIN)/python examples/data/fetch.py

clean:  ## remove the environment and the runs of the demo
	rm -rf $(VENV) runs/demo runs/demo-seeds
