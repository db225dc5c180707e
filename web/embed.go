// Package web is the status page: plain HTML, CSS and JavaScript modules without a build step, embedded in the
// binary.
//
// app.js connects the parts. stream.js follows the master's events and statistics, store.js keeps what they say,
// and each panel of index.html has a module that shows it. Buttons send their requests through action-button.js
// and api.js. What needs no browser is tested in test/: run `node --test` in this directory.
//
// The page has no inline script or style and loads nothing from other hosts, so it runs under the strictest
// content security policy.
package web

import "embed"

// Files holds index.html, which is the page, and its assets, which are served under /assets/.
//
//go:embed index.html favicon.svg *.css *.js
var Files embed.FS
