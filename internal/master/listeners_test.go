package master

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// What becomes of the listening sockets when the settings change.

// greet greets whoever comes to any of its listeners with its slot and pid. Told to drain it
// answers who waits already.
func greet() {
	listeners, err := activation.Listeners()
	if err != nil {
		os.Exit(5)
	}
	terminated := whenTerminated()
	var group sync.WaitGroup
	for _, l := range listeners {
		if u, ok := l.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false)
		}
		group.Go(func() { greetAll(l) })
	}
	sayReady()
	<-terminated
	for _, l := range listeners {
		_ = l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(20 * time.Millisecond))
	}
	group.Wait()
}

// greetBluntly greets like greet, but does not answer who waits when it is told to drain.
func greetBluntly() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(5)
	}
	terminated := whenTerminated()
	ended := make(chan struct{})
	go func() { greetAll(listeners[0]); close(ended) }()
	sayReady()
	<-terminated
	listeners[0].Close()
	<-ended
}

func greetAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprintf(c, "slot %s pid %d\n", os.Getenv("ROTA_SLOT"), os.Getpid())
		c.Close()
	}
}

// greeted connects and returns what the worker says.
func greeted(network, address string) (string, error) {
	c, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	text, err := io.ReadAll(c)
	if err == nil && len(text) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return string(text), err
}

// load greets in several lanes until it is stopped, and then requires that nobody was lost.
func load(t *testing.T, network, address string) (stop func()) {
	t.Helper()
	var done atomic.Bool
	var lanes sync.WaitGroup
	var n atomic.Int64
	var first atomic.Pointer[error]
	for range 4 {
		lanes.Go(func() {
			for !done.Load() {
				if _, err := greeted(network, address); err != nil {
					first.CompareAndSwap(nil, &err)
				}
				n.Add(1)
			}
		})
	}
	return func() {
		t.Helper()
		done.Store(true)
		lanes.Wait()
		require.Positive(t, n.Load())
		if err := first.Load(); err != nil {
			require.NoError(t, *err)
		}
	}
}

// changing is a master whose spec a test changes.
func changing(t *testing.T, spec *plan.Spec) *running {
	t.Helper()
	r := runMasterWith(t, Options{Spec: *spec, Reread: func() (plan.Spec, error) { return *spec, nil }}, "")
	r.ready(spec.Workers)
	return r
}

func greeting(listen ...listen.Spec) *plan.Spec {
	return &plan.Spec{Workers: 2, Command: []string{os.Args[0], "serves"}, Listen: listen}
}

func TestAListenerIsAddedAndAnotherTakenAwayWithoutALoss(t *testing.T) {
	kept := listen.Spec{Name: "kept", Network: "tcp", Address: freePort(t)}
	path := filepath.Join(t.TempDir(), "old.sock")
	old := listen.Spec{Name: "old", Network: "unix", Address: path}
	spec := greeting(kept, old)
	r := changing(t, spec)
	address := r.listening()[0].Address
	stop := load(t, "tcp", address)

	added := loopback
	added.Name = "new"
	renamed := kept
	renamed.Name = "renamed"
	spec.Listen = []listen.Spec{added, renamed}
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	stop()

	now := r.listening()
	require.Equal(t, []string{"new", "renamed"}, []string{now[0].Name, now[1].Name})
	require.Equal(t, address, now[1].Address, "the socket is the same")
	for _, a := range now {
		_, err := greeted("tcp", a.Address)
		require.NoError(t, err)
	}
	require.NoFileExists(t, path)
}

func TestAListenerThatCannotBeOpenedFailsTheReloadAndNothingElse(t *testing.T) {
	spec := greeting(loopback)
	r := changing(t, spec)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	before := openTargets()
	more, blocked := loopback, loopback
	more.Name, blocked.Name, blocked.Address = "more", "blocked", taken.Addr().String()
	spec.Listen = []listen.Spec{more, loopback, blocked}
	failed := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Equal(t, record.ReloadFailed, failed.State)
	require.Contains(t, failed.Failure.Message, "address already in use")
	require.Len(t, r.listening(), 1)
	require.Eventually(t, func() bool { return len(openedSince(before)) == 0 }, patience, time.Millisecond, "but for what measures it, which closes what it opens")
}

func TestEveryComplaintOfABadReloadIsKept(t *testing.T) {
	spec := greeting(loopback)
	r := changing(t, spec)
	spec.Workers, spec.Watchdog = -1, -1
	failed := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Equal(t, record.ReloadFailed, failed.State)
	require.Len(t, failed.Failure.Complaints, 2)
	require.Contains(t, failed.Failure.Message, "; ")
	workers, generation := r.workers()
	require.Len(t, workers, 2)
	require.Equal(t, 1, generation)
}

func TestAReloadChangesThePoolsSize(t *testing.T) {
	spec := greeting(loopback)
	r := changing(t, spec)
	stop := load(t, "tcp", r.listening()[0].Address)
	for _, size := range []int{5, 1, 3} {
		spec.Workers = size
		reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
		require.Equal(t, record.ReloadCompleted, reload.State)
		require.Equal(t, size, reload.Replaced)
		require.Equal(t, size, reload.Total)
		workers, generation := r.workers()
		require.Len(t, workers, size)
		for _, w := range workers {
			require.Equal(t, generation, w.Generation)
		}
	}
	require.NoError(t, r.Scale(+1))
	require.Equal(t, 4, r.reload(record.ReloadRequest{}, record.ReloadCompleted).Replaced, "a size set by hand stays while the settings' does")
	stop()
}

