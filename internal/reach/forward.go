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
	"rota/internal/pool"
)

// How somebody on this machine asks the canary of a reload and nobody else. All workers share the listeners, so whoever connects
// to them may get any worker. For as long as the canary is on trial, rota listens at a loopback address for each of its stream
// listeners, and passes each connection on over one which, as the kernel shows, a worker of the canary has accepted.

// What may be spent on whoever asks the canary.
const (
	MostForwarded = 64 // connections at a time; the next wait
	mostReaching  = 4  // of which so many look for their worker, with several connections each that wait in the listener's queue
	reachWithin   = 20 * time.Second
	forwardIdle   = 5 * time.Minute // how long neither side may say anything
)

// Forwarder leads to the canary of one reload. Each of its listeners and connections has a goroutine in the
// background, which ends with the context.
type Forwarder struct {
	Reacher
	Log        zerolog.Logger
	Background *sync.WaitGroup
	Generation int
	Workers    func() ([]string, error) // the canary's that are ready
	Addresses  []pool.CanaryAddress
	Context    context.Context
	Close      context.CancelFunc // does not wait
	Seats      chan struct{}      // one for each connection
	reaching   chan struct{}      // one for each that looks for its worker
}

// OpenDoor listens at a port of loopback that the kernel chooses.
func OpenDoor() (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

// Start makes a forwarder ready to serve.
func (f Forwarder) Start() *Forwarder {
	f.Seats, f.reaching = make(chan struct{}, MostForwarded), make(chan struct{}, mostReaching)
	f.Context, f.Close = context.WithCancel(context.Background())
	return &f
}

// Listen opens an address for a listener of the canary.
func (f *Forwarder) Listen(a listen.ListenAddress, open func() (*net.TCPListener, error)) {
	door, err := open()
	if err != nil {
		f.Log.Warn().Err(err).Str("listener", a.Name).Msg("the canary has no address of its own: rota can't listen on loopback")
		return
	}
	f.Addresses = append(f.Addresses, pool.CanaryAddress{Listener: a.Name, Address: door.Addr().String()})
	f.Background.Go(func() { f.Serve(door, a) })
}

// First is the address that stands for all of them; "" if there is none.
func (f *Forwarder) First() string {
	if f == nil || len(f.Addresses) == 0 {
		return ""
	}
	return f.Addresses[0].Address
}

// Serve passes on who comes to the door, until the trial of the canary is over.
func (f *Forwarder) Serve(door *net.TCPListener, a listen.ListenAddress) {
	defer context.AfterFunc(f.Context, func() { door.Close() })()
	defer door.Close()
	for f.Context.Err() == nil {
		client, err := door.AcceptTCP()
		switch {
		case err == nil && f.takeSeat(a):
			f.Background.Go(func() {
				defer func() { <-f.Seats }()
				f.carry(client, a)
			})
		case err == nil:
			reset(client)
		case f.Context.Err() == nil: // such as too many open files
			f.Log.Warn().Err(err).Str("listener", a.Name).Msg("nobody is led to the canary for a moment")
			select {
			case <-time.After(time.Second):
			case <-f.Context.Done():
			}
		}
	}
}

// takeSeat waits until there is room for another connection. Others wait in the door's queue meanwhile.
func (f *Forwarder) takeSeat(a listen.ListenAddress) bool {
	select {
	case f.Seats <- struct{}{}:
		return true
	default:
	}
	f.Log.Warn().Str("listener", a.Name).Int("connections", cap(f.Seats)).Msg("the canary is asked over many connections at its own address; the next waits until one ends")
	select {
	case f.Seats <- struct{}{}:
		return true
	case <-f.Context.Done():
		return false
	}
}

// carry leads one client to a worker of the canary. It is reset if there is none to be had.
func (f *Forwarder) carry(client *net.TCPConn, a listen.ListenAddress) {
	found, err := f.ReachCanary(a)
	if err != nil {
		defer reset(client) // who is sent away finds the reason in the log
		if f.Context.Err() == nil {
			f.Log.Warn().Err(err).Str("listener", a.Name).Int("generation", f.Generation).
				Int("offered", found.Offered).Int("taken", found.Taken).Msg("a client of the canary's own address was sent away")
		}
		return
	}
	f.Own.Keep(found.Client)
	defer f.Own.End(found.Client)
	relay{client: client, worker: found.Conn.(duplex), idle: forwardIdle}.run(f.Context)
}

// ReachCanary returns a connection that a worker of the canary has accepted.
func (f *Forwarder) ReachCanary(a listen.ListenAddress) (found Reached, err error) {
	ctx, cancel := lapse.WithTimeout(f.Context, reachWithin)
	defer cancel()
	select {
	case f.reaching <- struct{}{}:
		defer func() { <-f.reaching }()
	case <-ctx.Done():
		return found, fmt.Errorf("so many others ask the canary that its turn did not come in %s", reachWithin)
	}
	workers, err := f.Workers()
	if err != nil {
		return found, err
	}
	found, err = f.Reach(ctx, a, workers)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no worker of the canary has accepted a connection in %s", reachWithin)
	}
	return found, err
}
