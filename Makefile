# Every stage of the gate is a target of its own; scripts/test is the gate on a
# fresh machine. `make help` lists what there is.

TOOL   = go tool -modfile=tools/go.mod
UNITS  = $$(go list ./... | grep -v '/e2e')
SOURCE = $$(find . -name '*.go' -not -path '*/node_modules/*')

# Quickest first, so that a slip is told within seconds.
STAGES = fmt vet tidy fix deps lint deadcode race e2e browser

.DEFAULT_GOAL := help
.PHONY: help build test test-all bench soak check-deps e2e-deps $(STAGES)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/alivemcp, static
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/alivemcp

test: ## Run the tests that need nothing but Go
	@go test $(UNITS)

test-all: ## Run the whole gate: static checks, race detector, e2e (first: make e2e-deps)
	@set -e; for stage in $(STAGES); do \
		echo "== $$stage"; \
		start=$$(date +%s); \
		$(MAKE) --no-print-directory $$stage || { echo "== $$stage FAILED after $$(( $$(date +%s) - start )) s"; exit 1; }; \
		echo "== $$stage: $$(( $$(date +%s) - start )) s"; \
	done

fmt: ## Fail on a file that is not formatted
	@out="$$(gofmt -l $(SOURCE))" && test -z "$$out" || { echo "not formatted, run gofmt -w:"; echo "$$out"; exit 1; }

vet: ## Run go vet, here and on the e2e servers
	@go vet ./...
	@go -C e2e/servers vet ./...

tidy: ## Fail when go.mod or go.sum is not tidy
	@go mod tidy -diff
	@go -C e2e/servers mod tidy -diff

fix: ## Fail when go fix would write something in a newer way
	@go fix -diff ./...

deps: ## Check who imports whom
	@go test -count=1 ./internal

lint: ## Run golangci-lint
	@$(TOOL) golangci-lint run ./...

deadcode: ## Fail on functions that neither a command nor a test reaches
	@out="$$($(TOOL) deadcode -test ./...)" && test -z "$$out" || { echo "$$out"; exit 1; }

# A process that was built with the race detector sleeps a second before it ends
# unless it is told not to. Packages whose tests wait leave room for a third.
race: ## Run the tests under the race detector (needs a C compiler)
	@CGO_ENABLED=1 GORACE=atexit_sleep_ms=0 go test -race -p 3 -timeout 12m $(UNITS)

e2e: ## Check servers that other people wrote
	@go test -count=1 -timeout 10m ./e2e

browser: ## Look at every page with Chromium; pictures are kept in e2e/browser/artifacts
	@go test -count=1 -timeout 15m -parallel 5 ./e2e/browser && echo "pictures of every page: e2e/browser/artifacts"

e2e-deps: ## Fetch and build what the e2e and browser tests need (needs Node.js 20 and npm)
	npm ci --prefix e2e/npm --ignore-scripts --no-audit --no-fund --loglevel error
	go -C e2e/servers build tool ./...

bench: ## Run the benchmarks; bench/README.md has the last numbers
	@go run ./bench/probe
	@go run ./bench/probe -hang 10000
	@go run ./bench/archive
	@go run ./bench/audit
	@go run ./bench/embed
	@go run ./bench/registry
	@go run ./bench/serve past
	@go run ./bench/serve pages
	@go run ./bench/serve first
	@go run ./bench/serve demo
	@go run ./bench/alert route
	@go run ./bench/alert flap
	@go run ./bench/alert storm
	@go test -run '^$$' -bench . -benchmem $(UNITS)

soak: ## Probe 5,000 servers for ten minutes; the machine should have nothing else to do
	@go run ./bench/serve load

check-deps: ## Say what the gate needs and this machine lacks
	@out="$$(scripts/missing)" && test -z "$$out" || { echo "$$out"; exit 1; }
