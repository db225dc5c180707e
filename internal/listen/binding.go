package listen

// Binding is the sockets of one address. The generations that listen there share it, and it is closed when the last of
// them drops it. Only the loop touches it, and New before there is a loop.
type Binding struct {
	Asked     Spec      // for which it was made; the port may have been left to the kernel
	Inherited bool      // rota was started with it
	Dead      bool      // a worker has shut it down, and it can't be repaired
	Leaving   bool      // new clients are turned away, since the next generation does without it
	Back      bool      // it was leaving, and a plan wants it again: it opens when a worker of that plan is ready
	Sockets   []*Socket // one, or one for each slot
	First     *Socket   // of Sockets; it stays as long as the binding, and any goroutine may look at it
	Users     int       // generations that hold it

	steered int // with ReusePort: so many of the sockets, from the first on, get new connections
}

// BindTo takes the socket that rota has inherited for the address, or opens those for a pool of the size.
func BindTo(a Spec, size int, inherited []InheritedSocket) (*Binding, error) {
	b := &Binding{Asked: a}
	for _, s := range inherited {
		if s.Name == a.Name {
			b.Inherited = true
			b.Sockets = []*Socket{s.socket()}
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

// grow opens one more socket. A port that the kernel chose for the first socket is used for all.
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

// BoundAddress is where the binding is, with the port that the kernel chose.
func (b *Binding) BoundAddress() string { return b.Sockets[0].Kernel.Address() }

// TurnAway keeps new clients away, and leaves those in the queues to the workers.
func (b *Binding) TurnAway() {
	for _, s := range b.Sockets {
		s.turnAway()
	}
}

// Invite undoes TurnAway.
func (b *Binding) Invite() {
	for _, s := range b.Sockets {
		s.invite()
	}
}

// Close closes the sockets, whoever uses them.
func (b *Binding) Close() {
	for _, s := range b.Sockets {
		s.Close()
	}
	b.Sockets = nil
}

// Drop ends one use, and closes the sockets after the last.
func (b *Binding) Drop() {
	b.Users--
	if b.Users == 0 {
		b.Close()
	}
}

// serves reports whether the binding is what a asks for.
func (b *Binding) serves(a Spec) bool {
	if b.Inherited {
		return b.Asked.Name == a.Name
	}
	return b.Asked.sameSocket(a)
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
