VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The version is stamped below, so the build doesn't ask git about the tree a second time:
# that fails in a container which doesn't own the checkout.
GOBUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false

.DEFAULT_GOAL := help
.PHONY: run build test check bench fuzz lint fmt clean help

run: build ## build rota and start it (ARGS="--workers 8" passes flags on)
	bin/rota $(ARGS)

build: ## build bin/rota
	$(GOBUILD) -ldflags "-X main.version=$(VERSION)" -o bin/rota ./cmd/server

test: ## the tests that one needs to trust a build; installs what is missing for that
	tools/check build vet install_for_test tests

check: ## what make test leaves out: linters, race detector, vulnerabilities, recipes
	tools/check format lint install_for_check scripts vulnerabilities race recipes

bench: build ## measure bin/rota against a bare Go server (ARGS="-run churn" picks some)
	tools/need ss:iproute2
	$(GOBUILD) -o bin/bench ./bench
	bin/bench -rota bin/rota $(ARGS)

fuzz: ## let random input at every fuzz test (FUZZ_TIME=1m for longer)
	tools/check fuzz

lint: ## run the linters alone
	tools/check format lint install_for_check scripts

fmt: ## format every Go file
	go build -C tools -o ../bin/tools/ tool
	bin/tools/golangci-lint fmt ./...

clean: ## remove what was built
	rm -rf bin

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)
