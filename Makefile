# Every habit of the project; `make help` lists them.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
UV := .tools/uv/bin/uv
UV_VERSION := 0.13.9
# PYTHON= and LOCK= on the command line are kept; else they follow from this machine.
given = $(if $(filter command,$(origin $1)),$($1))
STACK := $(shell requirements/choose_stack.sh "$(call given,PYTHON)" "$(call given,LOCK)")
$(if $(STACK),,$(error PYTHON= or LOCK= can not be used))
PYTHON := $(word 1,$(STACK))
LOCK := $(word 2,$(STACK))
SAY_STACK = @echo "setup: $(wordlist 3,99,$(STACK))"
DRIVER := .tools/driver/.ready
STAMP := $(VENV)/.ready-$(notdir $(LOCK))
GPU_VENV := .venv-gpu
GPU = $(wildcard /dev/nvidia*)$(shell command -v nvidia-smi)
WORK := work/demo
NEW_STACK := --python-version 3.13 --python-platform x86_64-manylinux_2_39
DEBIAN13 := work/debian13
ARGS :=
# The last release; before the first one, a commit whose work folders must continue to work.
FROM = $(or $(shell git describe --tags --abbrev=0 2>/dev/null),a90c249749b975bdb802893ed1e288c651757146)
# tests/conftest.py says what shares a process, and what comes first.
PYTEST = $(BIN)/python -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder
export TF_USE_LEGACY_KERAS := 1
export TF_CPP_MIN_LOG_LEVEL := 2

.DEFAULT_GOAL := help
.PHONY: help setup stack demo test test-fast test-slow test-gpu test-tfx121 e2e e2e-zoo e2e-workers e2e-containers upgrade-test fuzz lint bench lock compile serve images clean

help: ## list these habits
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: stack $(STAMP) ## make the environment in .venv from the lock that fits this machine

stack:
	$(SAY_STACK)

$(UV):
	@python3 -m pip --version >/dev/null || { echo "setup: 'python3 -m pip' does not work here; install Python 3 with pip (with pyenv: 'pyenv install 3.10'), then run make again" >&2; exit 1; }
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-warn-script-location --target .tools/uv uv==$(UV_VERSION)

$(STAMP): $(LOCK) setup.py | $(UV)
	$(if $(filter setup,$(MAKECMDGOALS)),,$(SAY_STACK))
	@$(UV) python find $(PYTHON) >/dev/null 2>&1 || { echo "setup: no Python $(PYTHON) found on PATH, in pyenv or in uv; install one ('pyenv install $(PYTHON)' or 'uv python install $(PYTHON)'), then run make again" >&2; exit 1; }
	$(UV) venv --quiet --clear --seed --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	requirements/link-cuda.sh $(VENV)
	$(BIN)/python -m pip check
	@touch $@

demo: $(STAMP) ## train on a synthetic log, push, serve, and ask for scores
	$(BIN)/polyrank run --preset synthetic --work-dir $(WORK)
	@rm -f $(WORK)/port; $(BIN)/polyrank serve --work-dir $(WORK) --port 0 --port-file $(WORK)/port >$(WORK)/serve.log 2>&1 & \
	server=$$!; trap "kill $$server" EXIT; \
	for i in $$(seq 360); do [ -s $(WORK)/port ] && break; kill -0 $$server || { cat $(WORK)/serve.log >&2; exit 1; }; sleep 0.5; done; \
	rows=$$(ls $(WORK)/data/*/span=*/*.parquet | tail -n 1); \
	echo "polyrank predict --target localhost:$$(cat $(WORK)/port) --parquet $$rows --rows 5"; \
	$(BIN)/polyrank predict --target localhost:$$(cat $(WORK)/port) --parquet $$rows --rows 5

test: $(STAMP) ## run the tests (ARGS: more of pytest's arguments)
	$(PYTEST) $(ARGS)

test-tfx121: | $(UV) ## run the tests on TFX 1.21 and Python 3.13, in a Debian 13 root
	tests/stacks/in_debian13.sh $(DEBIAN13) make test PYTHON=3.13 LOCK=requirements/tfx121-dev.txt ARGS='$(ARGS)'

test-fast: $(STAMP) ## run the tests that need no pipeline run
	$(PYTEST) -m "not e2e and not gpu and not workers and not upgrade and not fuzz and not slow and not zoo"

e2e: $(STAMP) ## run the end-to-end tests
	$(PYTEST) -m "e2e and not gpu and not workers and not upgrade and not fuzz and not slow and not zoo"

test-slow: $(STAMP) ## run the tests that take minutes each, or repeat what others prove
	$(PYTEST) -m slow $(ARGS)

