package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// config runs `rota config` with the arguments.
func config(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	root := rootCommand()
	var out, complaints strings.Builder
	root.SetOut(&out)
	root.SetErr(&complaints)
	root.SetArgs(append([]string{"config"}, args...))
	code = exitCode(io.Discard, root.Execute())
	return out.String(), complaints.String(), code
}

func TestCheckSaysThatAFileIsFine(t *testing.T) {
	path := fileWith(t, "workers: 3\ncommand: [sleep, 1]\n")
	for _, args := range [][]string{{path}, {"--config", path}, {"--workers", "2", path, "--", "cat"}} {
		stdout, stderr, code := config(t, append([]string{"check"}, args...)...)
		require.Zero(t, code)
		require.Empty(t, stderr)
		require.Equal(t, path+" is fine\n", stdout)
	}
	t.Setenv("ROTA_CONFIG", path)
	stdout, _, code := config(t, "check")
	require.Zero(t, code)
	require.Equal(t, path+" is fine\n", stdout)
}

func TestCheckWithoutAFileSaysWhatItLookedAt(t *testing.T) {
	stdout, _, code := config(t, "check", "--workers", "2")
	require.Zero(t, code)
	require.Equal(t, "the environment and the flags are fine; no settings file was named\n", stdout)
}

func TestCheckPrintsEveryComplaintAndNothingElse(t *testing.T) {
	path := fileWith(t, "workers: 3\nwokers: 3\nready: soon\n")
	t.Setenv("ROTA_UMASK", "rwx")
	for _, verb := range []string{"check", "show"} {
		stdout, stderr, code := config(t, verb, path, "--watchdog", "1ms", "--", "")
		require.Equal(t, 2, code)
		require.Empty(t, stdout)
		require.Equal(t, path+`:2: wokers: unknown key; did you mean workers?
`+path+`:3: ready: "soon" is none of auto, notify, tcp, delay:2s, http:/path and log:REGEX
ROTA_UMASK: "rwx" is not an octal number from 0 to 0777, such as 0022
--watchdog: 1ms is shorter than 100ms; 0 switches it off
command behind --: the name of the program is empty
`, stderr)
	}
	_, stderr, code := config(t, "check", "/nowhere/rota.yaml")
	require.Equal(t, 2, code)
	require.Equal(t, "settings file: open /nowhere/rota.yaml: no such file or directory\nROTA_UMASK: \"rwx\" is not an octal number from 0 to 0777, such as 0022\n", stderr)
}

func TestShowPrintsWhatCheckAccepts(t *testing.T) {
	path := fileWith(t, "workers: 3\nenv: {SECRET: s3cret}\n")
	stdout, _, code := config(t, "show", path, "--log-level", "warn", "--", "cat", "-u")
	require.Zero(t, code)
	require.Contains(t, stdout, "\nworkers: 3  # "+path+":1\n")
	require.Contains(t, stdout, "\ncommand: [cat, -u]  # command behind --\n")
	require.Contains(t, stdout, "\nlog_level: warn  # --log-level\n")
	require.Contains(t, stdout, "\nlog_format: auto  # default\n")
	require.NotContains(t, stdout, "s3cret")

	again := fileWith(t, stdout)
	_, stderr, code := config(t, "check", again)
	require.Zero(t, code, stderr)
}

func TestShowInJSON(t *testing.T) {
	t.Setenv("ROTA_STOP_SIGNAL", "quit")
	path := fileWith(t, "env: {A: s3cret}\nworkers: 3\n")
	stdout, _, code := config(t, "show", "--json", path, "--env", "B=s3cret", "--listen", ":1,:2")
	require.Zero(t, code)
	require.NotContains(t, stdout, "s3cret")
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	for key, want := range map[string]any{
		"listen":      map[string]any{"value": []any{":1", ":2"}, "source": "--listen"},
		"workers":     map[string]any{"value": 3.0, "source": path + ":2"},
		"stop_signal": map[string]any{"value": "SIGQUIT", "source": "ROTA_STOP_SIGNAL"},
		"dir":         map[string]any{"value": nil, "source": "default"},
		"env": map[string]any{
			"value":   map[string]any{"A": "(hidden)", "B": "(hidden)"},
			"source":  path + ", --env",
			"sources": map[string]any{"A": path + ":1", "B": "--env"},
		},
	} {
		require.Equal(t, want, got[key], key)
	}
}

func TestSchemaPrintsTheFileOfTheRepository(t *testing.T) {
	stdout, _, code := config(t, "schema")
	require.Zero(t, code)
	want, err := os.ReadFile("../../rota.schema.json")
	require.NoError(t, err)
	require.Equal(t, string(want), stdout)
}
