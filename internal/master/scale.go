package master

import "fmt"

// MaxWorkers is the largest pool size.
const MaxWorkers = 1024

// scale adds slots at the end or takes them from there. It is refused while a rotation does the same: nobody could
// tell then which slots the rotation has to take back.
func (p *pool) scale(size int, room headroom) error {
	switch {
	case p.stopping:
		return ErrStopping
	case size < 1 || size > MaxWorkers:
		return ErrPoolLimit
	case size == len(p.slots):
		return nil
	case p.resizing():
		return ErrResizing
	}
	if err := room.toGrow(size - len(p.slots)); err != nil {
		return err
	}
	p.resizeAndTell(size, nil)
	return nil
}

// resizing reports whether a rotation changes the pool's size, or may have to give it back.
func (p *pool) resizing() bool {
	return p.rotating != nil && (p.rotating.growth != 0 || p.rotating.shrunk != 0)
}

// resizeAndTell changes the size because of reload r, or, if that is nil, of somebody's wish.
func (p *pool) resizeAndTell(size int, r *Reload) {
	from := len(p.slots)
	p.resize(size, r)
	p.tell(Event{Type: EventPoolScaled, Workers: size, Before: from,
		Message: fmt.Sprintf("the pool has %s instead of %d", plural(size, "worker", "workers"), from)})
}

// growTo is how a rotation changes the pool's size. Slots that are added get workers of its
// generation only; those that are too many go when it is live, so that until then
// as many serve as before.
func (p *pool) growTo(size int) {
	r := p.rotating
	r.growth = size - len(p.slots)
	if r.growth <= 0 {
		return
	}
	from := len(p.slots)
	p.resizeAndTell(size, r.Reload)
	for _, s := range p.slots[from:] {
		s.added = true
	}
}

// shrinkToPlan takes away the slots that the generation which is live now does not want.
func (p *pool) shrinkToPlan() {
	if r := p.rotating; r.growth < 0 {
		p.want(retire{generation: r.before, next: r.Generation})
		p.resizeAndTell(len(p.staying()), r.Reload)
		r.growth, r.shrunk = 0, -r.growth
	}
}

// shrinkBack takes away what the rotation has added.
func (p *pool) shrinkBack() {
	r := p.rotating
	added := max(r.growth, 0)
	r.growth = 0
	if added > 0 {
		p.resizeAndTell(len(p.slots)-added, r.Reload)
	}
}

func (p *pool) resize(size int, r *Reload) {
	if size < len(p.slots) {
		p.want(shrink{size: size})
	}
	for len(p.slots) < size {
		p.slots = append(p.slots, &slot{number: len(p.slots)})
	}
	for len(p.slots) > size {
		last := p.slots[len(p.slots)-1]
		p.slots = p.slots[:len(p.slots)-1]
		for _, m := range []*member{last.duty, last.next} {
			if m != nil {
				m.reload = r // what becomes of it is no affair of the reload that started it, which may end before
			}
			p.dismiss(m, r, "the pool shrinks")
		}
	}
}
