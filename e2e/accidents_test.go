package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAKilledWorkerIsReplacedAndTheOthersNoticeNothing(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	held := hold(t, "tcp", r.tcp, 10)
	before := r.workers()
	victim := before[0]
	require.NoError(t, syscall.Kill(victim.PID, syscall.SIGKILL))
	r.eventually("replaced", func() bool {
		list := r.workers()
		return len(list) == 2 && list[0].ID != victim.ID && list[0].State == "ready"
	})
	var gone struct {
		State string
		Exit  struct{ Signal string }
	}
	require.Equal(t, http.StatusOK, r.get("/workers/"+victim.ID, &gone))
	require.Equal(t, "exited", gone.State)
	require.Equal(t, "SIGKILL", gone.Exit.Signal)
	require.Equal(t, before[1].ID, r.workers()[1].ID)
	alive := 0
	for _, c := range held {
		if say(c) == nil {
			alive++
		}
	}
	require.Equal(t, r.workers()[1].Connections, alive, "the other worker's connections live on")
	require.NoError(t, once("tcp", r.tcp))
	require.Equal(t, 1, r.status().Totals.WorkersDied)
}

func TestAKilledMasterTakesItsWorkersAlong(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	held := hold(t, "tcp", r.tcp, 4)
	workers := r.processes()
	require.Len(t, workers, 2)
	require.NoError(t, r.command.Process.Kill())
	<-r.exited
	r.eventually("nobody accepts", func() bool {
		c, err := net.Dial("tcp", r.tcp)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	// A worker without a master drains, it does not drop, also when it has looked for its
	// master, once a second, and found nobody to read its log.
	for watched := time.Now(); time.Since(watched) < 2500*time.Millisecond; {
		for _, c := range held {
			require.NoError(t, say(c))
		}
	}
	for _, c := range held {
		require.NoError(t, leave(c))
	}
	for _, worker := range workers {
		r.eventually("worker gone", func() bool { return !worker.lives() })
	}
	again, err := net.Listen("tcp", r.tcp)
	require.NoError(t, err, "the address is free")
	again.Close()
}

// A crash starts what the last good reload put there, whatever generation that is.
func TestAWorkerKilledAfterAReloadComesBackInTheNewGeneration(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	master := r.status().PID
	for generation := 2; generation <= 3; generation++ {
		require.Equal(t, generation, r.reload("").Generation)
		before := r.workers()
		require.NoError(t, syscall.Kill(before[0].PID, syscall.SIGKILL))
		r.eventually("replaced", func() bool {
			list := r.workers()
			return len(list) == 2 && list[0].ID != before[0].ID && list[0].State == "ready"
		})
		for _, w := range r.workers() {
			require.Equal(t, generation, w.Generation)
		}
		require.Equal(t, before[1].ID, r.workers()[1].ID)
		require.Equal(t, master, r.status().PID)
		require.NoError(t, once("tcp", r.tcp))
	}
}

func TestAStoppedWorkerIsStillSeenAndStillReplaced(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	hold(t, "tcp", r.tcp, 3)
	stuck := r.workers()[0]
	require.NoError(t, syscall.Kill(stuck.PID, syscall.SIGSTOP))
	require.Equal(t, 3, r.workers()[0].Connections, "the kernel tells, not the worker")
	view := r.reload(`{"drain_timeout":"300ms"}`)
	require.Equal(t, 3, view.ConnectionsCut)
	require.NotEqual(t, stuck.ID, r.workers()[0].ID)
	require.NoError(t, once("tcp", r.tcp))
}

func TestACrashLoopIsReportedAndNeverStopsTheMaster(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	waited := false // for its back-off, and that was shown
	for range 3 {
		before := r.workers()[0]
		require.NoError(t, syscall.Kill(before.PID, syscall.SIGKILL))
		r.eventually("back", func() bool {
			for _, slot := range r.status().Waiting {
				waited = true
				require.Equal(t, 0, slot.Slot)
				require.Equal(t, "SIGKILL", slot.Last.Exit.Signal)
			}
			list := r.workers()
			return list[0].Slot == 0 && list[0].ID != before.ID && list[0].State == "ready"
		})
	}
	require.True(t, waited)
	var p problem
	require.Equal(t, http.StatusServiceUnavailable, r.get("/readyz", &p))
	require.Contains(t, p.Detail, "slot 0")
	require.Equal(t, http.StatusOK, r.get("/healthz", nil))
	require.NoError(t, once("tcp", r.tcp))
	r.reload("")
	require.Equal(t, http.StatusOK, r.get("/readyz", nil), "a deploy ends the loop")
}

// A terminal that stands still, or a log collector that hangs, stops nothing.
func TestAStderrThatNobodyReadsStopsNothing(t *testing.T) {
	t.Parallel()
	unread, stderr, err := os.Pipe()
	require.NoError(t, err)
	defer unread.Close()
	r := startInto(t, stderr, "--workers", "1", "--log-level", "debug")
	for range 500 { // two lines each, in a pipe of 64 KiB
		require.NoError(t, once("tcp", r.tcp))
	}
	r.reload("")
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
}

// A log collector that dies takes nobody along.
func TestAStderrThatIsClosedStopsNothing(t *testing.T) {
	t.Parallel()
	read, stderr, err := os.Pipe()
	require.NoError(t, err)
	defer read.Close()
	r := startInto(t, stderr, "--workers", "1", "--log-level", "debug")
	read.Close()
	for range 20 { // each is logged, into a pipe that nobody will read
		require.Equal(t, http.StatusOK, r.get("/healthz", nil))
		require.NoError(t, once("tcp", r.tcp))
	}
	require.Equal(t, 1, r.reload("").Replaced)
	require.NoError(t, once("tcp", r.tcp))
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
}

// As PID 1, as in a container, rota has to reap what others leave behind.
func TestAsPID1ItReapsOrphans(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("a pid namespace of its own needs root")
	}
	// It has a /proc of its own, as a container has: the one outside tells of other processes by the same numbers.
	command := exec.Command("/bin/sh", "-c", `mount --make-private /proc && mount -t proc proc /proc && exec "$0" run --admin 127.0.0.1:0 --listen 127.0.0.1:0 --workers 1`, binary)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	r := startCommand(t, command)
	require.Equal(t, 1, r.status().PID)
	// The inner shell ends at once; what it started is an orphan of the namespace.
	enter := exec.Command("nsenter", "-t", strconv.Itoa(r.command.Process.Pid), "-p", "sh", "-c", "(sleep 0.1 & sleep 0.1 &) ; exit 0")
	output, err := enter.CombinedOutput()
	require.NoError(t, err, "%s", output)
	r.eventually("no child but the worker", func() bool {
		children, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(r.command.Process.Pid)).Output()
		return err == nil && len(fields(children)) == 1
	})
	r.reload("")
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
}

func fields(output []byte) []string { return strings.Fields(string(output)) }
