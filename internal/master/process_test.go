package master

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

func TestAReloadReplacesEveryWorkerOneByOne(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 3}, "good")
	r.ready(3)
	before, generation := r.workers()
	require.Equal(t, 1, generation)

	reload := r.reload(record.ReloadRequest{Trigger: record.TriggerAPI, Revision: "v2"}, record.ReloadCompleted)

	require.Equal(t, record.ReloadCompleted, reload.State)
	require.Equal(t, 3, reload.Replaced)
	require.Zero(t, reload.ConnectionsCut)
	after, generation := r.workers()
	require.Equal(t, 2, generation)
	require.Len(t, after, 3)
	for _, w := range after {
		require.Equal(t, record.WorkerReady, w.State)
		require.Equal(t, "v2", w.Revision)
		for _, old := range before {
			require.NotEqual(t, old.ID, w.ID)
			require.NotEqual(t, old.PID, w.PID)
		}
	}
	// One slot at a time: started, ready, draining, three times over, whatever exits in between.
	var actions []string
	for _, s := range reload.Steps {
		if s.Action != "exited" {
			actions = append(actions, s.Action)
		}
	}
	require.Equal(t, []string{"started", "ready", "draining", "started", "ready", "draining", "started", "ready", "draining"}, actions)
}

// The flag is shared by all workers. Go's exec.Cmd and File.Fd clear it, and then whoever waits in accept can't be
// woken to drain.
func TestASpawnDoesNotTouchTheFlagsOfAListener(t *testing.T) {
	for _, nonblock := range []bool{false, true} {
		t.Run(fmt.Sprint(nonblock), func(t *testing.T) {
			a := loopback
			a.NonBlock = nonblock
			r := runMaster(t, plan.Spec{Listen: []listen.Spec{a}}, "good")
			r.ready(2)
			require.Equal(t, nonblock, r.flags()&unix.O_NONBLOCK != 0)
		})
	}
}

func (r *running) flags() int {
	r.t.Helper()
	t := r.t
	var flags, protocol int
	require.NoError(t, r.ask(func(l *loop) {
		var err error
		listener := l.plans[1].Listeners[0].Sockets[0].FD
		flags, err = unix.FcntlInt(uintptr(listener), unix.F_GETFL, 0)
		require.NoError(t, err)
		protocol, err = unix.GetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_PROTOCOL)
		require.NoError(t, err)
	}))
	require.Equal(t, unix.IPPROTO_TCP, protocol, "the half-close of an MPTCP connection can't be seen")
	return flags
}

func TestAWorkerGetsItsSideOfTheContractAndNothingOfTheMasters(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "7")
	t.Setenv("LISTEN_PIDFDID", "9")
	t.Setenv("NOTIFY_SOCKET", "/nowhere")
	t.Setenv("WATCHDOG_USEC", "1")
	t.Setenv("ROTA_ADMIN", "secret")
	t.Setenv("APP_SETTING", "kept")
	r := runMaster(t, plan.Spec{Workers: 1, Withhold: []string{"ROTA_ADMIN"}}, "prints-env")
	r.ready(1)
	workers, _ := r.workers()
	w := workers[0]
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "NOTIFY_SOCKET=") }, patience, time.Millisecond)

	env := r.log.String()
	for _, want := range []string{
		"LISTEN_PID=" + strconv.Itoa(w.PID), "LISTEN_FDS=1", "LISTEN_FDNAMES=tcp", "APP_SETTING=kept",
		"ROTA_WORKER_ID=" + w.ID, "ROTA_SLOT=0", "ROTA_GENERATION=1",
	} {
		require.Eventually(t, func() bool { return strings.Contains(r.log.String(), `"`+want+`"`) }, patience, time.Millisecond, want)
	}
	for _, leaked := range []string{"LISTEN_FDS=7", "/nowhere", "WATCHDOG", "secret", "LISTEN_PIDFDID", `"LISTEN_PID=1"`} {
		require.NotContains(t, env, leaked)
	}
}

