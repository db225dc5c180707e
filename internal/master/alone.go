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
	if err := o.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.Generation != generation && member.PID != 0 {
				others = append(others, id)
				minder := l.minders[id]
				alone = alone && (minder == nil || len(minder.attends) == 0 || !member.StoppedAcceptingAt.IsZero())
			}
		}
		for _, e := range l.endpoints() {
			if e.Type == unix.SOCK_DGRAM {
				datagrams = append(datagrams, e.Inode)
			}
		}
	}); err != nil {
		return false, err
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
