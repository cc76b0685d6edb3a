# Commands of the project. They work from a clean clone on Debian 12, as root, with nothing installed but git and make.
# What they set up is cached outside the repository (JACKFIELD_CACHE, by default /var/cache/jackfield-rig).

export JACKFIELD_CACHE ?= /var/cache/jackfield-rig
VENV := $(JACKFIELD_CACHE)/venv-$(shell sha256sum requirements.lock | cut -c1-12)
PYTHON := $(VENV)/bin/python
SOURCES := core/src:admintui/src:plugins/ivr/src:plugins/acd/src:plugins/recording/src
# Two files of tests at a time: much of a journey is waiting, in real time, for sound.
BY_FILE := -n 2 --dist loadfile
export PYTHONPATH := $(SOURCES):tests:.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo test test-fast journeys bench lint deb apt-repo docs i18n host lock clean

help:
	@echo 'make demo       build the packages, install them in a clean Debian 14, place real calls (KEEP=1: leave it running)'
	@echo 'make test       all tests: unit, contract, journeys over real Asterisk, packages'
	@echo 'make test-fast  unit tests only'
	@echo 'make journeys   whole calls over real Asterisk only'
	@echo 'make bench      benchmarks against peers, one JSON line each (BENCH="name …" for some)'
	@echo 'make lint       ruff, mypy, import contracts'
	@echo 'make deb        Debian packages into dist/'
	@echo 'make apt-repo   a signed apt repository of them in dist/repo (URL=where it will be served, KEY=your gpg key)'

$(PYTHON): requirements.lock packaging/venv.sh
	@sh packaging/venv.sh $(VENV) requirements.lock

i18n:
	@find core/src admintui/src plugins/*/src -name '*.po' | while read -r po; do msgfmt -o "$${po%.po}.mo" "$$po"; done

host:
	@sh packaging/host.sh

demo: $(PYTHON)
	@$(PYTHON) -m demo $(if $(KEEP),--keep)

test: $(PYTHON) host i18n deb
	@$(PYTHON) -m pytest $(BY_FILE) core/tests admintui/tests plugins tests

test-fast: $(PYTHON) host i18n
	@$(PYTHON) -m pytest -n auto -m 'not journey and not packages and not slow' core/tests admintui/tests plugins tests

journeys: $(PYTHON) host deb
	@$(PYTHON) -m pytest $(BY_FILE) tests/journeys

bench: $(PYTHON) deb
	@$(PYTHON) -m bench $(BENCH)

lint: $(PYTHON)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --quiet . || (echo 'ruff format . would change files'; exit 1)
	@$(PYTHON) -m mypy core/src admintui/src plugins/ivr/src plugins/acd/src plugins/recording/src bench
	@$(VENV)/bin/lint-imports --no-cache

deb: $(PYTHON)
	@$(PYTHON) packaging/deb/build.py --out dist

apt-repo: $(PYTHON)
	@$(PYTHON) packaging/deb/build.py --out dist --repo dist/repo $(if $(URL),--url $(URL)) $(if $(KEY),--key $(KEY))

docs: $(PYTHON)
	@$(PYTHON) docs/make_reference.py
	@$(PYTHON) docs/make_plugin_api.py

lock: $(PYTHON)
	@$(VENV)/bin/python -m pip install -q uv && $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-annotate core/pyproject.toml requirements-dev.in -o requirements.lock

clean:
	@rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
