package doctor

import (
	"debug/buildinfo"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// recipes are the folders with tested settings, found by the command line. The first match counts: the name
// of a wrapper says less than what it runs.
var recipes = []struct {
	named *regexp.Regexp // the last element of a word of the command
	where string
}{
	{regexp.MustCompile(`^gunicorn`), "recipes/gunicorn"},
	{regexp.MustCompile(`^uwsgi`), "recipes/uwsgi"},
	{regexp.MustCompile(`^puma`), "recipes/puma"},
	{regexp.MustCompile(`^caddy`), "recipes/caddy"},
	{regexp.MustCompile(`^haproxy`), "recipes/haproxy"},
	{regexp.MustCompile(`^(plackup|starlet|start_server)$|\.psgi$`), "recipes/starlet"},
	{regexp.MustCompile(`^(nginx|php-fpm|lighttpd|hypercorn|unicorn|uvicorn|daphne|twistd|starman|h2o|sshd|apache2|httpd|redis-server|memcached)`), "recipes/README.md"},
	{regexp.MustCompile(`^(deno|bun|java|erl|escript|elixir|iex|mix|cargo|php[\d.]*)$`), "recipes/README.md"},
	{regexp.MustCompile(`^(node|nodejs|npm|npx|yarn|pnpm)$|\.[cm]?js$`), "recipes/node-http and recipes/node-net"},
	{regexp.MustCompile(`^python[\d.]*$|\.py$`), "recipes/python-asyncio and recipes/python-socketserver"},
	{regexp.MustCompile(`^(rackup|rails)$|\.ru$`), "recipes/puma"},
	{regexp.MustCompile(`^(go|go\.mod|main\.go)$`), "recipes/go"},
}

// recipeFor returns the folder with tested settings for the program; "" if there is none.
func recipeFor(command []string) string {
	var words []string
	for _, argument := range command {
		for word := range strings.FieldsSeq(argument) { // it may be a shell command
			words = append(words, filepath.Base(strings.Trim(word, `"'`)))
		}
	}
	for _, r := range recipes {
		if slices.ContainsFunc(words, r.named.MatchString) {
			return r.where
		}
	}
	if path, err := exec.LookPath(command[0]); err == nil {
		if _, err := buildinfo.ReadFile(path); err == nil {
			return "recipes/go"
		}
	}
	return ""
}
