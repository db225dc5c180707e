package plan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is on disk counts when a reload begins, and not again until the next.

// switchTo lets the link current point to the release, at one stroke, as deploys do.
func switchTo(t *testing.T, parent, version string) {
	t.Helper()
	next := filepath.Join(parent, "next")
	require.NoError(t, os.Symlink(filepath.Join(parent, version), next))
	require.NoError(t, os.Rename(next, filepath.Join(parent, "current")))
}

// A virtual environment's python is a link, and finds its packages by the name it was called by.
func TestAProgramIsCalledByItsReleasesName(t *testing.T) {
	parent := t.TempDir()
	for _, version := range []string{"one", "two"} {
		require.NoError(t, os.Mkdir(filepath.Join(parent, version), 0o755))
		require.NoError(t, os.Symlink("/bin/sh", filepath.Join(parent, version, "link")))
	}
	switchTo(t, parent, "one")
	for command, want := range map[string]string{
		filepath.Join(parent, "current", "link"): filepath.Join(parent, "one", "link"),
		"current/link":                           "current/link",
		"sh":                                     "sh",
	} {
		p, err := openProgram(command, parent, "/nowhere:/bin", nil)
		require.NoError(t, err)
		require.Equal(t, want, p.Argv0, command)
		p.drop()
	}
}

func TestThePathIsTheWorkersOwn(t *testing.T) {
	directory := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(directory, "bin"), 0o755))
	for _, file := range []string{"app", "bin/app"} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, file), []byte("#!/bin/sh\n"), 0o755))
	}
	plan, err := New(Spec{Command: []string{"app"}, Directory: directory, Env: []string{"PATH=/nowhere:bin"}}, []string{"PATH=/bin"}, nil)
	require.NoError(t, err)
	defer plan.Drop()
	require.Equal(t, filepath.Join(directory, "bin", "app"), plan.Program.Path)

	for command, complaint := range map[string]string{
		"no-such-program": "on PATH",
		"./nothing":       "no such file",
		"/":               "is a directory",
		"./bin":           "is a directory",
	} {
		_, err := New(Spec{Command: []string{command}, Directory: directory}, []string{"PATH=/bin"}, nil)
		require.ErrorContains(t, err, complaint, command)
		require.ErrorContains(t, err, command)
	}
}

func TestTheSumOfAnUnchangedFileIsNotTakenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.WriteFile(path, []byte("\x7fELF, more or less"), 0o755))
	first, err := openProgram(path, "", "", nil)
	require.NoError(t, err)
	defer first.drop()
	first.sha256 = "remembered"
	same, err := openProgram(path, "", "", first)
	require.NoError(t, err)
	defer same.drop()
	require.Equal(t, "remembered", same.sha256)
	require.NoError(t, os.WriteFile(path, []byte("\x7fELF, more or LESS"), 0o755))
	changed, err := openProgram(path, "", "", first)
	require.NoError(t, err)
	defer changed.drop()
	require.Len(t, changed.sha256, 64)
}

func TestANumberIsAUserWithAHomeToo(t *testing.T) {
	for _, name := range []string{"root", "0"} {
		p := Plan{Spec: Spec{User: name}}
		env := p.environment([]string{"HOME=/elsewhere", "USER=somebody"})
		require.ElementsMatch(t, []string{"HOME=/root", "USER=root", "LOGNAME=root"}, env, name)
	}
}
