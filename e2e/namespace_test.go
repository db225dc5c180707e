package e2e

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a program says in a network namespace of its own does not arrive, and that is said.
func TestAWorkerInAnotherNetworkNamespace(t *testing.T) {
	t.Parallel()
	if err := exec.Command("unshare", "--net", "true").Run(); err != nil {
		t.Skipf("network namespaces can't be made here: %s", err)
	}
	g := newStage(t, 1, "")
	g.settings("start_timeout: 1s")
	g.deployScript("two", "#!/bin/sh\nexec unshare --net sleep 1000\n", 0o755)
	told := g.post(t.Context(), "/reload?wait=live", "")
	require.Equal(t, 500, told.status)
	require.Contains(t, told.Detail, "it did not say READY=1; its process ")
	require.Contains(t, told.Detail, "is in another network namespace, from which NOTIFY_SOCKET can't be reached: set another readiness")

	g.write("listen: ['127.0.0.1:0']", "workers: 1", "dir: "+g.dir+"/current", "command: [./app]", "ready: delay:100ms", "watchdog: 300ms", "soak: 1m")
	told = g.post(t.Context(), "/reload?wait=live", "")
	require.Equal(t, 500, told.status)
	require.Contains(t, told.Detail, "missed its watchdog: it said nothing for 300ms; its process ")
}
