package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Only the start knows all listeners, but a file that names its own can be told before.
func TestPlaceholdersThatNoListenerFits(t *testing.T) {
	directory := t.TempDir()
	file, more := filepath.Join(directory, "rota.yaml"), filepath.Join(directory, "more.env")
	require.NoError(t, os.WriteFile(more, []byte("B=password@{address:app}\n"), 0o600))
	require.NoError(t, os.WriteFile(file, []byte(`listen: ["web=:8000", "app=unix:/run/app"]
env_file: `+more+`
env:
  A: "{path:web}"
command:
  - "{fd:itself}"
  - "{fd:wbe}"
  - "{address:web}{path:app}"
  - "{fd:probe}"
`), 0o600))
	require.EqualError(t, Check(flagsOf(t), nil, file, nil), file+`:7: command: "{fd:wbe}": {fd:wbe}: there is no listener of this name; did you mean web?
`+file+`:9: command: "{fd:probe}": {fd:probe}: workers get this listener only where ready is tcp or http:/path
`+file+`:4: the variable A: {path:web}: web is no unix socket and has no path; {address:web} is its host and port
`+more+`:1: the variable B: {address:app}: app is a unix socket and has no address; {path:app} is its path`)

	flags := []string{"--listen", "web=127.0.0.1:0", "--ready", "tcp", "--env", "A={port:web}", "--env", "B={address:probe}"}
	require.NoError(t, Check(flagsOf(t, flags...), nil, file, []string{"app", "{fd:probe}"}))
	require.EqualError(t, Check(flagsOf(t, flags...), nil, file, []string{"app", "{fd:app}"}),
		`command behind --: "{fd:app}": {fd:app}: there is no listener of this name; there are web, probe`)
}

func TestRotaMayBeStartedWithListenersThatNoFileNames(t *testing.T) {
	require.NoError(t, Check(flagsOf(t), nil, "", []string{"app", "{fd:web}"}))
	file := filepath.Join(t.TempDir(), "rota.yaml")
	require.NoError(t, os.WriteFile(file, []byte("listen: []\ncommand: [app, '{fd:web}']\n"), 0o600))
	require.NoError(t, Check(flagsOf(t), nil, file, nil))
	_, err := Load(flagsOf(t, "--listen", "app=:0"), nil, "", []string{"app", "{fd:web}"})
	require.NoError(t, err, "the start finds out")
}
