package master

import (
	"slices"

	"rota/internal/listen"
	"rota/internal/pool"
)

// What the loop does about the files of unix sockets that somebody deletes: a deploy script, or a program
// that unlinks what it was given. Without its file nobody finds a socket.

// bindings are those of every plan, each once.
func (l *loop) bindings() (list []*listen.Binding) {
	for _, p := range l.plans {
		for _, listener := range p.Listeners {
			if !slices.Contains(list, listener.Binding) {
				list = append(list, listener.Binding)
			}
		}
	}
	return list
}

// mendFiles puts the files back, and says it.
func (l *loop) mendFiles() {
	for _, b := range l.bindings() {
		if path := b.First.Path; path != nil && !b.Dead {
			before := path.Lost
			if said := l.mendFile(b, path); said != "" && (said != lostForNow || path.Lost != before) {
				l.options.Log.Error().Str("listener", b.Asked.Name).Str("path", path.Path).Str("why", path.Lost).Msg(said)
			}
		}
	}
}

const lostForNow = "nobody can connect to the listener any more; mend it, then reload"

// mendFile says what became of the file; "" if nothing did.
func (l *loop) mendFile(b *listen.Binding, path *listen.SocketPath) string {
	before := path.Lost
	mended := path.Look()
	switch {
	case mended:
		return "the file of the listening socket was deleted, and rota has put it back; find out who deletes it"
	case path.Gone && l.reopen(b):
		return "the file of the listening socket was deleted; rota listens on a new one, and replaces the workers that have the old one"
	case path.Lost != "":
		return lostForNow
	case before != "":
		return "the listening socket has its file again"
	}
	return ""
}

// reopen binds another socket to the path of one that has lost its file and the spare, as when the whole
// directory was deleted. Who connects waits there for the workers that inherit it: all are replaced.
func (l *loop) reopen(was *listen.Binding) bool {
	if l.pool.UnderWay() != nil && !l.pool.Planned() { // a plan is being made with the old one
		return false
	}
	is, err := listen.BindTo(was.Asked, 1, nil)
	if err != nil {
		return false // look again later
	}
	for generation, p := range l.plans {
		for i := range p.Listeners {
			if p.Listeners[i].Binding == was {
				l.past = append(l.past, retired{generation, p.Listeners[i].Endpoints()})
				p.Listeners[i].Binding = is
				is.Users++
				l.makeStale(generation)
				was.Drop()
			}
		}
	}
	return true
}

func (l *loop) makeStale(generation int) {
	for _, m := range l.minders {
		m.stale = m.stale || m.Start.Generation == generation
	}
}

// renewStale replaces workers that have inherited a socket which nobody can reach any more, never more
// than a reload would at a time.
func (l *loop) renewStale() {
	serving := l.plans[l.pool.ServingGeneration()]
	if serving == nil || l.pool.UnderWay() != nil {
		return
	}
	renewable, replacing := l.pool.Renewable()
	left := serving.Strategy.Surge.Of(l.pool.Size()) - replacing
	for _, id := range renewable {
		if left <= 0 {
			return
		}
		if m := l.minders[id]; m != nil && m.stale && l.obey(pool.RenewWorker{Worker: id}) == nil {
			left--
		}
	}
}
