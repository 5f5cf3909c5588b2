# Everything goes through .venv, which is made on first use and again when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NOTEBOOKS := $(wildcard notebooks/*.ipynb)
# Tests wait for sockets and browsers: a third worker keeps two cores busy.
WORKERS ?= 3
SEEDS ?= 100
SECONDS ?= 5

.PHONY: help lab test check format notebooks goldens bench sim binder-check clean

help:
	@echo "make lab          open JupyterLab on the first notebook (ARGS='--no-browser --port 8899')"
	@echo "make test         every test: unit, scenario, notebooks, browser"
	@echo "make check        format, lint, types"
	@echo "make format       put the code into shape"
	@echo "make notebooks    execute the notebooks and save them with their pictures"
	@echo "make goldens      rewrite the golden texts (then read the difference)"
	@echo "make sim          break simulated clusters and look for losses (SEEDS=1000 SECONDS=60)"
	@echo "make bench        measure the budgets, beside named peers"
	@echo "make binder-check try what Binder would do, without Docker"

# --- set-up -----------------------------------------------------------------------------------
$(VENV)/.lab: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the lab into $(VENV) (about 300 MB the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[lab]"
	@touch $@

$(VENV)/.test: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the lab and its tests into $(VENV) (about 400 MB the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@ $(VENV)/.lab

# --- use --------------------------------------------------------------------------------------
lab: $(VENV)/.lab
	$(BIN)/python -m jupyter lab notebooks/index.ipynb $(if $(filter root,$(shell id -un)),--allow-root) $(ARGS)

# Bytecode is written whatever the environment says: the tests start Python some eighty times.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(VENV)/.lab
	$(BIN)/python -m lab.save_notebooks $(NOTEBOOKS)

goldens: $(VENV)/.test
	KAFKALAB_REWRITE_GOLDENS=1 $(BIN)/python -m pytest -q -n $(WORKERS) tests/scenarios

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks $(ARGS)

sim: $(VENV)/.test
	$(BIN)/python -m kafkalab sim --seeds $(SEEDS) --seconds $(SECONDS)

binder-check:
	PYTHON=$(PYTHON) bash binder/check

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
