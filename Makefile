# make demo: check a handful of pictures with the shipped model.   make test: everything that CI runs.
# make release-check: build what would be published, install it in a clean environment, check it (docs/release.md).
# make docs: the documentation site, in build/site.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test docs release-check constraints clean

demo: $(VENV)/.demo
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev
	@sh scripts/chromium.sh
	@sh scripts/web_runtime.sh $(BIN)/python build/web-runtime
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore=tests/test_server_schema.py
	@# schemathesis' operations are subtests, which pytest-xdist does not deal out.
	$(BIN)/pytest tests/test_server_schema.py

docs: $(VENV)/.docs
	@$(BIN)/python scripts/site.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "imageauth needs Python 3.11 or newer"; exit 1; }
	@sh scripts/venv.sh $(PYTHON) $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing imageauth into $(VENV) (once) …"
	@$(PIP) -e . scikit-learn
	@touch $@

$(VENV)/.docs $(VENV)/.release: $(VENV)/.%: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing imageauth[$*] into $(VENV) (once) …"
	@$(PIP) -e '.[$*]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing imageauth[dev,train] into $(VENV) (once; TensorFlow is large) …"
	@$(PIP) -e '.[dev,train]'
	@touch $@

release-check: $(VENV)/.release
	@$(BIN)/python scripts/release_check.py

# Pin what is installed now: names and versions only, no hosts.
constraints: $(VENV)/.dev $(VENV)/.release
	$(BIN)/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' > constraints.txt

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