e2e-zoo: $(STAMP) ## take every architecture through the whole pipeline, on KuaiRand too where its excerpt is
	$(BIN)/python -m pytest -v -m zoo tests/e2e/test_zoo_runs.py $(ARGS)

e2e-workers: $(STAMP) ## run the pipeline with Beam workers that have the lock and the sdist only
	$(BIN)/python -m pytest -q -m workers tests/workers

upgrade-test: $(STAMP) ## run on a work folder that another revision made (FROM=revision)
	POLYRANK_UPGRADE_FROM=$(FROM) $(BIN)/python -m pytest -v -x -m upgrade tests/upgrade

test-gpu: ## run the tests that need a GPU, in .venv-gpu; fails where there is none
	@[ -n "$(GPU)" ] || { echo "test-gpu: there is no GPU here (no /dev/nvidia*, no nvidia-smi), and without one these tests prove nothing; GPU=assumed makes $(GPU_VENV) (6 GB) and starts them all the same" >&2; exit 1; }
	$(MAKE) setup VENV=$(GPU_VENV) LOCK=requirements/tfx116-gpu-dev.txt
	POLYRANK_TEST_GPU=1 $(GPU_VENV)/bin/python -m pytest -q -m gpu tests/models/test_gpu.py

fuzz: $(STAMP) ## send 100,000 mutated requests to the model server (POLYRANK_FUZZ_REQUESTS=count)
	$(BIN)/python -m pytest -q -m fuzz tests/serving/test_fuzz.py

lint: $(STAMP) ## ruff, import contracts, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

lock: | $(UV) ## solve requirements/*.in anew into the locks
	cd requirements && ../$(UV) pip compile --quiet --python-version 3.10 --generate-hashes tfx116.in -o tfx116.txt
	cd requirements && ../$(UV) pip compile --quiet --python-version 3.10 --generate-hashes tfx116.in dev.in -c tfx116.txt -o tfx116-dev.txt
	cd requirements && ../$(UV) pip compile --quiet --python-version 3.10 --generate-hashes tfx116-gpu.in -c tfx116.txt -o tfx116-gpu.txt
	cd requirements && ../$(UV) pip compile --quiet --python-version 3.10 --generate-hashes tfx116-gpu.in dev.in -c tfx116-gpu.txt -c tfx116-dev.txt -o tfx116-gpu-dev.txt
	cd requirements && ../$(UV) pip compile --quiet --python-version 3.10 --generate-hashes serving.in -c tfx116.txt --override serving-overrides.txt -o serving.txt
	cd requirements && ../$(UV) pip compile --quiet --python-version 3.10 --generate-hashes driver.in -o driver.txt
	cd requirements && ../$(UV) pip compile --quiet $(NEW_STACK) --generate-hashes tfx121.in -o tfx121.txt
	cd requirements && ../$(UV) pip compile --quiet $(NEW_STACK) --generate-hashes tfx121.in dev.in -c tfx121.txt -o tfx121-dev.txt

compile: $(STAMP) ## compile the pipeline for Kubeflow v2 (polyrank.yaml)
	@$(BIN)/python -W ignore kubeflow_runner.py 2>compile.log || { cat compile.log >&2; exit 1; }
	@rm -f compile.log; echo "wrote polyrank.yaml; a run passes the parameters in polyrank.parameters.json, and a state-token of its own"

serve: $(STAMP) ## serve the demo's newest version on port 8500
	$(BIN)/polyrank serve --work-dir $(WORK)

images: export CA_BUNDLE ?= $(SSL_CERT_FILE)
images: | $(UV) ## build the container images (docs/containers.md has the settings)
	docker/images.sh $(IMAGES)

$(DRIVER): requirements/driver.txt | $(UV)
	$(UV) venv --quiet --clear --python 3.10 $(@D)
	$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes -r $<
	@touch $@

e2e-containers: $(STAMP) $(DRIVER) ## run every compiled step in its own container, then serve what it pushed
	$(BIN)/python tests/containers/end_to_end.py

bench: $(STAMP) ## measure: example generation, histories, training steps, the gate, static gates
	$(BIN)/python -m benchmarks.example_gen
	$(BIN)/python -m benchmarks.histories
	$(BIN)/python -m benchmarks.list_columns
	$(BIN)/python -m benchmarks.train_step
	$(BIN)/python -m benchmarks.train_step --compared --rows 1024
	$(BIN)/python -m benchmarks.gate
	$(BIN)/python -m benchmarks.static_gates

clean: ## remove the demo's work folder and caches
	rm -rf $(WORK) .pytest_cache .mypy_cache .ruff_cache
