# Where make install puts things; DESTDIR is for packages, which are made elsewhere.
PREFIX ?= /usr/local
BIN = $(DESTDIR)$(PREFIX)/bin/rota
SHARE = $(DESTDIR)$(PREFIX)/share
UNIT = $(DESTDIR)$(PREFIX)/lib/systemd/system/rota.service

# The Go tool records version and commit, unless git refuses to tell about a checkout that somebody else owns.
# VERSION is for a tree without git.
GOBUILD := env CGO_ENABLED=0 go build -trimpath -buildvcs=$(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)
ifdef VERSION
GOBUILD += -ldflags "-X main.version=$(VERSION)"
endif

.DEFAULT_GOAL := help
.PHONY: run build install uninstall test check bench fuzz lint fmt clean help

run: build ## build rota and start it (ARGS="--workers 8" passes flags on)
	bin/rota $(ARGS)

build: ## build bin/rota, and its man pages and completions in bin/share
	$(GOBUILD) -o bin/rota ./cmd/server
	tools/manual $(GOBUILD)

# It can run as root, without Go, after make build. The new binary takes the old one's place at once: workers start from it.
install: ## install what make build made: binary, man pages, completions and unit (PREFIX=/usr/local DESTDIR=)
	test -x bin/rota || $(MAKE) build
	install -D bin/rota "$(BIN).new" && mv -f "$(BIN).new" "$(BIN)"
	find bin/share -type f -printf '%P\n' | while read -r file; do install -D -m 644 "bin/share/$$file" "$(SHARE)/$$file"; done
	sed 's|/usr/bin/|$(PREFIX)/bin/|' packaging/rota.service | install -D -m 644 /dev/stdin "$(UNIT)"

uninstall: ## remove what make install installed
	rm -f "$(BIN)" "$(UNIT)" "$(SHARE)/man/man1/rota.1" "$(SHARE)"/man/man1/rota-*.1
	rm -f "$(SHARE)/bash-completion/completions/rota" "$(SHARE)/zsh/site-functions/_rota" "$(SHARE)/fish/vendor_completions.d/rota.fish"

test: ## the tests that one needs to trust a build; installs what is missing for that
	tools/check build vet install_for_test tests

check: ## what make test leaves out: linters, race detector, vulnerabilities, recipes
	tools/check format lint install_for_check scripts packages web_lint web_tests vulnerabilities race recipes

bench: build ## measure bin/rota against a bare Go server (ARGS="-run churn" picks some)
	tools/need ss:iproute2
	$(GOBUILD) -o bin/bench ./bench
	bin/bench -rota bin/rota $(ARGS)

fuzz: ## let random input at every fuzz test (FUZZ_TIME=1m for longer)
	tools/check fuzz

lint: ## run the linters alone
	tools/check format lint install_for_check scripts web_lint

fmt: ## format every Go file
	go build -C tools -o ../bin/tools/ tool
	bin/tools/golangci-lint fmt ./...

clean: ## remove what was built
	rm -rf bin tools/web/node_modules

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)
