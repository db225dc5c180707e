package master

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// listener is a named address that workers inherit, with the sockets that are bound to it:
// one that all slots share, or, with ReusePort, one for each slot. The generations that
// listen on the same address share them.
type listener struct {
	ListenAddress
	*binding
}

// binding is the sockets of one address. It is in the hands of the generations that listen there,
// and closed when the last of them lets go. Only the loop touches it, and New before
// there is one.
type binding struct {
	asked   ListenAddress // that it was made for; the port may have been left to the kernel
	given   bool          // rota was started with it
	dead    bool          // a worker has shut it down, and it can't be mended
	leaving bool          // who comes is turned away, since the next generation does without it
	back    bool          // it leaves, but a plan has taken it back: it is opened when a worker of that is ready
	sockets []*socket     // one, or by slot
	first   *socket       // of those; it stays as long as the binding, and anybody may look at it
	steered int           // with ReusePort: so many of the sockets, from the first on, get new connections
	users   int           // generations that hold it
}

// bindTo takes the socket that rota was given for the address, or opens those for a pool of the size.
func bindTo(a ListenAddress, size int, given []Given) (*binding, error) {
	b := &binding{asked: a}
	for _, g := range given {
		if g.Name == a.Name {
			b.given = true
			b.sockets = []*socket{g.socket()}
			b.first = b.sockets[0]
			return b, nil
		}
	}
	for len(b.sockets) < b.wanted(size) {
		if err := b.grow(); err != nil {
			b.close()
			return nil, err
		}
	}
	b.first, b.steered = b.sockets[0], len(b.sockets)
	return b, nil
}

func (b *binding) wanted(size int) int {
	if b.asked.ReusePort {
		return size
	}
	return 1
}

// grow opens one socket more. A port that the kernel chose for the first one is asked for by its number.
func (b *binding) grow() error {
	a := b.asked
	if len(b.sockets) > 0 {
		a.Address = b.sockets[0].kernel.Address()
	}
	s, err := openSocket(a)
	if err != nil {
		return err
	}
	b.sockets = append(b.sockets, s)
	return nil
}

// forSlot is the socket that the worker of a slot inherits, opened if the pool has grown to it. A new
// one gets no connections before a worker is ready to take them.
func (b *binding) forSlot(slot int) (*socket, error) {
	if !b.asked.ReusePort {
		return b.sockets[0], nil
	}
	if slot >= len(b.sockets) {
		if err := b.steer(b.steered); err != nil {
			return nil, err
		}
	}
	for len(b.sockets) <= slot {
		if err := b.grow(); err != nil {
			return nil, err
		}
	}
	return b.sockets[slot], nil
}

// admit has the socket of a slot, whose worker is ready, get new connections too, as soon as those before it do.
func (b *binding) admit(slot int) error {
	if !b.asked.ReusePort || slot < b.steered || slot >= len(b.sockets) {
		return nil
	}
	b.sockets[slot].ready = true
	n := b.steered
	for n < len(b.sockets) && b.sockets[n].ready {
		n++
	}
	if n == b.steered {
		return nil
	}
	return b.steer(n)
}

// dismiss keeps new connections away from the sockets of the slots from n on.
func (b *binding) dismiss(n int) error {
	if !b.asked.ReusePort || n >= len(b.sockets) {
		return nil
	}
	for _, s := range b.sockets[n:] {
		s.ready = false
	}
	return b.steer(min(n, b.steered))
}

// trim closes the sockets of the slots from n on.
func (b *binding) trim(n int) {
	for b.asked.ReusePort && len(b.sockets) > max(n, 1) {
		last := len(b.sockets) - 1
		b.sockets[last].close()
		b.sockets = b.sockets[:last]
	}
	b.steered = min(b.steered, len(b.sockets))
}

// address is where the binding is, with the port that the kernel chose.
func (b *binding) address() string { return b.sockets[0].kernel.Address() }

