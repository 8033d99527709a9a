# Both targets do everything on a machine that has git, make and Python 3.10 or newer, and nothing else.

# The first one that is new enough; `make test PYTHON=python3.12` for another.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$each && break; done)
ENV := .venv
INSTALL = $(ENV)/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint faults bench clean

demo: $(ENV)/.demo  ## run a small agent on the real clients, without a key or a network, and show its trace
	@$(ENV)/bin/mutagent demo

# File by file as they come: with the files of most tests first, those whose few tests take longest would be left.
test: $(ENV)/.test  ## run the tests on this Python, with the newest libraries; ARGS are pytest's
	$(ENV)/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(ENV)/.lint  ## style, format and types
	$(ENV)/bin/ruff check .
	$(ENV)/bin/ruff format --check .
	$(ENV)/bin/mypy

faults: $(ENV)/.test  ## print the fault matrix: what becomes of every span, however a process ends; ARGS as in --only gunicorn
	@$(ENV)/bin/python -m tests.faults.matrix $(ARGS)

bench: $(ENV)/.test  ## measure beside the peers, and write the tables into docs/performance.md; ARGS name benchmarks
	$(ENV)/bin/python -m tests.benchmarks.page $(ARGS)

clean:  ## remove the environment
	rm -rf $(ENV)

$(ENV)/.python:
	@test -n "$(PYTHON)" || { echo 'Python 3.10 or newer is needed; make PYTHON=/path/to/python3 says where it is.'; exit 1; }
	@$(PYTHON) -m venv $(ENV) || { echo 'Python has no venv here (Debian, Ubuntu: apt install python3-venv).'; exit 1; }
	@touch $@

# Installed so that it runs from this directory: only new requirements make an installation due again.
$(ENV)/.demo: $(ENV)/.python pyproject.toml
	@echo 'installing the demo into $(ENV) ...'
	@$(INSTALL) --editable '.[demo]'
	@touch $@

$(ENV)/.test: $(ENV)/.python pyproject.toml
	@echo 'installing the tests into $(ENV) ...'
	@$(INSTALL) --upgrade --editable '.[demo,test,view]'
	@$(INSTALL) --upgrade '.[browser]' || echo 'Playwright can not be installed here: no tests in a browser.'
	@touch $@

$(ENV)/.lint: $(ENV)/.test
	@$(INSTALL) --upgrade '.[lint]'
	@touch $@
