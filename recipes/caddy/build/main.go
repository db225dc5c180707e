// Command build is Caddy with nothing but what the recipe uses, so that the tests can build it
// in two minutes. Whoever runs Caddy for real takes an official one.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func main() { caddycmd.Main() }
