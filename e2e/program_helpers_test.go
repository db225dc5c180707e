package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// copyOfBinary is a file that a deploy may replace.
func copyOfBinary(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "rota")
	content, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, content, 0o755))
	return program
}

// deploy puts a script in the program's place.
func deploy(t *testing.T, program, script string) {
	t.Helper()
	require.NoError(t, os.Remove(program))
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// gate is a program each of whose workers waits, slot by slot, until it is let in.
type gate struct {
	t   *testing.T
	dir string
}

func deployGate(t *testing.T, program string) gate {
	t.Helper()
	dir := t.TempDir()
	deploy(t, program, fmt.Sprintf(`while [ ! -e '%s/'"$ROTA_SLOT" ]; do sleep 0.02; done; exec '%s' "$@"`, dir, binary))
	return gate{t: t, dir: dir}
}

func (g gate) open(slot int) {
	g.t.Helper()
	require.NoError(g.t, os.WriteFile(filepath.Join(g.dir, strconv.Itoa(slot)), nil, 0o644))
}
