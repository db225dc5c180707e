// Package listen opens the sockets that workers inherit, and keeps them open.
//
// An address (address.go) says where a listener is bound and how it is made. A Binding has its sockets: one that all
// workers share (binding.go) or, with ReusePort, one for each slot (reuseport.go); generations that listen on the same
// address share the Binding. A socket is a bare descriptor that is closed when its last holder drops it (socket.go,
// shared_fd.go). If somebody deletes the file of a unix socket, rota puts it back (socket_path.go, file_watch.go).
// rota inherits the sockets that it was started with (activation.go). It is a client of its own listeners, too
// (dial.go), and can tell those connections from all others (own_clients.go).
package listen

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// Listener is a named address with the Binding that has its sockets.
type Listener struct {
	Spec
	*Binding
}

// Endpoints are the sockets as the kernel knows them, with the listener's present name.
func (l Listener) Endpoints() []kernel.Listener {
	var list []kernel.Listener
	for _, s := range l.Sockets {
		e := s.Kernel
		e.Name = l.Name
		list = append(list, e)
	}
	return list
}

// OpenListeners makes the listeners of a generation, from inherited sockets, from those that are open already, or anew.
// It makes all or none. It touches only what is new: the rest is the loop's.
func OpenListeners(wanted []Spec, size int, inherited []InheritedSocket, open []*Binding) (list []Listener, err error) {
	var opened []*Binding
	left := slices.Clone(open)
	for _, a := range withInherited(wanted, inherited) {
		if i := slices.IndexFunc(left, func(b *Binding) bool { return b.serves(a) }); i >= 0 {
			list = append(list, Listener{a, left[i]})
			left = slices.Delete(left, i, i+1)
			continue
		}
		b, err := BindTo(a, size, inherited)
		if err != nil {
			for _, b := range opened {
				b.Close()
			}
			return nil, explainConflict(err, a, open)
		}
		opened = append(opened, b)
		list = append(list, Listener{a, b})
	}
	return list, nil
}

// explainConflict adds to "address in use" that rota itself uses the address, in a way that it can't change now.
func explainConflict(err error, a Spec, open []*Binding) error {
	ours := func(b *Binding) bool { return b.Asked.Network == a.Network && b.Asked.Place() == a.Place() }
	if errors.Is(err, unix.EADDRINUSE) && slices.ContainsFunc(open, ours) {
		return fmt.Errorf("%w; it is this rota that listens there, or a worker of it that still drains: a port's host, reuseport, ipv6only and nonblock can only be changed by starting anew, or without the listener once those workers are gone", err)
	}
	return err
}

// Place is the port, or the path: two sockets can't have the same, whichever of the machine's addresses they are for.
func (a Spec) Place() string {
	if _, port, err := net.SplitHostPort(a.Address); err == nil && a.Internet() {
		return port
	}
	return a.Address
}

// Bound is the address that was asked for, with the port that the kernel chose.
func (l Listener) Bound() Spec {
	a := l.Spec
	a.Address = l.BoundAddress()
	return a
}
