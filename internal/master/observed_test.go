package master

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// Readiness that is observed, of real programs: what their kernel says and not what they say.

// hearAll accepts whoever comes, and lets them speak first: who ends connections at once can't be seen to have accepted them.
func hearAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = c.Read(make([]byte, 1))
			c.Close()
		}()
	}
}

// awaitFile is how a program below loads: until the file is there.
func awaitFile(path string) {
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// hearLate makes its listeners at once, which registers them in its epoll set, and accepts when the file is there that
// the second argument names. The third one has it say that it is ready before.
func hearLate() {
	listeners, err := activation.Listeners()
	if err != nil {
		os.Exit(8)
	}
	if len(os.Args) > 3 {
		sayReady()
	}
	awaitFile(os.Args[2])
	for _, l := range listeners {
		go hearAll(l)
	}
	<-whenTerminated()
}

// blockLate accepts when the file is there, by a system call that blocks.
func blockLate() {
	awaitFile(os.Args[2])
	for {
		fd, _, err := unix.Accept(listen.FirstInherited)
		if err != nil {
			os.Exit(7)
		}
		unix.Close(fd)
	}
}

// hearOnly serves the listeners whose names the second argument holds, and has the others open.
func hearOnly() {
	listeners, err := activation.ListenersWithNames()
	if err != nil {
		os.Exit(8)
	}
	for name, list := range listeners {
		if strings.Contains(os.Args[2], name) {
			go hearAll(list[0])
		}
	}
	<-whenTerminated()
}

// listenElsewhere makes a listener of its own, and never accepts from the one that it was given.
func listenElsewhere() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(8)
	}
	sayReady()
	go hearAll(l)
	<-whenTerminated()
}

// offered is how many connections were made to see who accepts from the first listener of any worker.
func (r *running) offered() (n int) {
	require.NoError(r.t, r.ask(func(l *loop) {
		for _, w := range l.minders {
			n += w.listeners[0].Offered
		}
	}))
	return n
}

func TestAProgramThatLoadsForLongIsReadyWhenItAccepts(t *testing.T) {
	for name, command := range map[string][]string{
		"by the runtime's epoll set": {os.Args[0], "hears-late"},
		"blocking":                   {os.Args[0], "blocks-late"},
		"in a child":                 {"/bin/sh", "-c", `"$0" blocks-late "$1" & wait`, os.Args[0]},
	} {
		t.Run(name, func(t *testing.T) {
			loaded := filepath.Join(t.TempDir(), "loaded")
			r := runMaster(t, plan.Spec{Workers: 2, Ready: auto, Command: append(command, loaded)}, "")
			require.Eventually(t, func() bool { return r.offered() > 0 }, patience, time.Millisecond, "a connection is offered to find out")
			s, err := r.Status()
			require.NoError(t, err)
			require.Zero(t, s.Ready)
			require.NoError(t, os.WriteFile(loaded, nil, 0o600))
			for range 2 {
				e := r.next(record.EventWorkerReady, record.EventWorkerExited, record.EventWorkerDraining)
				require.Equal(t, record.EventWorkerReady, e.Type, e.Message)
				require.Equal(t, record.ReadyProof{By: record.BySight, Detail: "seen to accept connections on the listener tcp"}, e.Worker.ReadyProof)
			}
		})
	}
}

func TestAWordThatComesTooEarlyIsCalledAnAssumption(t *testing.T) {
	loaded := filepath.Join(t.TempDir(), "loaded")
	r := runMaster(t, plan.Spec{Workers: 1, Ready: auto, StartTimeout: 2 * time.Second, Command: []string{os.Args[0], "hears-late", loaded, "early"}}, "")
	e := r.next(record.EventWorkerReady, record.EventWorkerExited, record.EventWorkerDraining)
	require.Equal(t, record.EventWorkerReady, e.Type, e.Message)
	require.Equal(t, record.ByAssumption, e.Worker.ReadyProof.By)
	require.Contains(t, e.Message, "readiness was assumed, not seen: it said READY=1, and it has registered the listener tcp but was not seen to accept from there")
	require.Positive(t, r.offered())
}

func TestAProgramThatListensElsewhereIsNeverReady(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, Ready: auto, StartTimeout: 2 * time.Second}, "listens-elsewhere")
	e := r.next(record.EventWorkerReady, record.EventWorkerExited, record.EventWorkerDraining)
	require.Equal(t, record.EventWorkerDraining, e.Type, e.Message)
	require.Regexp(t, `it said READY=1, but nobody waits for connections on the listener tcp \(127\.0\.0\.1:\d+\); it listens on port \d+ by itself$`, e.Message)
}

// Both listeners are in the program's epoll set, whatever it does with them.
func TestAReleaseThatServesOneListenerLessFails(t *testing.T) {
	a, b := loopback, loopback
	a.Name, b.Name = "one", "two"
	spec := plan.Spec{Workers: 1, Ready: auto, StartTimeout: 3 * time.Second, Listen: []listen.Spec{a, b}, Command: []string{os.Args[0], "hears-only", "one two"}}
	next := spec
	r := runMasterWith(t, Options{Spec: spec, Reread: func() (plan.Spec, error) { return next, nil }}, "")
	r.ready(1)
	require.Eventually(t, func() (both bool) {
		require.NoError(t, r.ask(func(l *loop) { both = len(l.records[1].served[0]) == 2 }))
		return both
	}, patience, time.Millisecond, "what it serves besides is found out when it is ready")

	next.Command = []string{os.Args[0], "hears-only", "one"}
	failed := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Equal(t, record.ReloadFailed, failed.State)
	require.Contains(t, failed.Failure.Message, "it does not accept connections on the listener two (127.0.0.1:")

	next.Listen = []listen.Spec{a}
	require.Equal(t, record.ReloadLive, r.reload(record.ReloadRequest{}, record.ReloadLive).State, "without the listener it is meant")
}
