package pool

import (
	"fmt"

	"rota/internal/record"
)

// scale adds slots at the end or removes them there. It is refused while a rotation changes the size: it
// would no longer be known which slots the rotation has to take back.
func (p *Pool) scale(size int, room record.Headroom) error {
	switch {
	case p.stopping:
		return record.ErrStopping
	case size < 1 || size > record.MaxWorkers:
		return record.ErrPoolLimit
	case size == len(p.slots):
		return nil
	case p.resizing():
		return record.ErrResizing
	}
	if err := room.ToGrow(size - len(p.slots)); err != nil {
		return err
	}
	p.resizeAndTell(size, nil)
	return nil
}

// sizeChange is how a rotation changes the pool's size. Slots that it adds get workers of its generation
// only. Slots that it removes go when it is live, so that until then as many serve as before.
type sizeChange struct{ from, to int } // the same: none

// resizing reports whether a rotation changes the pool's size, or may have to give it back.
func (p *Pool) resizing() bool {
	return p.rotating != nil && p.rotating.size.from != p.rotating.size.to
}

// isNew reports whether the rotation has added the slot, and its generation does not serve there yet.
func (p *Pool) isNew(s *slot) bool {
	return p.resizing() && s.number >= p.rotating.size.from && s.duty == nil
}

// staying are the slots that the rotation does not remove.
func (p *Pool) staying() []*slot {
	if p.resizing() {
		return p.slots[:min(len(p.slots), p.rotating.size.to)]
	}
	return p.slots
}

// resizeAndTell changes the size because of reload r, or for a caller if r is nil.
func (p *Pool) resizeAndTell(size int, r *reload) {
	from := len(p.slots)
	p.resize(size, r)
	p.tell(record.Event{Type: record.EventPoolScaled, Workers: size, Before: from,
		Message: fmt.Sprintf("the pool has %s instead of %d", record.Plural(size, "worker", "workers"), from)})
}

// growTo notes the pool size that the new generation's plan asks for, and adds the missing slots.
func (p *Pool) growTo(size int) {
	r := p.rotating
	r.size = sizeChange{from: len(p.slots), to: size}
	if size > len(p.slots) {
		p.resizeAndTell(size, r.reload)
	}
}

// shrinkToPlan removes the slots that the new generation's plan does not have.
func (p *Pool) shrinkToPlan() {
	if r := p.rotating; r.size.to < r.size.from {
		p.want(Retire{Generation: r.before, Next: r.Generation})
		p.resizeAndTell(r.size.to, r.reload)
	}
}

// resizeBack gives the pool the size that it had before the rotation.
func (p *Pool) resizeBack() {
	r := p.rotating
	size := r.size.from
	changed := p.resizing() && len(p.slots) != size
	r.size = sizeChange{}
	if changed {
		p.resizeAndTell(size, r.reload)
	}
}

func (p *Pool) resize(size int, r *reload) {
	if size < len(p.slots) {
		p.want(Shrink{Size: size})
	}
	for len(p.slots) < size {
		p.slots = append(p.slots, &slot{number: len(p.slots)})
	}
	for len(p.slots) > size {
		last := p.slots[len(p.slots)-1]
		p.slots = p.slots[:len(p.slots)-1]
		for _, m := range []*member{last.duty, last.next} {
			if m != nil {
				m.reload = r // the reload that started it may end before it does
			}
			p.dismiss(m, r, "the pool shrinks")
		}
	}
}