func TestAUnixSocketsFileHasItsModeAndOwner(t *testing.T) {
	directory := t.TempDir()
	a := listen.Spec{Name: "unix", Network: "unix", Address: filepath.Join(directory, "app.sock"), Mode: 0o600, Owner: "1234:2345"}
	if os.Getuid() != 0 {
		a.Owner = fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	}
	spec := greeting(a)
	r := changing(t, spec)
	look := func() (os.FileMode, string) {
		info, err := os.Stat(a.Address)
		require.NoError(t, err)
		stat := info.Sys().(*syscall.Stat_t)
		return info.Mode().Perm(), fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)
	}
	mode, owner := look()
	require.Equal(t, os.FileMode(0o600), mode)
	require.Equal(t, a.Owner, owner)

	a.Mode = 0o666
	spec.Listen = []listen.Spec{a}
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	mode, _ = look()
	require.Equal(t, os.FileMode(0o666), mode)

	_, err := listen.OpenSocket(listen.Spec{Name: "x", Network: "unix", Address: filepath.Join(directory, "x.sock"), Owner: "no-such-user-here"})
	require.ErrorContains(t, err, "no-such-user-here")
	require.NoFileExists(t, filepath.Join(directory, "x.sock"))
}

func TestDatagramSocketsArePassedOn(t *testing.T) {
	directory := t.TempDir()
	local := filepath.Join(directory, "app.sock")
	list, problems := listen.ParseListen([]string{"udp:127.0.0.1:0", "unixgram:" + local})
	require.Empty(t, problems)
	r := runMaster(t, plan.Spec{Workers: 1, Listen: list}, "prints-files")
	r.ready(1)
	require.Equal(t, []string{"udp", "unixgram"}, []string{r.listening()[0].Name, r.listening()[1].Name})
	require.FileExists(t, local)
	queues, err := r.Queues()
	require.NoError(t, err)
	require.Empty(t, queues)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	r.Shutdown()
	<-r.done
	require.NoFileExists(t, local)
}

func TestAReloadThatFailsInAnAddedSlotLeavesTheOldListenersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.sock")
	spec := greeting(listen.Spec{Name: "old", Network: "unix", Address: path})
	r := changing(t, spec)
	spec.Workers = 3
	spec.Listen = []listen.Spec{loopback}
	spec.Command = []string{"/bin/sh", "-c", `test "$ROTA_SLOT" = 2 && exit 3; exec "$0" serves`, os.Args[0]}
	require.Equal(t, record.ReloadFailed, r.reload(record.ReloadRequest{}, record.ReloadLive).State)
	_, err := greeted("unix", path)
	require.NoError(t, err, "the generation that serves needs it")
}

func TestWhatIsQueuedIsServedBeforeAListenerGoes(t *testing.T) {
	for name, stops := range map[string]bool{"tcp": false, "unix": false, "tcp, with the master": true, "unix, with the master": true} {
		t.Run(name, func(t *testing.T) {
			network, _, _ := strings.Cut(name, ",")
			old := listen.Spec{Name: "old", Network: network, Address: filepath.Join(t.TempDir(), "old.sock")}
			if network == "tcp" {
				old.Address = "127.0.0.1:0"
			}
			spec := greeting(old)
			spec.Command, spec.Workers = []string{os.Args[0], "serves-bluntly"}, 1
			r := changing(t, spec)
			workers, _ := r.workers()
			require.NoError(t, syscall.Kill(workers[0].PID, syscall.SIGSTOP))
			var waiting []net.Conn
			for range 100 {
				c, err := net.Dial(network, r.listening()[0].Address)
				require.NoError(t, err)
				defer c.Close()
				waiting = append(waiting, c)
			}
			if stops {
				r.Shutdown()
				r.next(record.EventWorkerDraining)
			} else {
				spec.Listen = []listen.Spec{loopback}
				require.Equal(t, record.ReloadLive, r.reload(record.ReloadRequest{}, record.ReloadLive).State)
			}
			require.NoError(t, syscall.Kill(workers[0].PID, syscall.SIGCONT))
			for _, c := range waiting {
				require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
				text, err := io.ReadAll(c)
				require.NoError(t, err)
				require.NotEmpty(t, text)
			}
		})
	}
}

func TestAReloadThatIsPreparedTooLateLeavesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "late.sock")
	before := openTargets()
	asked, goOn := make(chan struct{}), make(chan struct{})
	t.Run("", func(t *testing.T) {
		spec := greeting(loopback)
		r := runMasterWith(t, Options{Spec: *spec, Reread: func() (plan.Spec, error) {
			close(asked)
			<-goOn
			spec.Listen = append(spec.Listen, listen.Spec{Name: "late", Network: "unix", Address: path})
			return *spec, nil
		}}, "")
		r.ready(2)
		_, err := r.Reload(record.ReloadRequest{})
		require.NoError(t, err)
		<-asked
	})
	close(goOn)
	require.Eventually(t, func() bool {
		_, err := os.Lstat(path)
		return os.IsNotExist(err) && len(openedSince(before)) == 0
	}, patience, time.Millisecond)
}

func TestWhoseAddressIsInUseIsSaid(t *testing.T) {
	at := listen.Spec{Name: "tcp", Network: "tcp", Address: freePort(t)}
	spec := greeting(at)
	r := changing(t, spec)
	reuse, everywhere := at, at
	reuse.ReusePort = true
	everywhere.Address = ":" + at.Place()
	for _, a := range []listen.Spec{reuse, everywhere} {
		spec.Listen = []listen.Spec{a}
		failed := r.reload(record.ReloadRequest{}, record.ReloadLive)
		require.Equal(t, record.ReloadFailed, failed.State)
		require.Contains(t, failed.Failure.Message, "it is this rota that listens there")
	}
}
