// Package worker is the built-in hello-world worker of rota, and the example of what any worker does.
//
// It inherits sockets (inherit.go, socket.go), says READY=1 and serves until it is told to drain. One
// event loop on one thread (loop.go, poller.go) accepts from every listener (listener.go). A listener
// called "http" hands its connections to net/http (web.go, webconn.go); on every other one each chunk
// read is answered with "hello world" by the loop itself (conn.go), so that an idle connection costs
// a small struct and neither a goroutine nor a buffer. So is each datagram (datagrams.go), whatever its
// socket is called.
//
// Draining (loop.go) accepts what already waits in the queue, closes the worker's copy of the sockets
// and serves the open connections until their clients leave. Datagrams are promised nothing. How long that may
// take is the master's business: it sends SIGKILL. Only a worker whose master has died limits itself
// (orphan.go).
//
// The package knows nothing of the master; systemd's service contract is all that they share.
package worker

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// Options is what a worker is made of. Listeners are needed; the rest has defaults.
type Options struct {
	Listeners     []Listener     // at least one; Run takes over their descriptors and closes them
	Log           zerolog.Logger // zero: silent
	Ready         func() error   // called once, when every socket is served; nil: READY=1 to NOTIFY_SOCKET, if set
	OrphanTimeout time.Duration  // how long to drain once the master is dead; 0: 100 s
	IdleGrace     time.Duration  // while draining, how long an HTTP connection may be idle; 0: 5 s

	parent      func() int    // the parent's pid; nil: os.Getppid
	parentCheck time.Duration // how often the parent is looked at; 0: 1 s
	linger      time.Duration // how long to read what a client still sends after our last word; 0: 1 s
	readSize    int           // bytes read at most in one go, so the largest chunk; 0: 64 KiB
}

// Run serves until ctx is done, which means "drain", and returns nil when the last connection is gone.
func Run(ctx context.Context, opts Options) error {
	opts = opts.withDefaults()
	// An orphan has to drain without being told, and to leave when its time is up. A context each,
	// because both only ever go from no to yes and several goroutines look at them.
	drain, startDrain := context.WithCancel(ctx)
	leave, startLeave := context.WithCancel(context.Background())

	l, err := newLoop(opts)
	if err != nil {
		startDrain()
		startLeave()
		return err
	}
	stop := make(chan struct{})
	var crew sync.WaitGroup
	// Whoever may wake the loop is gone before the loop's descriptors are: their numbers get reused.
	defer l.close()
	defer crew.Wait()
	defer close(stop)
	defer startLeave()
	defer startDrain()

	// The loop would otherwise move between threads, and the kernel would find the caches cold.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	crew.Go(func() { <-drain.Done(); l.poller.wake() })
	crew.Go(func() { <-leave.Done(); l.poller.wake() })
	watch := newOrphanWatch(opts)
	crew.Go(func() { watch.run(stop, startDrain, startLeave) })

	if err := opts.Ready(); err != nil {
		return fmt.Errorf("say that the worker is ready: %w", err)
	}
	opts.Log.Debug().Int("listeners", len(l.sockets)).Msg("worker accepts connections")
	return l.run(drain, leave)
}

func (o Options) withDefaults() Options {
	if o.Ready == nil {
		o.Ready = notifyReady
	}
	if o.parent == nil {
		o.parent = os.Getppid
	}
	setDefault(&o.OrphanTimeout, 100*time.Second)
	setDefault(&o.IdleGrace, 5*time.Second)
	setDefault(&o.parentCheck, time.Second)
	setDefault(&o.linger, time.Second)
	setDefault(&o.readSize, 64<<10)
	return o
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// notifyReady is no error without a NOTIFY_SOCKET: then nobody waits for the word.
func notifyReady() error {
	_, err := daemon.SdNotify(false, daemon.SdNotifyReady)
	return err
}
