package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheRecipeThatHelpsIsNamed(t *testing.T) {
	for command, want := range map[string]string{
		"gunicorn app:app":                   "recipes/gunicorn",
		"/usr/bin/python3 -m gunicorn app":   "recipes/gunicorn",
		"bundle exec puma":                   "recipes/puma",
		"node server.js":                     "recipes/node-http and recipes/node-net",
		"npm start":                          "recipes/node-http and recipes/node-net",
		"/usr/bin/python3.11 server.py":      "recipes/python-asyncio and recipes/python-socketserver",
		"/usr/sbin/haproxy -db":              "recipes/haproxy",
		"plackup app.psgi":                   "recipes/starlet",
		"nginx -c nginx.conf":                "recipes/README.md",
		"/usr/sbin/php-fpm8.2 --nodaemonize": "recipes/README.md",
		"deno run -A server.js":              "recipes/README.md",
		"sh -c 'exec java Server <&3'":       "recipes/README.md",
		"/bin/sh -c 'exec uwsgi --ini x'":    "recipes/uwsgi",
		"/bin/sleep 60":                      "",
		"/no/such/program":                   "",
		os.Args[0] + " is a program of Go's": "recipes/go",
	} {
		require.Equal(t, want, recipeFor(strings.Fields(command)), command)
	}
	require.Equal(t, "recipes/uwsgi", recipeFor([]string{"sh", "-c", `exec "uwsgi" --ini x`}))
}

func TestEveryRecipeIsNamedAndThere(t *testing.T) {
	var named []string
	for _, r := range recipes {
		for where := range strings.SplitSeq(r.where, " and ") {
			if where != "recipes/README.md" {
				where = filepath.Join(where, "rota.yaml")
			}
			require.FileExists(t, filepath.Join("../..", where))
			named = append(named, where)
		}
	}
	files, err := filepath.Glob("../../recipes/*/rota.yaml")
	require.NoError(t, err)
	for _, file := range files {
		require.Contains(t, named, strings.TrimPrefix(file, "../../"))
	}
}