// endpoints are the sockets as the kernel knows them, under the listener's name of today.
func (l listener) endpoints() []kernel.Listener {
	var list []kernel.Listener
	for _, s := range l.sockets {
		e := s.kernel
		e.Name = l.Name
		list = append(list, e)
	}
	return list
}

func (b *binding) turnAway() {
	for _, s := range b.sockets {
		s.turnAway()
	}
}

func (b *binding) invite() {
	for _, s := range b.sockets {
		s.invite()
	}
}

func (b *binding) close() {
	for _, s := range b.sockets {
		s.close()
	}
	b.sockets = nil
}

func (b *binding) drop() {
	b.users--
	if b.users == 0 {
		b.close()
	}
}

// steer has the kernel give new connections to the first n sockets only. Those behind them have no
// worker yet, or no slot any more; what is queued there then is served before they are closed.
func (b *binding) steer(n int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: randomNumber},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	err := unix.SetsockoptSockFprog(b.sockets[0].fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	if err != nil {
		return fmt.Errorf("cannot choose among the sockets of %s: %w", b.asked, err)
	}
	b.steered = n
	return nil
}

// randomNumber is SKF_AD_OFF + SKF_AD_RANDOM, where a socket filter finds one.
const randomNumber = 0xfffff000 + 56

// openListeners makes the listeners of a generation: of the sockets that rota was given, of those that
// are open already, or anew. All, or none. Only what is new is touched: the rest is the loop's.
func openListeners(wanted []ListenAddress, size int, given []Given, open []*binding) (list []listener, err error) {
	var opened []*binding
	left := slices.Clone(open)
	for _, a := range adopt(wanted, given) {
		if i := slices.IndexFunc(left, func(b *binding) bool { return b.serves(a) }); i >= 0 {
			list = append(list, listener{a, left[i]})
			left = slices.Delete(left, i, i+1)
			continue
		}
		b, err := bindTo(a, size, given)
		if err != nil {
			for _, b := range opened {
				b.close()
			}
			return nil, explainConflict(err, a, open)
		}
		opened = append(opened, b)
		list = append(list, listener{a, b})
	}
	return list, nil
}

// serves reports whether the binding is what a asks for.
func (b *binding) serves(a ListenAddress) bool {
	if b.given {
		return b.asked.Name == a.Name
	}
	return b.asked.sameSocket(a)
}

// explainConflict adds to an address in use that it is rota itself which uses it, in a way
// that can't be changed while it does.
func explainConflict(err error, a ListenAddress, open []*binding) error {
	ours := func(b *binding) bool { return b.asked.Network == a.Network && b.asked.place() == a.place() }
	if errors.Is(err, unix.EADDRINUSE) && slices.ContainsFunc(open, ours) {
		return fmt.Errorf("%w; it is this rota that listens there, or a worker of it that still drains: a port's host, reuseport, ipv6only and nonblock can only be changed by starting anew, or without the listener once those workers are gone", err)
	}
	return err
}

// place is what two sockets can't share, whichever of the machine's addresses they are for.
func (a ListenAddress) place() string {
	if _, port, err := net.SplitHostPort(a.Address); err == nil && a.internet() {
		return port
	}
	return a.Address
}

// bound is the address that was asked for, with the port that the kernel chose.
func (l listener) bound() ListenAddress {
	a := l.ListenAddress
	a.Address = l.address()
	return a
}

// closedUntilReady says why no client comes to a slot's socket before its worker is ready; "" if clients do come.
func (b *binding) closedUntilReady(slot int) string {
	switch {
	case b.back:
		return "clients of the listener " + b.asked.Name + " are turned away until a worker is ready"
	case b.asked.ReusePort && slot >= b.steered:
		return "the slot's own socket of the listener " + b.asked.Name + " gets no connections until its worker is ready"
	}
	return ""
}

// shut says why no client can reach the binding; "" if no reason is known.
func (b *binding) shut() string {
	switch {
	case b.dead:
		return "a worker has shut it down"
	case b.first.path != nil:
		return b.first.path.lost
	}
	return ""
}
