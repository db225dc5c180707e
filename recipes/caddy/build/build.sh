#!/usr/bin/env bash
# build.sh OUTPUT builds the tests' Caddy. Its hundreds of packages take minutes once, then Go's cache has them.
set -euo pipefail
output=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
# The tags leave databases out that only Caddy's certificate authority would use; unoptimised code compiles in half the time.
exec go build -buildvcs=false -tags nobadger,nomysql,nopgx -gcflags='all=-N -l' -ldflags='-s -w' -o "$output" .
