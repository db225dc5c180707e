// Package listen opens the sockets that workers inherit, and keeps them open.
//
// An address (address.go) says where a listener is bound and how it is made. A Binding has its sockets: one that all
// workers share or, with ReusePort, one for each slot; generations that listen on the same address share the Binding.
// A socket is a bare descriptor that is closed when its last holder drops it (shared_fd.go). The file of a unix socket
// is put back if somebody deletes it (socket_path.go). Sockets that rota itself was started with are taken over
// (activation.go). rota is a client of its own listeners, too: own_clients.go tells those connections from all others.
package listen

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// Listener is a named address that workers inherit, with the sockets that are bound to it:
// one that all slots share, or, with ReusePort, one for each slot. The generations that
// listen on the same address share them.
type Listener struct {
	ListenAddress
	*Binding
}

// Binding is the sockets of one address. It is in the hands of the generations that listen there,
// and closed when the last of them lets go. Only the loop touches it, and New before
// there is one.
type Binding struct {
	Asked   ListenAddress // that it was made for; the port may have been left to the kernel
	Given   bool          // rota was started with it
	Dead    bool          // a worker has shut it down, and it can't be mended
	Leaving bool          // who comes is turned away, since the next generation does without it
	Back    bool          // it leaves, but a plan has taken it back: it is opened when a worker of that is ready
	Sockets []*Socket     // one, or by slot
	First   *Socket       // of those; it stays as long as the binding, and anybody may look at it
	steered int           // with ReusePort: so many of the sockets, from the first on, get new connections
	Users   int           // generations that hold it
}

// BindTo takes the socket that rota was given for the address, or opens those for a pool of the size.
func BindTo(a ListenAddress, size int, given []Given) (*Binding, error) {
	b := &Binding{Asked: a}
	for _, g := range given {
		if g.Name == a.Name {
			b.Given = true
			b.Sockets = []*Socket{g.socket()}
			b.First = b.Sockets[0]
			return b, nil
		}
	}
	for len(b.Sockets) < b.wanted(size) {
		if err := b.grow(); err != nil {
			b.Close()
			return nil, err
		}
	}
	b.First, b.steered = b.Sockets[0], len(b.Sockets)
	return b, nil
}

func (b *Binding) wanted(size int) int {
	if b.Asked.ReusePort {
		return size
	}
	return 1
}

// grow opens one socket more. A port that the kernel chose for the first one is asked for by its number.
func (b *Binding) grow() error {
	a := b.Asked
	if len(b.Sockets) > 0 {
		a.Address = b.Sockets[0].Kernel.Address()
	}
	s, err := OpenSocket(a)
	if err != nil {
		return err
	}
	b.Sockets = append(b.Sockets, s)
	return nil
}

// ForSlot is the socket that the worker of a slot inherits, opened if the pool has grown to it. A new
// one gets no connections before a worker is ready to take them.
func (b *Binding) ForSlot(slot int) (*Socket, error) {
	if !b.Asked.ReusePort {
		return b.Sockets[0], nil
	}
	if slot >= len(b.Sockets) {
		if err := b.steer(b.steered); err != nil {
			return nil, err
		}
	}
	for len(b.Sockets) <= slot {
		if err := b.grow(); err != nil {
			return nil, err
		}
	}
	return b.Sockets[slot], nil
}

// Admit has the socket of a slot, whose worker is ready, get new connections too, as soon as those before it do.
func (b *Binding) Admit(slot int) error {
	if !b.Asked.ReusePort || slot < b.steered || slot >= len(b.Sockets) {
		return nil
	}
	b.Sockets[slot].ready = true
	n := b.steered
	for n < len(b.Sockets) && b.Sockets[n].ready {
		n++
	}
	if n == b.steered {
		return nil
	}
	return b.steer(n)
}

// Dismiss keeps new connections away from the sockets of the slots from n on.
func (b *Binding) Dismiss(n int) error {
	if !b.Asked.ReusePort || n >= len(b.Sockets) {
		return nil
	}
	for _, s := range b.Sockets[n:] {
		s.ready = false
	}
	return b.steer(min(n, b.steered))
}

// Trim closes the sockets of the slots from n on.
func (b *Binding) Trim(n int) {
	for b.Asked.ReusePort && len(b.Sockets) > max(n, 1) {
		last := len(b.Sockets) - 1
		b.Sockets[last].Close()
		b.Sockets = b.Sockets[:last]
	}
	b.steered = min(b.steered, len(b.Sockets))
}

