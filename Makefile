# What one does with a checkout of Trainyard. `make help` lists it.

BUILD := swift build
RELEASE := $(BUILD) -c release --static-swift-stdlib -Xlinker -s --product trainyard
BINARY := .build/release/trainyard
EXAMPLE ?= Examples/iris-swift
VENV ?= .build/python

.DEFAULT_GOAL := help
.PHONY: help run build test acceptance check format bench docs models clean libraries test-libraries

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Set everything up, build, and run the pipeline of EXAMPLE (Examples/iris-swift)
	@$(BINARY) run $(EXAMPLE)

build: libraries ## Build the release binary
	@$(RELEASE)

test: libraries ## Build and run all unit and module tests (MODULE=S3 for one module's)
	@TRAINYARD_MODULE=$(MODULE) Tools/test

acceptance: test-libraries $(VENV)/ready ## Drive the binary with the aws CLI, boto3 and the examples
	@Tools/acceptance $(VENV)

check: ## Check the code's layout
	@swift format lint --strict --recursive --parallel Sources Tests Package.swift

format: ## Lay the code out as .swift-format says
	@swift format --in-place --recursive --parallel Sources Tests Package.swift

bench: build $(VENV)/ready ## Measure and rewrite Docs/benchmarks.md
	@$(VENV)/bin/python Benchmarks/run.py --binary $(BINARY) --write Docs/benchmarks.md

docs: build ## Rewrite Docs/compatibility.md from what the binary serves
	@python3 Tools/compatibility.py --binary $(BINARY) --write Docs/compatibility.md

models: ## Derive the AWS service models anew from the botocore that Tools/models/requirements.txt names
	@python3 -m venv --clear .build/models && .build/models/bin/pip install --quiet --requirement Tools/models/requirements.txt
	@.build/models/bin/python Tools/models/derive.py
	@.build/models/bin/python Tools/models/answers.py

clean: ## Remove what was built and the examples' data
	@rm -rf .build .trainyard

libraries:
	@Tools/install-libraries

test-libraries:
	@Tools/install-libraries tests

$(VENV)/ready: Tests/Acceptance/requirements.txt
	@echo "Installing the Python packages of Tests/Acceptance/requirements.txt into $(VENV)"
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement Tests/Acceptance/requirements.txt
	@touch $@
