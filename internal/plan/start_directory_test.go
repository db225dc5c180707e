package plan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAReloadFollowsTheLinkThatRotaWasStartedBy(t *testing.T) {
	parent := t.TempDir()
	directory := newRelease(t, parent, "v1")
	switchTo(t, parent, "v1")
	t.Chdir(directory)
	t.Setenv("PWD", filepath.Join(parent, "current"))
	h := FindStartDirectory()
	newRelease(t, parent, "v2")
	switchTo(t, parent, "v2")
	require.Nil(t, h.Follow(), "what it was started in is still there")
	require.NoError(t, os.RemoveAll(directory))
	next := h.Follow()
	require.NotNil(t, next)
	require.Equal(t, filepath.Join(parent, "current"), next.logical)
	require.Empty(t, next.Lost())
	here, err := unixGetwd()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(parent, "v2"), here)
}

// newRelease makes a directory with a script.
func newRelease(t *testing.T, parent, version string) string {
	t.Helper()
	directory := filepath.Join(parent, version)
	require.NoError(t, os.Mkdir(directory, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "app"), []byte("#!/bin/sh\n"), 0o755))
	return directory
}