// BoundAddress is where the binding is, with the port that the kernel chose.
func (b *Binding) BoundAddress() string { return b.Sockets[0].Kernel.Address() }

// Endpoints are the sockets as the kernel knows them, under the listener's name of today.
func (l Listener) Endpoints() []kernel.Listener {
	var list []kernel.Listener
	for _, s := range l.Sockets {
		e := s.Kernel
		e.Name = l.Name
		list = append(list, e)
	}
	return list
}

func (b *Binding) TurnAway() {
	for _, s := range b.Sockets {
		s.turnAway()
	}
}

func (b *Binding) Invite() {
	for _, s := range b.Sockets {
		s.invite()
	}
}

func (b *Binding) Close() {
	for _, s := range b.Sockets {
		s.Close()
	}
	b.Sockets = nil
}

func (b *Binding) Drop() {
	b.Users--
	if b.Users == 0 {
		b.Close()
	}
}

// steer has the kernel give new connections to the first n sockets only. Those behind them have no
// worker yet, or no slot any more; what is queued there then is served before they are closed.
func (b *Binding) steer(n int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: randomNumber},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	err := unix.SetsockoptSockFprog(b.Sockets[0].FD, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	if err != nil {
		return fmt.Errorf("cannot choose among the sockets of %s: %w", b.Asked, err)
	}
	b.steered = n
	return nil
}

// randomNumber is SKF_AD_OFF + SKF_AD_RANDOM, where a socket filter finds one.
const randomNumber = 0xfffff000 + 56

// OpenListeners makes the listeners of a generation: of the sockets that rota was given, of those that
// are open already, or anew. All, or none. Only what is new is touched: the rest is the loop's.
func OpenListeners(wanted []ListenAddress, size int, given []Given, open []*Binding) (list []Listener, err error) {
	var opened []*Binding
	left := slices.Clone(open)
	for _, a := range adopt(wanted, given) {
		if i := slices.IndexFunc(left, func(b *Binding) bool { return b.serves(a) }); i >= 0 {
			list = append(list, Listener{a, left[i]})
			left = slices.Delete(left, i, i+1)
			continue
		}
		b, err := BindTo(a, size, given)
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

// serves reports whether the binding is what a asks for.
func (b *Binding) serves(a ListenAddress) bool {
	if b.Given {
		return b.Asked.Name == a.Name
	}
	return b.Asked.sameSocket(a)
}

// explainConflict adds to an address in use that it is rota itself which uses it, in a way
// that can't be changed while it does.
func explainConflict(err error, a ListenAddress, open []*Binding) error {
	ours := func(b *Binding) bool { return b.Asked.Network == a.Network && b.Asked.Place() == a.Place() }
	if errors.Is(err, unix.EADDRINUSE) && slices.ContainsFunc(open, ours) {
		return fmt.Errorf("%w; it is this rota that listens there, or a worker of it that still drains: a port's host, reuseport, ipv6only and nonblock can only be changed by starting anew, or without the listener once those workers are gone", err)
	}
	return err
}

// Place is what two sockets can't share, whichever of the machine's addresses they are for.
func (a ListenAddress) Place() string {
	if _, port, err := net.SplitHostPort(a.Address); err == nil && a.Internet() {
		return port
	}
	return a.Address
}

// Bound is the address that was asked for, with the port that the kernel chose.
func (l Listener) Bound() ListenAddress {
	a := l.ListenAddress
	a.Address = l.BoundAddress()
	return a
}

// ClosedUntilReady says why no client comes to a slot's socket before its worker is ready; "" if clients do come.
func (b *Binding) ClosedUntilReady(slot int) string {
	switch {
	case b.Back:
		return "clients of the listener " + b.Asked.Name + " are turned away until a worker is ready"
	case b.Asked.ReusePort && slot >= b.steered:
		return "the slot's own socket of the listener " + b.Asked.Name + " gets no connections until its worker is ready"
	}
	return ""
}

// Shut says why no client can reach the binding; "" if no reason is known.
func (b *Binding) Shut() string {
	switch {
	case b.Dead:
		return "a worker has shut it down"
	case b.First.Path != nil:
		return b.First.Path.Lost
	}
	return ""
}
