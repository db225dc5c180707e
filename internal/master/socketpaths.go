package master

import "slices"

// What the loop does about the files of unix sockets that somebody deletes: a deploy script, or a program
// that unlinks what it was given. Without its file nobody finds a socket.

// bindings are those of every plan, each once.
func (l *loop) bindings() (list []*binding) {
	for _, p := range l.plans {
		for _, listener := range p.listeners {
			if !slices.Contains(list, listener.binding) {
				list = append(list, listener.binding)
			}
		}
	}
	return list
}

// mendFiles puts the files back, and says it.
func (l *loop) mendFiles() {
	for _, b := range l.bindings() {
		if path := b.first.path; path != nil && !b.dead {
			before := path.lost
			if said := l.mendFile(b, path); said != "" && (said != lostForNow || path.lost != before) {
				l.options.Log.Error().Str("listener", b.asked.Name).Str("path", path.path).Str("why", path.lost).Msg(said)
			}
		}
	}
}

const lostForNow = "nobody can connect to the listener any more; mend it, then reload"

// mendFile says what became of the file; "" if nothing did.
func (l *loop) mendFile(b *binding, path *socketPath) string {
	before := path.lost
	mended := path.look()
	switch {
	case mended:
		return "the file of the listening socket was deleted, and rota has put it back; find out who deletes it"
	case path.gone && l.reopen(b):
		return "the file of the listening socket was deleted; rota listens on a new one, and replaces the workers that have the old one"
	case path.lost != "":
		return lostForNow
	case before != "":
		return "the listening socket has its file again"
	}
	return ""
}

// reopen binds another socket to the path of one that has lost its file and the spare, as when the whole
// directory was deleted. Who connects waits there for the workers that inherit it: all are replaced.
func (l *loop) reopen(was *binding) bool {
	if l.pool.underWay() != nil && !l.pool.planned() { // a plan is being made with the old one
		return false
	}
	is, err := bindTo(was.asked, 1, nil)
	if err != nil {
		return false // look again later
	}
	for generation, p := range l.plans {
		for i := range p.listeners {
			if p.listeners[i].binding == was {
				l.past = append(l.past, retired{generation, p.listeners[i].endpoints()})
				p.listeners[i].binding = is
				is.users++
				l.makeStale(generation)
				was.drop()
			}
		}
	}
	return true
}

func (l *loop) makeStale(generation int) {
	for _, m := range l.minders {
		m.stale = m.stale || m.start.generation == generation
	}
}

// renewStale replaces workers that have inherited a socket which nobody can reach any more, never more
// than a reload would at a time.
func (l *loop) renewStale() {
	serving := l.plans[l.pool.servingGeneration()]
	if serving == nil || l.pool.underWay() != nil {
		return
	}
	renewable, replacing := l.pool.renewable()
	left := serving.Strategy.Surge.Of(l.pool.size()) - replacing
	for _, id := range renewable {
		if left <= 0 {
			return
		}
		if m := l.minders[id]; m != nil && m.stale && l.obey(renewWorker{worker: id}) == nil {
			left--
		}
	}
}
