package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is set has to arrive where it counts: in the running program.

func TestAnAdminHostIsLetInByName(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--admin-host", "rota.example.org")
	ask := func(host string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.admin+"/healthz", http.NoBody)
		require.NoError(t, err)
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, ask("rota.example.org"))
	require.Equal(t, http.StatusForbidden, ask("evil.example.org"))
}

func TestEventStreamsAreLimited(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--event-streams", "1")
	first := r.open(http.MethodGet, "/events")
	require.Equal(t, http.StatusServiceUnavailable, r.get("/events", nil))
	first.close()
	r.eventually("its seat is free", func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.admin+"/events", http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func TestTheStartTimeoutHolds(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "1", "--start-timeout", "2s")
	deploy(t, program, "exec sleep 1000")
	var p problem
	require.Equal(t, http.StatusInternalServerError, r.do(http.MethodPost, "/reload?wait=live", "", &p))
	require.Regexp(t, `was not ready in [2-9]`, p.Detail, "the default is 10 s")
}

// From each of the sources once; without any of them the reload takes 100 s.
func TestTheDrainTimeoutHoldsWhereverItIsSet(t *testing.T) {
	file := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "rota.yaml")
		require.NoError(t, os.WriteFile(path, []byte("workers: 3\ndrain_timeout: 300ms\n"), 0o644))
		return path
	}
	for name, given := range map[string]func(t *testing.T) (args []string){
		"flag":        func(*testing.T) []string { return []string{"--workers", "3", "--drain-timeout", "300ms"} },
		"file":        func(t *testing.T) []string { return []string{"--config", file(t)} },
		"ROTA_CONFIG": func(t *testing.T) []string { t.Setenv("ROTA_CONFIG", file(t)); return nil },
		"ROTA_DRAIN_TIMEOUT": func(t *testing.T) []string {
			t.Setenv("ROTA_WORKERS", "3")
			t.Setenv("ROTA_DRAIN_TIMEOUT", "300ms")
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, given(t)...)
			require.Equal(t, 3, r.status().Pool.Size)
			hold(t, "tcp", r.tcp, 1)
			var view reloadView
			require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=completed&timeout=50s", "", &view))
			require.Equal(t, "completed", view.State)
			require.Equal(t, 1, view.ConnectionsCut)
		})
	}
}
