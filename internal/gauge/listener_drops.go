package gauge

import (
	"sync"

	"rota/internal/kernel"
)

// listenerDrops counts the packets that rota's listeners have dropped during a reload. The kernel's counter
// ListenDrops is that of the whole machine: if no listener of rota's has dropped a packet, it has grown because of
// other programs. A dropped packet need not have belonged to a connection. Any goroutine may use it.
type listenerDrops struct {
	mu    sync.Mutex
	last  map[string]uint32 // by the listener's name
	total int
}

// note adds what the listeners have dropped since the last time.
func (d *listenerDrops) note(queues map[string]kernel.Queue) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := d.last == nil
	if first {
		d.last = map[string]uint32{}
	}
	for name, q := range queues {
		if before := d.last[name]; !first && q.Dropped > before { // less: it is another socket by now
			d.total += int(q.Dropped - before)
		}
		d.last[name] = q.Dropped
	}
}

func (d *listenerDrops) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}