func TestAFailingNewWorkerLeavesTheOldSetServing(t *testing.T) {
	for name, c := range map[string]struct {
		replacement []byte // what stands at the program's path; nil: the child
		mode        os.FileMode
		message     string
		patience    time.Duration // of the caller; 0: longer than it takes
	}{
		"exits at once":     {[]byte("#!/bin/sh\necho the database is on fire >&2\nexit 3\n"), 0o755, "exited with code 3", 0},
		"is not ready":      {[]byte("#!/bin/sh\necho still thinking\nexec sleep 60\n"), 0o755, "was not ready in", 3 * time.Second},
		"is not executable": {[]byte("\x7fELF nonsense"), 0o755, "exited with code 126", 0},
		"has no permission": {[]byte("#!/bin/sh\n"), 0o644, "permission denied", 0},
		"is killed":         {[]byte("#!/bin/sh\nkill -9 $$\n"), 0o755, "ended by signal SIGKILL", 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app")
			require.NoError(t, os.Symlink(os.Args[0], path))
			r := runMaster(t, plan.Spec{Command: []string{path, "good"}}, "")
			r.ready(2)
			before, _ := r.workers()

			replace(t, path, c.replacement, c.mode)
			reload := r.reload(record.ReloadRequest{StartTimeout: c.patience, DrainTimeout: time.Second}, record.ReloadCompleted)

			require.Equal(t, record.ReloadFailed, reload.State)
			require.Contains(t, reload.Failure.Message, c.message)
			if strings.Contains(string(c.replacement), "echo") {
				require.NotEmpty(t, reload.Failure.Output)
			}
			after, generation := r.workers()
			require.Equal(t, 1, generation)
			require.Equal(t, ids(before), ids(serving(after)))

			// A crash after the failed reload still starts the program of generation 1.
			require.NoError(t, syscall.Kill(before[0].PID, syscall.SIGKILL))
			for r.next(record.EventWorkerExited).Worker.ID != before[0].ID {
			}
			require.Equal(t, 1, r.next(record.EventWorkerReady).Worker.Generation)
		})
	}
}

func replace(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	next := path + ".next"
	require.NoError(t, os.WriteFile(next, content, mode))
	require.NoError(t, os.Rename(next, path))
}

func serving(list []record.Worker) []record.Worker {
	var ready []record.Worker
	for _, w := range list {
		if w.State == record.WorkerReady {
			ready = append(ready, w)
		}
	}
	return ready
}

func ids(list []record.Worker) []string {
	var out []string
	for _, w := range list {
		out = append(out, w.ID)
	}
	return out
}

func TestAWorkerThatIgnoresSIGTERMIsKilledAtTheDrainTimeout(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "ignores-term")
	r.ready(1)
	reload := r.reload(record.ReloadRequest{DrainTimeout: 200 * time.Millisecond}, record.ReloadCompleted)
	require.Equal(t, record.ReloadCompleted, reload.State)
	var actions []string
	for _, s := range reload.Steps {
		actions = append(actions, s.Action)
	}
	require.Equal(t, []string{"started", "ready", "draining", "killed", "exited"}, actions)
}

func TestSecondReadyIsNotASecondWorker(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "ready-twice")
	r.ready(1)
	reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
	require.Equal(t, 1, reload.Replaced)
	require.Equal(t, 1, strings.Count(r.log.String(), `"replaced":1,"total":1,"draining":0,"message":"reload completed`))
}

func TestOutputIsLoggedAndNeverStopsAWorker(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2}, "floods")
	r.ready(2)
	reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
	require.Equal(t, record.ReloadCompleted, reload.State)
	require.Contains(t, r.log.String(), `"stream":"stdout","message":"water`)
}

func TestClosedOutputIsNoDeath(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "closes-output")
	r.ready(1)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
}

func TestAWorkerMayAskForMoreTimeToStart(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, StartTimeout: 500 * time.Millisecond}, "asks-for-time")
	r.ready(1)
	workers, _ := r.workers()
	require.Equal(t, "warming up", workers[0].Status)
	require.Greater(t, workers[0].ReadyAt.Sub(workers[0].StartedAt), 500*time.Millisecond)
}

