#!/usr/bin/env bash
# build.sh builds the tests' Caddy as bin/caddy. Its hundreds of packages take minutes once; then Go's cache has them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# The tags leave out databases that only Caddy's certificate authority would use. Code that is not
# optimised compiles in half the time.
exec go build -buildvcs=false -tags nobadger,nomysql,nopgx -gcflags='all=-N -l' -ldflags='-s -w' -o ../../../bin/caddy .
