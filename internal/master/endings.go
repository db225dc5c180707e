package master

import (
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/minder"
	"rota/internal/record"
)

// How the loop learns how connections end. As long as somebody drains, or a reload starts somebody, the kernel is asked to tell
// of each connection that ends, for which nobody needs a right. Where it does not, what is left of them is looked for.

// endings are those that the kernel tells of, at present.
type endings struct {
	watch     *kernel.Endings // nil if it does not
	ports     []uint16        // that it tells of
	refused   bool            // it never will
	strangers []losses.Ended  // the latest of whom no look has shown, oldest first
}

// mostStrangers is more than end between two looks, but for very many.
const mostStrangers = 4096

// followEndings begins to take note of how the connections of a worker end.
func (l *loop) followEndings(m *supervised) {
	l.countPause = countFirst
	if l.fate == nil {
		return
	}
	l.listenToEndings()
	m.ending = losses.NewEnding(l.endings.watch != nil)
}

// listenToEndings has the kernel tell of the ports that workers may have connections at.
func (l *loop) listenToEndings() {
	endpoints := l.endpoints()
	ports := portsOf(endpoints)
	if l.endings.refused || len(ports) == 0 || l.endings.watch != nil && slices.Equal(ports, l.endings.ports) {
		return
	}
	l.stopListening()
	watch, err := kernel.WatchEndings(endpoints)
	if err != nil {
		l.options.Log.Debug().Err(err).Msg("the kernel does not tell how connections end")
		l.endings.refused = true
		return
	}
	l.endings.watch, l.endings.ports = watch, ports
	l.background.Go(func() { l.observer.hearEndings(watch) })
}