func TestCutConnectionsAreCounted(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "holds-connections")
	r.ready(1)
	for range 3 {
		c, err := net.Dial("tcp", r.listening()[0].Address)
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Read(make([]byte, 1)) // the worker has it
		require.NoError(t, err)
	}
	reload := r.reload(record.ReloadRequest{DrainTimeout: 700 * time.Millisecond}, record.ReloadLive)
	require.Equal(t, record.ReloadLive, reload.State)
	progress := r.next(record.EventReloadProgress)
	for progress.Reload.ConnectionsRemaining != 3 {
		progress = r.next(record.EventReloadProgress)
	}
	done := r.next(record.EventReloadCompleted)
	require.Equal(t, 3, done.Reload.ConnectionsCut)
	require.Zero(t, done.Reload.ConnectionsRemaining)
}

func TestShutdownLeavesNothingBehind(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would close forgotten files
	path := filepath.Join(t.TempDir(), "app.sock")
	for round := range 3 {
		before := openTargets()
		t.Run("run", func(t *testing.T) {
			r := runMaster(t, plan.Spec{Listen: []listen.Spec{{Name: "unix", Network: "unix", Address: path}}}, "good")
			r.ready(2)
			r.reload(record.ReloadRequest{}, record.ReloadCompleted)
			r.Shutdown()
			<-r.done
			_, err := r.Reload(record.ReloadRequest{})
			require.ErrorIs(t, err, ErrStopped)
		})
		require.NoFileExists(t, path)
		_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		require.ErrorIs(t, err, syscall.ECHILD)
		left := func() (list []string) {
			for _, target := range openedSince(before) {
				// What the runtime polls with is opened for good, at the first start.
				if round > 0 || !strings.HasPrefix(target, "anon_inode:") {
					list = append(list, target)
				}
			}
			return list
		}
		// A file that is being read is closed when its reader has noticed.
		require.Eventually(t, func() bool { return len(left()) == 0 }, patience, time.Millisecond, "round %d", round)
	}
}

// openTargets counts the descriptors of this process by what they are open on. A pipe and a
// socket have a number that no other has.
func openTargets() map[string]int {
	counts := map[string]int{}
	for _, target := range openFiles() {
		counts[target]++
	}
	return counts
}

// openedSince lists what is open more often than it was.
func openedSince(before map[string]int) []string {
	var list []string
	for target, n := range openTargets() {
		if n > before[target] {
			list = append(list, target)
		}
	}
	return list
}

func TestAMasterThatCannotBeMadeLeavesNothingOpen(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would close forgotten files
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	path := filepath.Join(t.TempDir(), "app.sock")
	before := openTargets()
	_, err = New(Options{Spec: plan.Spec{Command: []string{os.Args[0], "good"}, Listen: []listen.Spec{
		{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"},
		{Name: "unix", Network: "unix", Address: path},
		{Name: "tcp-2", Network: "tcp", Address: taken.Addr().String()},
	}}})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.Empty(t, openedSince(before))
	require.NoFileExists(t, path)
}

func TestAWorkerHasItsStreamsAndTheListenersAndNothingElse(t *testing.T) {
	inherited := map[int]bool{} // by this process, and meant for every child
	for fd := range openFiles() {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			inherited[fd] = true
		}
	}
	second := loopback
	second.Name = "tcp-2"
	r := runMaster(t, plan.Spec{Workers: 1, Listen: []listen.Spec{loopback, second}}, "prints-files")
	r.ready(1)
	printed := regexp.MustCompile(`"files: ([^"]*)"`)
	require.Eventually(t, func() bool { return printed.MatchString(r.log.String()) }, patience, time.Millisecond)
	var files []string
	for f := range strings.SplitSeq(printed.FindStringSubmatch(r.log.String())[1], ", ") {
		number, _, _ := strings.Cut(f, " ")
		fd, err := strconv.Atoi(number)
		require.NoError(t, err)
		if fd <= 5 || !inherited[fd] { // 5 is where the launch step had the program
			files = append(files, f)
		}
	}
	require.Len(t, files, 5, "%s", files)
	for i, kind := range []string{"/dev/null", "pipe:", "pipe:", "socket:", "socket:"} {
		require.True(t, strings.HasPrefix(files[i], strconv.Itoa(i)+" "+kind), "%s", files)
	}
}

func TestACrashAfterAReloadStartsTheNewProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.Symlink(os.Args[0], path))
	r := runMaster(t, plan.Spec{Command: []string{path, "good"}}, "")
	r.ready(2)
	binary, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	replace(t, path, binary, 0o755)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	r.ready(2)

	replace(t, path, []byte("no program"), 0o755) // what lies on disk meanwhile does not matter
	workers, _ := r.workers()
	require.NoError(t, syscall.Kill(workers[0].PID, syscall.SIGKILL))
	for r.next(record.EventWorkerExited).Worker.ID != workers[0].ID {
	}
	again := r.next(record.EventWorkerReady).Worker
	require.Equal(t, 2, again.Generation)
	require.Equal(t, workers[0].Slot, again.Slot)
	exe, err := os.Readlink("/proc/" + strconv.Itoa(again.PID) + "/exe")
	require.NoError(t, err)
	require.Equal(t, path, strings.TrimSuffix(strings.TrimSuffix(exe, " (deleted)"), ".next"))
}

// A daemon has left its worker's process group, and holds the worker's output.
func TestADaemonThatAWorkerLeftEndsWithIt(t *testing.T) {
	r, sleeper := runForking(t, "leaves-a-daemon")
	listing, err := r.Connections()
	require.NoError(t, err)
	workers, _ := r.workers()
	require.Len(t, listing.Families[workers[0].ID], 2, "it is listed")
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	requireGone(t, sleeper) // reaped by the master, being its subreaper
}

func TestAWorkerThatHasLeftItsProcessGroupIsKilledAllTheSame(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, DrainTimeout: 50 * time.Millisecond}, "joins-another-group")
	r.ready(1)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
}

// Nobody can tell whose it is, but that it is a worker's.
func TestAStrayEndsWithTheMaster(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	t.Run("", func(t *testing.T) {
		r := runMaster(t, plan.Spec{Workers: 1, Command: []string{os.Args[0], "leaves-a-stray", path}}, "")
		r.ready(1)
	})
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	stray, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	requireGone(t, stray)
}

func TestAWorkersProcessGroupEndsWithIt(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"which exits": syscall.SIGTERM, "which is killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			r, sleeper := runForking(t, "leaves-a-child")
			workers, _ := r.workers()
			require.NoError(t, syscall.Kill(workers[0].PID, sig))
			r.next(record.EventWorkerExited)
			requireGone(t, sleeper)
			r.ready(1)
		})
	}
}

// runForking starts a master whose only worker forks a sleeper, the first time; and returns that one's pid.
func runForking(t *testing.T, child string) (*running, int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pid")
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{os.Args[0], child, path}}, "")
	r.ready(1)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	sleeper, err := strconv.Atoi(string(text))
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(sleeper, syscall.SIGKILL)
		}
	})
	return r, sleeper
}

func requireGone(t *testing.T, pid int) {
	t.Helper()
	gone := func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
	require.Eventually(t, gone, patience, time.Millisecond)
}

func TestAWorkerHasTheOpenFileLimitThatTheMasterWasStartedWith(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	lower := limit
	lower.Cur = limit.Max - 7
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lower))
	defer func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)) }()
	path := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho limit $(ulimit -Sn)\nexec sleep 60\n"), 0o755))
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{path}}, "")
	want := "limit " + strconv.Itoa(int(lower.Cur))
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), want) }, patience, time.Millisecond, "Go raises it for itself")
}

func TestAWorkerThatBecameAnotherUserIsStillHeard(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("to become another user takes root")
	}
	r := runMaster(t, plan.Spec{Workers: 1}, "drops-privileges")
	r.ready(1)
}
