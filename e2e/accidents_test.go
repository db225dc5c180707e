package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAKilledWorkerIsReplacedAndTheOthersNoticeNothing(t *testing.T) {
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
	r := start(t, "--workers", "2")
	held := hold(t, "tcp", r.tcp, 4)
	pids := r.workerPIDsOrNone()
	require.Len(t, pids, 2)
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
	for _, pid := range pids {
		r.eventually("worker gone", func() bool { return !isRota(pid) })
	}
	again, err := net.Listen("tcp", r.tcp)
	require.NoError(t, err, "the address is free")
	again.Close()
}

func TestAStoppedWorkerIsStillSeenAndStillReplaced(t *testing.T) {
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

func TestSignals(t *testing.T) {
	r := start(t, "--workers", "1")
	r.signal(syscall.SIGTTIN)
	r.eventually("two", func() bool { return r.status().Pool.Ready == 2 })
	r.signal(syscall.SIGTTOU)
	r.eventually("one", func() bool { s := r.status(); return s.Pool.Ready == 1 && s.Pool.Draining == 0 })
	r.signal(syscall.SIGTTOU)
	require.NotEmpty(t, r.log.find(r.exited, "signal not obeyed", "at least one worker and at most"))
	require.Equal(t, 1, r.status().Pool.Size)

	r.signal(syscall.SIGHUP)
	var history struct{ Reloads []reloadView }
	r.eventually("reloaded", func() bool {
		r.get("/reloads", &history)
		return len(history.Reloads) == 1 && history.Reloads[0].State == "completed"
	})
	require.Equal(t, "signal", history.Reloads[0].Trigger)

	held := hold(t, "tcp", r.tcp, 2)
	r.signal(syscall.SIGTERM)
	r.eventually("stopping", func() bool { return r.status().Stopping })
	r.eventually("refused", func() bool { return once("tcp", r.tcp) != nil })
	require.NoError(t, say(held[0]))
	require.Equal(t, http.StatusServiceUnavailable, r.do(http.MethodPost, "/reload", "", nil))
	for _, c := range held {
		require.NoError(t, leave(c))
	}
	require.Zero(t, r.exitCode())
}

func TestASecondSIGTERMDoesNotWait(t *testing.T) {
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		r := start(t, "--workers", "1")
		hold(t, "tcp", r.tcp, 1)
		r.signal(syscall.SIGTERM)
		r.eventually("stopping", func() bool { return r.status().Stopping })
		r.signal(second)
		require.Zero(t, r.exitCode())
	}
}

func TestWhatIsQueuedAtAShutdownIsStillAnswered(t *testing.T) {
	r := start(t, "--workers", "1")
	worker := r.workers()[0].PID
	require.NoError(t, syscall.Kill(worker, syscall.SIGSTOP))
	var queued []net.Conn
	for range 5 { // the kernel accepts these on the stopped worker's behalf
		c, err := net.Dial("tcp", r.tcp)
		require.NoError(t, err)
		defer c.Close()
		queued = append(queued, c)
	}
	r.signal(syscall.SIGTERM)
	r.eventually("stopping", func() bool { return r.status().Stopping })
	require.NoError(t, syscall.Kill(worker, syscall.SIGCONT))
	for _, c := range queued {
		require.NoError(t, say(c))
		require.NoError(t, leave(c))
	}
	require.Zero(t, r.exitCode())
}

// A deploy that hangs holds the listening sockets like any other worker, and accepts nothing.
func TestAHungDeployDoesNotHoldUpTheShutdown(t *testing.T) {
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "1", "--drain-timeout", "1h")
	require.NoError(t, os.Remove(program))
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n"), 0o755))
	require.Equal(t, http.StatusInternalServerError,
		r.do(http.MethodPost, "/reload?wait=completed", `{"start_timeout":"300ms"}`, nil))
	require.Equal(t, 1, r.status().Pool.Draining)
	held := hold(t, "tcp", r.tcp, 1)
	r.signal(syscall.SIGTERM)
	r.eventually("refused", func() bool { return once("tcp", r.tcp) != nil })
	require.NoError(t, say(held[0]))
	require.NoError(t, leave(held[0]))
	require.Zero(t, r.exitCode())
}

// A terminal that stands still, or a log collector that hangs, stops nothing.
func TestAStderrThatNobodyReadsStopsNothing(t *testing.T) {
	unread, stderr, err := os.Pipe()
	require.NoError(t, err)
	defer unread.Close()
	r := &rota{t: t, log: &logBuffer{more: make(chan struct{})}, exited: make(chan struct{})}
	address := freeAddress(t)
	r.admin, r.tcp = "http://"+address, freeAddress(t)
	r.command = exec.Command(binary, "--listen", r.tcp, "--admin", address, "--workers", "1", "--log-level", "debug")
	r.command.Stderr = stderr
	require.NoError(t, r.command.Start())
	stderr.Close()
	go func() { _ = r.command.Wait(); close(r.exited) }()
	t.Cleanup(r.kill)
	r.eventually("ready", func() bool { return r.get("/readyz", nil) == http.StatusOK })
	for range 500 { // two lines each, in a pipe of 64 KiB
		require.NoError(t, once("tcp", r.tcp))
	}
	r.reload("")
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
}

// Who connects while rota stops is served or refused, and nothing in between.
func TestAShutdownResetsNobody(t *testing.T) {
	for range 5 {
		r := start(t, "--workers", "2")
		var visits atomic.Int64
		ends := make(chan error, 8)
		for range cap(ends) {
			go func() {
				for {
					if err := once("tcp", r.tcp); err != nil {
						ends <- err
						return
					}
					visits.Add(1)
				}
			}()
		}
		r.eventually("busy", func() bool { return visits.Load() > 200 })
		require.Equal(t, http.StatusAccepted, r.do(http.MethodPost, "/reload", "", nil))
		r.signal(syscall.SIGTERM)
		for range cap(ends) {
			require.ErrorIs(t, <-ends, syscall.ECONNREFUSED)
		}
		require.Zero(t, r.exitCode())
	}
}

func TestRotaCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"port taken":       {[]string{"--listen", taken.Addr().String(), "--admin", "127.0.0.1:0"}, 1, "address already in use"},
		"admin port taken": {[]string{"--listen", "127.0.0.1:0", "--admin", taken.Addr().String()}, 1, "--admin"},
		"bad address":      {[]string{"--listen", "256.0.0.1:80"}, 1, "256.0.0.1:80"},
		"bad flag":         {[]string{"--wokers", "3"}, 2, "wokers"},
		"bad value":        {[]string{"--workers", "-3"}, 2, "--workers"},
		"bad command":      {[]string{"serve"}, 2, `"serve"`},
		"no such file":     {[]string{"--config", "/nowhere.yaml"}, 2, "/nowhere.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := exec.Command(binary, c.args...).CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, c.code, exit.ExitCode(), "%s", output)
			require.Contains(t, string(output), c.says)
			require.NotContains(t, string(output), "worker started")
		})
	}
}

// copyOfBinary is a file that a deploy may replace.
func copyOfBinary(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "rota")
	content, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, content, 0o755))
	return program
}

// As PID 1, as in a container, rota has to reap what others leave behind.
func TestAsPID1ItReapsOrphans(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a pid namespace of its own needs root")
	}
	r := startProgram(t, binary, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "--workers", "1")
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
