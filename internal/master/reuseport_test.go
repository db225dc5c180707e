package master

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/record"
)

// What a slot has of a socket of its own.

func TestWithReusePortEverySlotKeepsItsOwnSocket(t *testing.T) {
	a := loopback
	a.ReusePort = true
	spec := greeting(a)
	spec.Workers = 3
	r := changing(t, spec)
	inodes := func() []uint64 {
		var list []uint64
		require.NoError(t, r.ask(func(l *loop) {
			for _, s := range l.plans[l.pool.ServingGeneration()].Listeners[0].Sockets {
				list = append(list, s.Kernel.Inode)
			}
		}))
		return list
	}
	before := inodes()
	require.Len(t, before, 3)
	address := r.listening()[0].Address
	stop := load(t, "tcp", address)
	for range 3 {
		require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	}
	require.Equal(t, before, inodes(), "across rotations")
	for _, delta := range []int{-1, -1, +1, +2, -3} {
		require.NoError(t, r.Scale(delta))
		r.settled()
	}
	stop()
	require.Len(t, inodes(), 1)
	require.Equal(t, before[0], inodes()[0])
}

// settled waits until as many workers are ready as there are slots, and no other is there.
func (r *running) settled() {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		s, err := r.Status()
		return err == nil && s.Ready == s.Size && len(s.Workers) == s.Size
	}, patience, time.Millisecond)
}

// A worker that hangs leaves connections in the queue of a socket that is its alone.
func TestWhatIsQueuedIsServedBeforeASocketGoes(t *testing.T) {
	a := loopback
	a.ReusePort = true
	spec := greeting(a)
	r := changing(t, spec)
	workers, _ := r.workers()
	require.NoError(t, syscall.Kill(workers[1].PID, syscall.SIGSTOP))
	address := r.listening()[0].Address
	var waiting []net.Conn
	queued := func() int {
		queues, err := r.Queues()
		require.NoError(t, err)
		return int(queues["tcp"].Depth)
	}
	for queued() < 3 {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer c.Close()
		waiting = append(waiting, c)
	}
	require.NoError(t, r.Scale(-1))
	for range 20 {
		said, err := greeted("tcp", address)
		require.NoError(t, err)
		require.Contains(t, said, "slot 0", "nobody is sent to the socket that goes")
	}
	require.NoError(t, syscall.Kill(workers[1].PID, syscall.SIGCONT))
	for _, c := range waiting {
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		text, err := io.ReadAll(c)
		require.NoError(t, err)
		require.NotEmpty(t, text)
	}
}

func TestANewListenerHasNoSocketForASlotThatIsNot(t *testing.T) {
	spec := greeting(loopback)
	spec.Workers = 3
	r := changing(t, spec)
	require.NoError(t, r.Scale(-2))
	r.settled()
	added := listen.Spec{Name: "added", Network: "tcp", Address: "127.0.0.1:0", ReusePort: true}
	spec.Listen = []listen.Spec{loopback, added}
	asked, err := r.Reload(record.ReloadRequest{})
	require.NoError(t, err)
	sockets := 0
	require.Eventually(t, func() bool {
		err := r.ask(func(l *loop) {
			if p := l.plans[asked.Generation]; p != nil {
				sockets = len(p.Listeners[1].Sockets)
			}
		})
		return err == nil && sockets > 0
	}, patience, time.Millisecond)
	require.Equal(t, 1, sockets)
}
