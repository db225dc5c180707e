package gauge

import (
	"sync"

	"rota/internal/kernel"
)

// thrown counts the packets that the listeners have thrown away during a reload. The kernel's ListenDrops are those of the
// whole machine; without any of these they were somebody else's. The other way round these may have
// belonged to no connection. Its methods may be called from any goroutine.
type thrown struct {
	mu    sync.Mutex
	last  map[string]uint32 // by the listener's name
	total int
}

// note takes in what the listeners have thrown away by now.
func (t *thrown) note(queues map[string]kernel.Queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.last == nil
	if first {
		t.last = map[string]uint32{}
	}
	for name, q := range queues {
		if before := t.last[name]; !first && q.Dropped > before { // else it is another socket by now
			t.total += int(q.Dropped - before)
		}
		t.last[name] = q.Dropped
	}
}

func (t *thrown) away() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}