func portsOf(endpoints []kernel.Listener) []uint16 {
	var ports []uint16
	for _, e := range endpoints {
		if e.Addr.IsValid() {
			ports = append(ports, e.Addr.Port())
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// stopListening leaves it to looks what becomes of the workers that are followed.
func (l *loop) stopListening() {
	if l.endings.watch == nil {
		return
	}
	l.endings.watch.Close()
	l.endings.watch, l.endings.strangers = nil, nil
	l.distrustEndings()
}

// leaveEndings is for a worker that is ready: should it die, that is a loss by itself.
func (l *loop) leaveEndings(m *supervised) {
	m.ending = nil
	l.restEndings()
}

// restEndings ends it when nobody is followed any more.
func (l *loop) restEndings() {
	for _, m := range l.minders {
		if m.ending != nil {
			return
		}
	}
	l.stopListening()
}

// distrustEndings is for when some were not told.
func (l *loop) distrustEndings() {
	for _, m := range l.minders {
		if m.ending != nil {
			m.ending.Told = false
		}
	}
}

// hearEndings runs until the watch is closed.
func (o *observer) hearEndings(watch *kernel.Endings) {
	heard := make(chan []kernel.Ending, mostStrangers)
	o.background.Go(func() { o.takeEndings(heard) })
	defer close(heard)
	for {
		list, lost, more := watch.Next()
		if lost {
			o.lostEndings(watch)
		}
		if !more {
			return
		}
		heard <- list
	}
}

// takeEndings takes as many at a time as there are: each time costs the loop something.
func (o *observer) takeEndings(heard <-chan []kernel.Ending) {
	for list := range heard {
		for more := true; more; {
			select {
			case next := <-heard:
				list = append(list, next...)
				more = next != nil
			default:
				more = false
			}
		}
		if len(list) > 0 {
			o.noteEndings(list)
		}
	}
}

// noteEndings finds out at once what can't be found out later: whether the worker lives on, and who closed the connection first.
func (o *observer) noteEndings(list []kernel.Ending) {
	roots, waits := o.holdersOf(list)
	lives := map[string]bool{}
	for id, root := range roots {
		first := kernel.Family{root.First()}
		lives[id] = root.PID != 0 && !first.Ended()
	}
	var leaving map[uint64]kernel.Leaving
	if endpoints, err := o.sockets(); waits && err == nil {
		leaving, _ = kernel.Leavings(endpoints)
	}
	o.ended(list, time.Now(), leaving, lives)
}

// holderOf is the worker that is followed and that a look has shown to have the connection; "" for none.
func (l *loop) holderOf(cookie uint64) string {
	for id, m := range l.minders {
		if m.ending != nil {
			if _, seen := m.ending.Known[cookie]; seen {
				return id
			}
		}
	}
	return ""
}

func (l *loop) noteEnding(end losses.Ended, lives map[string]bool) {
	if id := l.holderOf(end.Cookie); id != "" {
		end.Early = lives[id]
		l.minders[id].ending.Note(end)
		return
	}
	if l.observer.own.Has(end.Remote) {
		return
	}
	if len(l.endings.strangers) >= mostStrangers {
		l.endings.strangers = slices.Delete(l.endings.strangers, 0, mostStrangers/2)
	}
	l.endings.strangers = append(l.endings.strangers, end)
}

// noteLook adds what was seen of workers that are followed. Some connections may have ended meanwhile.
func (l *loop) noteLook(seen losses.Look) {
	vanished := map[*losses.Ending][]listen.Connection{}
	for id, list := range seen.Held {
		m := l.minders[id]
		if m == nil || m.ending == nil {
			continue
		}
		if gone := m.ending.Take(seen, list); len(gone) > 0 {
			vanished[m.ending] = gone
		}
		l.endings.strangers = slices.DeleteFunc(l.endings.strangers, m.ending.Note)
	}
	if len(vanished) > 0 {
		l.lookForTraces(vanished)
	}
}

// lookForAccepting finds out which of the workers that are not ready yet, and have no connections either, may accept some.
func (o *observer) lookForAccepting() {
	for worker, family := range o.startingUnseen() {
		if minder.MayAccept(family, worker.Listeners) {
			o.acceptsEarly(worker)
		}
	}
}

// lookForTraces counts those that may have been reset. It takes a while, so it has a goroutine of its own.
func (l *loop) lookForTraces(vanished map[*losses.Ending][]listen.Connection) {
	endpoints := l.endpoints()
	l.background.Go(func() {
		leaving, err := kernel.Leavings(endpoints)
		if err != nil {
			return
		}
		l.mailbox.vanished(vanished, leaving)
	})
}

// fateOf finds out what became of the connections of a worker that has ended. It is nil if nobody has taken note of them.
func (o *observer) fateOf(worker string, d minder.Death) *record.Fate {
	began := time.Now()
	for {
		var s losses.Remains
		endpoints, err := o.sockets()
		if err != nil {
			return nil
		}
		s.Leaving, _ = kernel.Leavings(endpoints)
		s.Resets, _ = kernel.Resets()
		if f, settled := o.settleFate(worker, d, s, time.Since(began)); settled {
			return f
		}
		o.pause(settlePause)
	}
}

// How long the kernel may take to tell of connections that were seen, and of those that may have been, and how often that is
// looked at.
const (
	settleWithin = 100 * time.Millisecond
	settleUnseen = 10 * time.Millisecond
	settlePause  = 2 * time.Millisecond
)

func (l *loop) settleFate(worker string, d minder.Death, s losses.Remains, waited time.Duration) (f *record.Fate, settled bool) {
	m := l.minders[worker]
	if m == nil || m.ending == nil {
		return nil, true
	}
	e := m.ending
	early := e.Unaccounted(s.Leaving) && waited < settleWithin || e.Sudden(d) && waited < settleUnseen
	if e.Told && early {
		return nil, false
	}
	for cookie := range m.evicted {
		d.Cut[cookie] = true // as is who was cut, they are counted already
	}
	s.Peers = map[string]bool{}
	for _, c := range s.Leaving {
		s.Peers[c.Remote] = true
	}
	s.Strangers = l.strangersTo(e, s.Leaving)
	if w, alive := l.pool.Alive(worker); alive {
		d.StoppedAccepting, d.NeverReady = l.pool.Withdrew(worker), w.ReadyAt.IsZero()
	}
	fate := e.Fate(d, s)
	return &fate, true
}

// strangersTo are the connections that no look has shown, and that may have been the worker's. Some say goodbye still.
func (l *loop) strangersTo(e *losses.Ending, leaving map[uint64]kernel.Leaving) (list []losses.Ended) {
	for _, end := range l.endings.strangers {
		if e.MayBeUnseen(end.At) {
			list = append(list, end)
		}
	}
	for cookie, c := range leaving {
		if !c.Over && l.holderOf(cookie) == "" && !l.observer.own.Has(c.Remote) {
			list = append(list, losses.Ended{Ending: c.Ending})
		}
	}
	return list
}
