# Run `make help` for the list of targets.
SHELL      := /bin/bash
GO         ?= go
BIN        := $(CURDIR)/.cache/bin
LINT       := $(BIN)/golangci-lint
LINT_VERSION := v2.15.0
FUZZTIME   ?= 30s
CHAOSTIME  ?= 5m
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help build test race chaos lint fuzz bench noise run check

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-8s %s\n", $$1, $$2}'

build: ## build ./bin/halert, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/halert ./cmd/halert

test: ## run all tests under the race detector, on SQLite and PostgreSQL; installs what they need
	scripts/install-test-tools
	$(GO) vet ./...
	scripts/with-postgres $(GO) test -race -timeout 10m ./...

race: ## run the tests three times over in random order, to find what is flaky
	scripts/install-test-tools
	scripts/with-postgres $(GO) test -race -shuffle on -count 3 -timeout 30m ./...

chaos: ## kill processes and break Halo for CHAOSTIME (5m), and count what was lost or doubled
	scripts/with-postgres env HALERT_CHAOS=$(CHAOSTIME) $(GO) test -run TestChaos -parallel 3 -v -timeout 24h ./cmd/halert

lint: $(LINT) ## run the linters of .golangci.yml
	@test -z "$$(gofmt -l cmd internal)" || { gofmt -d cmd internal; exit 1; }
	$(LINT) run

$(LINT):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

fuzz: ## fuzz each parser for FUZZTIME (30s)
	@for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
			echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

noise: ## play a made up month through halert and through a model of CIPP's own tickets, and print what each makes of it
	$(GO) run ./cmd/noise $(NOISE)

run: ## run the demo: a Halo simulator, a server and a stream of alerts
	$(GO) run ./cmd/halert demo

check: lint test ## all that CI does
