# make demo   train a network to its verdict    make test    the test suite
# make check  lint, format and types            make bench   the timings
# Each makes .venv first. Another Python: make demo PYTHON=/path/to/python3.12

.PHONY: demo test check bench venv clean
.DEFAULT_GOAL := demo

# The first Python that is new enough and can make a virtual environment.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c '$(USABLE)' 2>/dev/null && { command -v "$$p"; break; }; done)

BIN := .venv/bin
STAMP := .venv/.installed

venv: $(STAMP)

$(STAMP): pyproject.toml
	@"$(PYTHON)" -c '$(USABLE)' 2>/dev/null || { \
		echo "clockpizza needs Python 3.11 or newer with its venv module; $(or $(PYTHON),none found on PATH)$(if $(PYTHON), is not that)." >&2; \
		echo "Install one (on Debian and Ubuntu also python3-venv), or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || { rm -rf .venv; "$(PYTHON)" -m venv .venv; }
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(STAMP)
	$(BIN)/clockpizza train --preset quick --name demo
	$(BIN)/clockpizza classify runs/demo

test: $(STAMP)
	$(BIN)/python -m pytest $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
