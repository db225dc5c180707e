package doctor

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/plan"
	"rota/internal/record"
)

// run is one run of the program, as the only worker of a master. Only the first worker counts: the run ends
// with it.
type run struct {
	spec      plan.Spec
	socket    *socket     // the examined one
	sockets   []*socket   // all that the doctor opened
	tls       *tls.Config // nil: it does not speak TLS
	directory string      // for unix sockets
	master    *master.Master

	ready  chan struct{} // closed when the master reports the worker ready
	told   chan struct{} // closed when the worker was told to stop
	ended  chan struct{} // closed when the worker has exited
	over   chan struct{} // closed when the master's Run has returned
	worker string        // the worker's id

	nonBlocking bool  // the socket was non-blocking at that time, or when the worker became ready
	waits       waits // how the worker waited for connections when it was told to stop
	by          record.ReadyBy
	missing     string        // what the worker had not done, if it was not ready in time
	how         string        // what showed that the worker was ready; "" for READY=1
	stopped     time.Time     // when the worker was told to stop
	waited      time.Duration // how long the first connection waited to be accepted
	exit        *record.Exit
	at          time.Time // when it exited
	left        sync.Map  // by worker: the kernel.Family that it left behind

	clients   sync.WaitGroup // goroutines of clients that watch until the end
	listening sync.WaitGroup // the goroutine that reads the master's events
}

// patience is the time beyond a timeout that the doctor allows: to a worker that asks for more time, and to
// the master for its own work.
const patience = 30 * time.Second

// begin starts the program. The caller must call finish.
func (e *examination) begin() (*run, error) {
	r := &run{
		spec:  e.Spec,
		ready: make(chan struct{}), told: make(chan struct{}), ended: make(chan struct{}), over: make(chan struct{}),
	}
	if e.TLS {
		r.tls = tlsFor(e.Host)
	}
	if err := r.prepare(e); err != nil {
		r.close()
		return nil, err
	}
	go func() { r.master.Run(); close(r.over) }()
	events, err := r.master.Subscribe(0)
	if err != nil {
		r.close()
		return nil, err
	}
	r.listening.Go(func() { r.follow(events) })
	return r, nil
}

// prepare opens the sockets and makes the master.
func (r *run) prepare(e *examination) (err error) {
	if r.directory, err = os.MkdirTemp("", "rota-doctor"); err != nil {
		return err
	}
	r.spec.Workers = 1
	var examined listen.Spec
	r.spec.Listen, examined = e.places(r.directory)
	var inherited []listen.InheritedSocket
	for _, a := range r.spec.Listen {
		if a.Name != examined.Name && a.Network != "unix" && a.Network != "unixgram" {
			continue // the master opens it
		}
		s, err := openSocket(a)
		if err != nil {
			return err
		}
		if a.Name == examined.Name {
			r.socket = s
		}
		r.sockets = append(r.sockets, s)
		socket, err := listen.Inherit(a.Name, s.fd)
		if err != nil {
			return err
		}
		inherited = append(inherited, socket)
	}
	e.backlog = r.socket.backlog()
	r.master, err = master.New(master.Options{Spec: r.spec, Inherited: inherited, Probe: e.Probe, Log: e.Log, Ended: r.look})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// close closes and removes what the run has opened.
func (r *run) close() {
	for _, s := range r.sockets {
		s.close()
	}
	os.RemoveAll(r.directory)
}
