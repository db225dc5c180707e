package master

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/lapse"
)

// How somebody on this machine asks the canary of a reload and nobody else. All workers share the listeners, so whoever connects
// to them may get any worker. For as long as the canary is on trial, rota listens at a loopback address for each of its stream
// listeners, and passes each connection on over one which, as the kernel shows, a worker of the canary has accepted.

// What may be spent on whoever asks the canary.
const (
	mostForwarded = 64 // connections at a time; the next wait
	mostReaching  = 4  // of which so many look for their worker, with several connections each that wait in the listener's queue
	reachWithin   = 20 * time.Second
	forwardIdle   = 5 * time.Minute // how long neither side may say anything
)

// forwarder leads to the canary of one reload. Each of its listeners and connections has a goroutine in the
// background, which ends with the context.
type forwarder struct {
	reacher
	log        zerolog.Logger
	background *sync.WaitGroup
	generation int
	workers    func() ([]string, error) // the canary's that are ready
	addresses  []CanaryAddress
	context    context.Context
	close      context.CancelFunc // does not wait
	seats      chan struct{}      // one for each connection
	reaching   chan struct{}      // one for each that looks for its worker
}

// openDoor listens at a port of loopback that the kernel chooses.
func openDoor() (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

// start makes a forwarder ready to serve.
func (f forwarder) start() *forwarder {
	f.seats, f.reaching = make(chan struct{}, mostForwarded), make(chan struct{}, mostReaching)
	f.context, f.close = context.WithCancel(context.Background())
	return &f
}

// listen opens an address for a listener of the canary.
func (f *forwarder) listen(a ListenAddress, open func() (*net.TCPListener, error)) {
	door, err := open()
	if err != nil {
		f.log.Warn().Err(err).Str("listener", a.Name).Msg("the canary has no address of its own: rota can't listen on loopback")
		return
	}
	f.addresses = append(f.addresses, CanaryAddress{a.Name, door.Addr().String()})
	f.background.Go(func() { f.serve(door, a) })
}

// first is the address that stands for all of them; "" if there is none.
func (f *forwarder) first() string {
	if f == nil || len(f.addresses) == 0 {
		return ""
	}
	return f.addresses[0].Address
}

// serve passes on who comes to the door, until the trial of the canary is over.
func (f *forwarder) serve(door *net.TCPListener, a ListenAddress) {
	defer context.AfterFunc(f.context, func() { door.Close() })()
	defer door.Close()
	for f.context.Err() == nil {
		client, err := door.AcceptTCP()
		switch {
		case err == nil && f.takeSeat(a):
			f.background.Go(func() {
				defer func() { <-f.seats }()
				f.carry(client, a)
			})
		case err == nil:
			reset(client)
		case f.context.Err() == nil: // such as too many open files
			f.log.Warn().Err(err).Str("listener", a.Name).Msg("nobody is led to the canary for a moment")
			select {
			case <-time.After(time.Second):
			case <-f.context.Done():
			}
		}
	}
}

// takeSeat waits until there is room for another connection. Others wait in the door's queue meanwhile.
func (f *forwarder) takeSeat(a ListenAddress) bool {
	select {
	case f.seats <- struct{}{}:
		return true
	default:
	}
	f.log.Warn().Str("listener", a.Name).Int("connections", cap(f.seats)).Msg("the canary is asked over many connections at its own address; the next waits until one ends")
	select {
	case f.seats <- struct{}{}:
		return true
	case <-f.context.Done():
		return false
	}
}

// carry leads one client to a worker of the canary. It is reset if there is none to be had.
func (f *forwarder) carry(client *net.TCPConn, a ListenAddress) {
	found, err := f.reachCanary(a)
	if err != nil {
		defer reset(client) // who is sent away finds the reason in the log
		if f.context.Err() == nil {
			f.log.Warn().Err(err).Str("listener", a.Name).Int("generation", f.generation).
				Int("offered", found.offered).Int("taken", found.taken).Msg("a client of the canary's own address was sent away")
		}
		return
	}
	f.own.keep(found.client)
	defer f.own.end(found.client)
	relay{client: client, worker: found.conn.(duplex), idle: forwardIdle}.run(f.context)
}

// reachCanary returns a connection that a worker of the canary has accepted.
func (f *forwarder) reachCanary(a ListenAddress) (found reached, err error) {
	ctx, cancel := lapse.WithTimeout(f.context, reachWithin)
	defer cancel()
	select {
	case f.reaching <- struct{}{}:
		defer func() { <-f.reaching }()
	case <-ctx.Done():
		return found, fmt.Errorf("so many others ask the canary that its turn did not come in %s", reachWithin)
	}
	workers, err := f.workers()
	if err != nil {
		return found, err
	}
	found, err = f.reach(ctx, a, workers)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no worker of the canary has accepted a connection in %s", reachWithin)
	}
	return found, err
}
