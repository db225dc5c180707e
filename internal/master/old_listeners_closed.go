package master

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/lapse"
)

// How the workers on trial come to be alone with those who connect.

const (
	// aloneWithin is how long the others may take. Of a program that keeps its listeners open it may not be seen
	// that it does not accept any more.
	aloneWithin = 2 * time.Second
	alonePause  = 10 * time.Millisecond
)

// awaitAlone returns when all workers of other generations have stopped accepting, or a while after they were told to
// stop. Until they have heard it they accept, and what they answer then is not the new ones' fault.
func (o *observer) awaitAlone(ctx context.Context, generation int, told time.Time) {
	within := lapse.NewTimer()
	within.Reset(aloneWithin - time.Since(told))
	defer within.Stop()
	for !within.Rung() {
		if alone, err := o.alone(generation); alone || err != nil {
			return // without the kernel's view nobody knows
		}
		select {
		case <-time.After(alonePause):
		case <-ctx.Done():
			return
		}
	}
}

// alone reports whether nobody else takes what is for them. Who can't be looked into might.
func (o *observer) alone(generation int) (alone bool, err error) {
	var others []string
	var datagrams []uint64
	alone = true
	workers, err := o.running()
	if err != nil {
		return false, err
	}
	sockets, err := o.sockets()
	if err != nil {
		return false, err
	}
	for _, w := range workers {
		if w.generation != generation {
			others = append(others, w.id)
			alone = alone && !w.accepts
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
func (o *observer) closedBy(workers []string, sockets []uint64) (bool, error) {
	families, err := o.families(workers)
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
