package observer

import (
	"errors"
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
)

// Glance is what one look at a worker has shown.
type Glance struct {
	Waits  map[uint64]kernel.Wait // how it waits, by the listener's inode
	Held   map[string]bool        // listeners from which it holds a connection, by name
	Unseen kernel.Unseen
}

// Glance looks whether a worker accepts connections from the listeners.
func (o *Observer) Glance(worker string, at []kernel.Listener) Glance {
	return o.Looks.Glance(worker, at)
}

// glance looks at a worker's processes. If none of them sleeps at each of the listeners, it looks for connections that
// they hold.
func (o *Observer) glance(worker string, at []kernel.Listener) Glance {
	family := o.FamilyOf(worker)
	var g Glance
	g.Waits, g.Unseen = kernel.Waiting(family, kernel.Inodes(at))
	if !slices.ContainsFunc(at, func(l kernel.Listener) bool { return !g.Waits[l.Inode].Accepts() }) {
		return g
	}
	held, err := heldFrom(family, at)
	if errors.Is(err, kernel.ErrNoDiag) {
		o.log.Debug().Err(err).Str("worker_id", worker).Msg("cannot see which connections a worker has accepted")
	}
	g.Held = held
	return g
}

// heldFrom tells from which listeners the family holds a connection: none if it may not be looked into.
func heldFrom(family kernel.Family, at []kernel.Listener) (map[string]bool, error) {
	inodes, err := family.SocketInodes()
	inodes = slices.DeleteFunc(inodes, func(inode uint64) bool {
		return slices.ContainsFunc(at, func(l kernel.Listener) bool { return l.Inode == inode })
	})
	if err != nil || len(inodes) == 0 {
		return nil, err
	}
	connections, err := kernel.Connections(at)
	held := map[string]bool{}
	for _, c := range connections {
		if _, ours := slices.BinarySearch(inodes, c.Inode); ours {
			held[c.Listener] = true
		}
	}
	return held, err
}

// Shirks reports whether the kernel shows that the worker does not wait for connections at the listener, and has none
// that it may be busy with. It is false of a worker that can't be looked into.
func (o *Observer) Shirks(worker string, a listen.Spec) bool {
	endpoints, err := o.loop.Endpoints()
	families, err2 := o.Families([]string{worker})
	if err != nil || err2 != nil {
		return false
	}
	var inodes []uint64
	for _, e := range endpoints {
		if e.Network() == a.Network && e.Address() == a.Address {
			inodes = append(inodes, e.Inode)
		}
	}
	waits, unseen := kernel.Waiting(families[worker], inodes)
	if unseen != "" || len(inodes) == 0 || minder.AnyAccepting(waits) {
		return false
	}
	held, known := o.HeldBy(worker, minder.CountBeforeStop)
	return known && len(held) == 0
}
