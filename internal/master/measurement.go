package master

import "rota/internal/kernel"

// measurement is what is measured of one reload. Any goroutine may use it, but the loop only begins and ends it:
// the rest takes a while.
type measurement struct {
	gauge  *gauge
	thrown thrown
	queues func() (map[string]kernel.Queue, error) // the accept queues, by the listener's name
}

// reading is what has been measured up to now. If the kernel has counted lost connections, rota looks once more how many
// packets its own listeners have thrown away.
func (m *measurement) reading() Measured {
	found := m.gauge.reading()
	if found.Drops > 0 || found.Overflows > 0 {
		if queues, err := m.queues(); err == nil {
			m.thrown.note(queues)
		}
	}
	found.Thrown = m.thrown.away()
	return found
}

// deepest is the length of the longest queue. The packets that the listeners have thrown away are counted on the way.
func (m *measurement) deepest() (uint32, error) {
	queues, err := m.queues()
	if err == nil {
		m.thrown.note(queues)
	}
	longest := uint32(0)
	for _, q := range queues {
		longest = max(longest, q.Depth)
	}
	return longest, err
}
