package master

import (
	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
)

// shirks reports whether the kernel shows that the worker does not wait for connections at the listener, and has none that it may be
// busy with. It is false of one that can't be looked into.
func (o *observer) shirks(worker string, a listen.ListenAddress) bool {
	endpoints, err := o.sockets()
	families, err2 := o.families([]string{worker})
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
	if unseen != "" || len(inodes) == 0 {
		return false
	}
	if minder.AnyAccepting(waits) {
		return false
	}
	held, known := o.heldBy(worker, minder.CountBeforeStop)
	return known && len(held) == 0
}
