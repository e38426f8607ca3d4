# Everything but deploy works without an AWS account. The flags stand here once, so
# that all targets share the compiler's cache.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# How many seeds make sim tries.
SEEDS ?= 300
# How many object events make bench-intake takes in.
EVENTS ?= 1000000

FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
GO_CODE := $(wildcard *.go) cmd events functions local shared

# Without the commit in it, a function that a commit leaves alone keeps its bytes.
REPEATABLE := -buildvcs=false -tags=lambda.norpc
STRIPPED := -ldflags=-s -w

# What sam-invoke invokes, with which of events/.
FUNCTION ?= OnAlarmFunction
EVENT ?= cloudwatch-alarm-state-change

.PHONY: help build test check sim bench bench-judge bench-intake demo sam-build sam-invoke deploy

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile the functions for Lambda, to build/arm64/<function>/bootstrap
	@rm -rf build/arm64
	GOOS=linux GOARCH=arm64 go build $(REPEATABLE) '$(STRIPPED)' -o build/arm64/.all/ ./functions/...
	@for f in $(FUNCTIONS); do mkdir -p build/arm64/$$f; mv build/arm64/.all/$$f build/arm64/$$f/bootstrap; done; rmdir build/arm64/.all
	@echo "build/arm64: $(words $(FUNCTIONS)) functions"

test: ## run all tests
	go test ./...

check: ## vet, format, staticcheck, govulncheck, state machines, templates, SAM
	go vet ./...
	@unformatted=$$(gofmt -l $(GO_CODE)); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:" $$unformatted >&2; exit 1; fi
	go tool staticcheck ./...
	.ci/vulnerabilities
	go test -run '^TestMachines' .
	.ci/template
	.ci/sam

sim: ## rehearse many rollouts under faults: SEEDS=300 of them
	go run ./cmd/sluice sim --seeds $(SEEDS)

bench: bench-judge bench-intake ## measure speed, and judge and intake against their goals
	go test -run '^$$' -bench . -benchmem ./shared/... ./local/...

bench-judge: ## hold the judge to its goals, beside its peers' rules
	go run ./cmd/benchjudge

bench-intake: ## count what a million object events cost: EVENTS=1000000 of them
	go run ./cmd/benchintake -events $(EVENTS)

demo: ## play a day of Sluice in this terminal
	@go run ./cmd/sluice demo

sam-build: ## build with the AWS SAM CLI, after its own check of the template
	sam validate --lint
	GOFLAGS="$(GOFLAGS) $(REPEATABLE) '$(STRIPPED)'" sam build

sam-invoke: sam-build ## invoke FUNCTION with EVENT in a container, against sluice local
	AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 sam local invoke $(FUNCTION) -e events/$(EVENT).json --env-vars env.json \
		--parameter-overrides EndpointUrl=http://host.docker.internal:4570 --add-host host.docker.internal:host-gateway

deploy: ## put Sluice into your AWS account, asking where
	@command -v sam >/dev/null || { echo "deploy needs the AWS SAM CLI: see how to install it in the AWS SAM Developer Guide" >&2; exit 1; }
	GOFLAGS="$(GOFLAGS) $(REPEATABLE) '$(STRIPPED)'" sam build
	sam deploy --guided
