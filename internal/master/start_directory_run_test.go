package master

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
)

// inRelease is a running master that was started in a directory, with a program that is relative to it.
func inRelease(t *testing.T, parent, directory string) *running {
	t.Helper()
	t.Chdir(directory)
	spec := plan.Spec{Workers: 1, Listen: []listen.Spec{loopback}, Command: []string{"./app"}}
	r := runMasterWith(t, Options{Spec: spec}, "")
	r.ready(1)
	return r
}

func (r *running) misses(text string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		s, err := r.Status()
		if err != nil || text == "" {
			return err == nil && len(s.Missing) == 0
		}
		return slices.Contains(s.Missing, text)
	}, patience, time.Millisecond, "%s", text)
}
