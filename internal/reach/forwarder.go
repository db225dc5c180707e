package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/record"
)

// Limits of a forwarder.
const (
	mostForwarded = 64 // connections at a time; the next ones wait
	mostDialing   = 4  // of these, how many may search for a worker: each search fills the listener's queue a little
	dialWithin    = 20 * time.Second
	forwardIdle   = 5 * time.Minute // how long both sides may be silent
)

// Forwarder leads clients on this machine to the canary of one reload. All workers share the listeners, so whoever
// connects to those may get any worker. The forwarder listens at a loopback address for each stream listener, and
// passes each connection on to a worker of the canary. Each of its listeners and connections has a goroutine in the
// background, which ends with the forwarder.
type Forwarder struct {
	dialer     Dialer
	canary     Canary
	log        zerolog.Logger
	background *sync.WaitGroup

	addresses []record.CanaryAddress
	context   context.Context
	cancel    context.CancelFunc
	slots     chan struct{} // one for each connection
	dialing   chan struct{} // one for each search
}

// Canary tells a forwarder whom it leads to.
type Canary struct {
	Generation int
	Workers    func() ([]string, error) // those that are ready
}

// NewForwarder makes a forwarder without listeners. Its goroutines count in the background group.
func NewForwarder(dialer Dialer, canary Canary, log zerolog.Logger, background *sync.WaitGroup) *Forwarder {
	f := &Forwarder{
		dialer: dialer, canary: canary, log: log, background: background,
		slots: make(chan struct{}, mostForwarded), dialing: make(chan struct{}, mostDialing),
	}
	f.context, f.cancel = context.WithCancel(context.Background())
	return f
}

// ListenLoopback listens at a port of loopback that the kernel chooses.
func ListenLoopback() (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

// Listen opens an address that leads to the canary through the listener. If that fails it logs why, and the canary
// has no such address.
func (f *Forwarder) Listen(a listen.Spec, open func() (*net.TCPListener, error)) {
	front, err := open()
	if err != nil {
		f.log.Warn().Err(err).Str("listener", a.Name).Msg("the canary has no address of its own: rota can't listen on loopback")
		return
	}
	f.addresses = append(f.addresses, record.CanaryAddress{Listener: a.Name, Address: front.Addr().String()})
	f.background.Go(func() { f.serve(front, a) })
}

// Addresses are those that lead to the canary.
func (f *Forwarder) Addresses() []record.CanaryAddress { return f.addresses }

// First is the address that stands for all of them; "" if there is none, or no forwarder.
func (f *Forwarder) First() string {
	if f == nil || len(f.addresses) == 0 {
		return ""
	}
	return f.addresses[0].Address
}

// Close closes the addresses and breaks off the connections. It does not wait.
func (f *Forwarder) Close() { f.cancel() }

// serve accepts clients until the forwarder is closed.
func (f *Forwarder) serve(front *net.TCPListener, a listen.Spec) {
	defer context.AfterFunc(f.context, func() { front.Close() })()
	defer front.Close()
	for f.context.Err() == nil {
		client, err := front.AcceptTCP()
		switch {
		case err == nil && f.takeSlot(a):
			f.background.Go(func() {
				defer func() { <-f.slots }()
				f.forward(client, a)
			})
		case err == nil:
			Reset(client)
		case f.context.Err() == nil: // such as too many open files
			f.log.Warn().Err(err).Str("listener", a.Name).Msg("nobody is led to the canary for a moment")
			select {
			case <-time.After(time.Second):
			case <-f.context.Done():
			}
		}
	}
}

// takeSlot waits until another connection may be forwarded. Further clients wait in the queue meanwhile.
func (f *Forwarder) takeSlot(a listen.Spec) bool {
	select {
	case f.slots <- struct{}{}:
		return true
	default:
	}
	f.log.Warn().Str("listener", a.Name).Int("connections", cap(f.slots)).
		Msg("the canary is asked over many connections at its own address; the next waits until one ends")
	select {
	case f.slots <- struct{}{}:
		return true
	case <-f.context.Done():
		return false
	}
}

// forward leads one client to a worker of the canary. If it can reach none it resets the client.
func (f *Forwarder) forward(client *net.TCPConn, a listen.Spec) {
	found, err := f.dial(a)
	if err != nil {
		defer Reset(client) // after the reason is in the log
		if f.context.Err() == nil {
			f.log.Warn().Err(err).Str("listener", a.Name).Int("generation", f.canary.Generation).
				Int("offered", found.Offered).Int("taken", found.Accepted).
				Msg("a client of the canary's own address was sent away")
		}
		return
	}
	f.dialer.Own.Keep(found.Client)
	defer f.dialer.Own.End(found.Client)
	relay{client: client, worker: found.Conn.(duplex), idle: forwardIdle}.run(f.context)
}

// dial connects to a worker of the canary.
func (f *Forwarder) dial(a listen.Spec) (found Conn, err error) {
	ctx, cancel := lapse.WithTimeout(f.context, dialWithin)
	defer cancel()
	select {
	case f.dialing <- struct{}{}:
		defer func() { <-f.dialing }()
	case <-ctx.Done():
		return found, fmt.Errorf("so many others ask the canary that its turn did not come in %s", dialWithin)
	}
	workers, err := f.canary.Workers()
	if err != nil {
		return found, err
	}
	found, err = f.dialer.Dial(ctx, a, workers)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no worker of the canary has accepted a connection in %s", dialWithin)
	}
	return found, err
}
