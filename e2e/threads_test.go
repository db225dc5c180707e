package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A pids cgroup that is full, or a user who may have no more processes. Then nothing new can be done, and what
// is there goes on.
func TestAMasterThatGetsNoMoreThreadsAndProcessesGoesOn(t *testing.T) {
	var sys syscall.SysProcAttr
	if os.Getuid() == 0 { // whom no limit binds
		require.NoError(t, os.Chmod(filepath.Dir(binary), 0o711))
		sys.Credential = &syscall.Credential{Uid: 47110, Gid: 47110}
	}
	r := startProgram(t, binary, &sys, "--workers", "2", "--check", "/bin/true")
	limit := func(most string) {
		pids := []int{r.command.Process.Pid}
		for _, w := range r.workers() {
			pids = append(pids, w.PID)
		}
		for _, pid := range pids {
			command := exec.Command("prlimit", "--pid", strconv.Itoa(pid), "--nproc="+most)
			command.SysProcAttr = &sys
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))
		}
	}
	var own unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NPROC, &own))
	before := strconv.FormatUint(own.Max, 10) + ":"
	if own.Max == unix.RLIM_INFINITY {
		before = "unlimited:"
	}
	limit("1:")
	var crowd sync.WaitGroup
	for i := range 200 {
		crowd.Go(func() {
			_ = r.do(http.MethodGet, []string{"/connections", "/workers", "/status", "/metrics"}[i%4], "", nil)
			_ = once("tcp", r.tcp)
		})
	}
	var failed struct{ Detail string }
	require.Equal(t, http.StatusInternalServerError, r.do(http.MethodPost, "/reload?wait=completed", "", &failed))
	crowd.Wait()
	require.Contains(t, failed.Detail, "could not be started: fork: resource temporarily unavailable: there can't be more threads and processes than the 1 that the user may have (ulimit -u)")
	require.NoError(t, once("tcp", r.tcp))
	require.NotContains(t, r.log.String(), "failed to create new OS thread")

	limit(before)
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=completed", "", nil))
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
}
