package gauge

import (
	"rota/internal/kernel"
	"rota/internal/record"
)

// Measurement is what is measured of one reload. Any goroutine may use it, but the loop only begins and ends it:
// the rest takes a while.
type Measurement struct {
	Gauge  *Gauge
	thrown thrown
	Queues func() (map[string]kernel.Queue, error) // the accept queues, by the listener's name
}

// Reading is what has been measured up to now. If the kernel has counted lost connections, rota looks once more how many
// packets its own listeners have thrown away.
func (m *Measurement) Reading() record.Measured {
	found := m.Gauge.Reading()
	if found.Drops > 0 || found.Overflows > 0 {
		if queues, err := m.Queues(); err == nil {
			m.thrown.note(queues)
		}
	}
	found.Thrown = m.thrown.away()
	return found
}

// Deepest is the length of the longest queue. The packets that the listeners have thrown away are counted on the way.
func (m *Measurement) Deepest() (uint32, error) {
	queues, err := m.Queues()
	if err == nil {
		m.thrown.note(queues)
	}
	longest := uint32(0)
	for _, q := range queues {
		longest = max(longest, q.Depth)
	}
	return longest, err
}
