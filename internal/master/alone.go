package master

import (
	"context"
	"slices"
	"time"

	"rota/internal/lapse"
)

// How the workers on trial come to be alone with those who connect.

const (
	// aloneWithin is how long the older workers may take to let go of the listeners. A program may keep
	// them open although it does not accept any more.
	aloneWithin = 2 * time.Second
	alonePause  = 10 * time.Millisecond
)

// awaitAlone returns when no worker older than the generation holds a listener, or a while after they were told to
// stop. Until they have heard it they accept, and what they answer then is not the new ones' fault.
func (m *Master) awaitAlone(ctx context.Context, generation int, told time.Time) {
	within := lapse.NewTimer()
	within.Reset(aloneWithin - time.Since(told))
	defer within.Stop()
	for !within.Rung() {
		if alone, err := m.alone(generation); alone || err != nil {
			return // without the kernel's view nobody knows
		}
		select {
		case <-time.After(alonePause):
		case <-ctx.Done():
			return
		}
	}
}

// alone reports whether nobody older can accept. Who can't be looked into might.
func (m *Master) alone(generation int) (bool, error) {
	var older []string
	var listeners []uint64
	if err := m.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.Generation < generation && member.PID != 0 {
				older = append(older, id)
			}
		}
		for _, e := range l.endpoints() {
			listeners = append(listeners, e.Inode)
		}
	}); err != nil || len(older) == 0 {
		return true, err
	}
	families, err := m.kin(older)
	if err != nil {
		return false, err
	}
	for _, family := range families {
		inodes, err := family.SocketInodes()
		holds := func(inode uint64) bool { _, found := slices.BinarySearch(inodes, inode); return found }
		if err != nil || slices.ContainsFunc(listeners, holds) {
			return false, nil
		}
	}
	return true, nil
}
