package observer

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/lapse"
)

const (
	// aloneWithin is how long older workers may take to close their listeners. The kernel does not show when a program
	// that keeps its listeners open has stopped accepting.
	aloneWithin = 2 * time.Second
	alonePause  = 10 * time.Millisecond
)

// AwaitAlone returns when all workers of other generations have stopped accepting, or a while after they were told to
// stop. Until they obey they accept, and what they answer then is not the fault of the new ones.
func (o *Observer) AwaitAlone(ctx context.Context, generation int, told time.Time) {
	within := lapse.NewTimer()
	within.Reset(aloneWithin - time.Since(told))
	defer within.Stop()
	for !within.Rung() {
		if alone, err := o.Alone(generation); alone || err != nil {
			return // without the kernel's view nobody knows
		}
		select {
		case <-time.After(alonePause):
		case <-ctx.Done():
			return
		}
	}
}

// Alone reports whether no worker of another generation accepts connections or datagrams any more. One that can't be
// looked into might.
func (o *Observer) Alone(generation int) (alone bool, err error) {
	var others []string
	var datagrams []uint64
	alone = true
	workers, err := o.running()
	if err != nil {
		return false, err
	}
	sockets, err := o.loop.Endpoints()
	if err != nil {
		return false, err
	}
	for _, w := range workers {
		if w.Generation != generation {
			others = append(others, w.ID)
			alone = alone && !w.Accepts
		}
	}
	for _, s := range sockets {
		if s.Type == unix.SOCK_DGRAM {
			datagrams = append(datagrams, s.Inode)
		}
	}
	if !alone || len(others) == 0 || len(datagrams) == 0 {
		return alone, nil
	}
	return o.closedBy(others, datagrams)
}

// closedBy reports whether none of the workers has one of the sockets open.
func (o *Observer) closedBy(workers []string, sockets []uint64) (bool, error) {
	families, err := o.Families(workers)
	if err != nil {
		return false, err
	}
	for _, family := range families {
		inodes, err := family.SocketInodes()
		holds := func(inode uint64) bool { _, found := slices.BinarySearch(inodes, inode); return found }
		if err != nil || slices.ContainsFunc(sockets, holds) {
			return false, nil
		}
	}
	return true, nil
}
