// Package web is the status page: plain HTML, CSS and JavaScript modules, built into the binary.
//
// The page loads its parts from assets/ and follows one stream (/events?stats=1s). What it may change
// are reloads (POST /reload and /reloads/{id}/…) and single workers (POST /workers/{id}/rotate). It has no
// inline script or style and needs nothing from elsewhere, so it runs under the strictest content security policy.
package web

import "embed"

// Files holds index.html, served as the page itself, and at the same level everything else,
// served under /assets/ by its name here.
//
//go:embed index.html style.css favicon.svg *.js
var Files embed.FS
