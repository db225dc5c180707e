package master

import "fmt"

// scale adds slots at the end or takes them from there. One always stays.
func (p *pool) scale(delta int) {
	size := min(max(len(p.slots)+delta, 1), MaxWorkers)
	if p.stopping || size == len(p.slots) {
		return
	}
	from := len(p.slots)
	p.resize(size)
	p.tell(Event{Type: EventPoolScaled, Workers: size, Before: from,
		Message: fmt.Sprintf("the pool has %s instead of %d", plural(size, "worker", "workers"), from)})
}

func (p *pool) resize(size int) {
	for len(p.slots) < size {
		p.slots = append(p.slots, &slot{number: len(p.slots)})
	}
	for len(p.slots) > size {
		last := p.slots[len(p.slots)-1]
		p.slots = p.slots[:len(p.slots)-1]
		p.dismiss(last.duty, nil, "the pool shrinks")
		p.dismiss(last.next, nil, "the pool shrinks")
	}
}
