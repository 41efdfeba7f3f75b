# The only entry: people, hooks and CI all come through here. `make help` lists what there is.

export TIREK_HOME ?= $(CURDIR)/.tirek
export XDG_RUNTIME_DIR ?= /tmp/runtime-$(shell id -u)
PORT ?= 8000
# make run HOST=0.0.0.0 OPEN=1 shows the demonstration to other machines; its passwords are public.
# Not from the environment: some shells keep the machine's name in HOST.
HOST := 127.0.0.1
OPEN :=

.DEFAULT_GOAL := help
.PHONY: help run test check bench prove docs lock messages schema clean setup setup-dev setup-bench

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: setup ## Serve Tirek with its demonstration region; Ctrl-C stops everything
	@exec .venv/bin/tirek serve --demonstration --host $(HOST) --port $(PORT) $(if $(OPEN),--open-demonstration)

test: ## Run every check and every test, browser journeys included
	@tools/test.sh

check: setup-dev ## Style, arrows and types only: a few seconds
	@tools/check.sh

bench: setup-bench ## Measure against the peers: ours, theirs and the ratio (QUICK=1: small, some minutes; ONLY=pages)
	@TIREK_HOME=$(CURDIR)/.tirek/bench .venv/bin/python benchmarks/run.py $(if $(QUICK),--quick) $(ONLY)

prove: setup-dev ## The long proofs: fuzzing at length, coverage simulations
	@tools/test.sh prove

docs: setup-dev ## Build the manual into docs/_build/html
	@TIREK_HOME=$(CURDIR)/.tirek/test .venv/bin/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "The manual is at docs/_build/html/index.html"

lock: ## Pin the packages again (UPGRADE=1 takes newer versions)
	@UPGRADE=$(UPGRADE) tools/lock.sh

messages: setup-dev ## Collect the texts to translate, and compile the translations
	@tools/messages.sh

schema: setup-dev ## Make the snapshot that a new database begins from; after every change of migrations
	@.venv/bin/python tools/schema.py

clean: ## Remove everything made here: packages, caches, the demonstration's data
	@tools/clean.sh

setup:
	@tools/setup.sh run

setup-dev:
	@tools/setup.sh run
	@tools/setup.sh dev

setup-bench: setup
	@tools/setup.sh bench
