package master

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/plan"
)

func TestAProcessThatRotaWasStartedWithOutlivesItAndOneThatAWorkerLeftIsNamed(t *testing.T) {
	agent := exec.Command("/bin/sh", "-c", "sleep 1000 & wait")
	agent.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, agent.Start())
	defer func() {
		_ = syscall.Kill(-agent.Process.Pid, syscall.SIGKILL)
		_ = agent.Wait()
	}()
	note := filepath.Join(t.TempDir(), "pid")
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{os.Args[0], "leaves-a-stray", note}}, "")
	r.ready(1)
	written, err := os.ReadFile(note)
	require.NoError(t, err)
	stray, err := strconv.Atoi(strings.TrimSpace(string(written)))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		p, err := kernel.FindProcess(stray)
		return err == nil && p.Session == stray
	}, patience, time.Millisecond, "it has left the worker's session")
	r.Shutdown()
	requireGone(t, stray)
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "left behind is killed") }, patience, time.Millisecond)
	now, err := kernel.FindProcess(agent.Process.Pid)
	require.NoError(t, err)
	require.False(t, now.Zombie)
	require.NotContains(t, r.log.String(), `"pid":`+strconv.Itoa(agent.Process.Pid)+`,"name":"sh","message":"a process that the workers`)
}

// It becomes a daemon, as agents do, when rota runs already: then it is an orphan which rota gets.
func TestADaemonOfAProcessThatRotaWasStartedWithOutlivesIt(t *testing.T) {
	note := filepath.Join(t.TempDir(), "pid")
	agent := exec.Command("/bin/sh", "-c", `read go; setsid sh -c 'sleep 1000 & echo $$ >"$1".new; mv "$1".new "$1"; wait' sh "$1" &`, "sh", note)
	begin, err := agent.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, agent.Start())
	r := runMaster(t, plan.Spec{Workers: 1}, "good")
	r.ready(1)
	require.NoError(t, begin.Close())
	_ = agent.Wait() // the master may have waited for it
	var daemon int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(note)
		if err == nil {
			daemon, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err == nil
	}, patience, time.Millisecond)
	defer func() { _ = syscall.Kill(-daemon, syscall.SIGKILL) }()
	require.Eventually(t, func() bool {
		p, err := kernel.FindProcess(daemon)
		return err == nil && p.Session == daemon && p.Parent == os.Getpid()
	}, patience, time.Millisecond, "it is an orphan")
	r.Shutdown()
	<-r.done
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "has left this one behind") }, patience, time.Millisecond)
	now, err := kernel.FindProcess(daemon)
	require.NoError(t, err)
	require.False(t, now.Zombie)
}
