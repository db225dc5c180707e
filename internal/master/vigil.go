package master

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
)

// vigil is when a minder has its worker looked at: again and again until it is ready, and a few times more then. A look
// takes as long as the worker's processes like, so it has a goroutine of its own; there is one at a time.
type vigil struct {
	timer    *lapse.Timer // rings when the next look is due; stopped while one is under way
	pause    time.Duration
	under    bool      // one is under way
	again    bool      // something may have changed since it began
	sights   chan seen // what a look has shown; buffered
	later    []time.Duration
	patience time.Duration           // how long it is waited for what should be seen
	overdue  map[string]*lapse.Timer // of the listeners that the worker has registered, by name
	eager    *lapse.Timer            // runs out when connections are to be offered where the worker does not seem to wait
	latest   sight
	evidence evidence
}

// seen is a sight, and how long the look has taken.
type seen struct {
	sight
	took time.Duration
}

const (
	firstLook = 2 * time.Millisecond
	lastLook  = 250 * time.Millisecond
	lookShare = 3 // a look may take so much less time than the pause before the next

	// mostPatience is how long it is waited for what should be seen, and may be impossible to see.
	mostPatience = 2 * time.Second
)

func newVigil(timeout time.Duration) *vigil {
	o := &vigil{
		timer:    lapse.NewTimer(),
		eager:    lapse.NewTimer(),
		pause:    firstLook,
		sights:   make(chan seen, 1),
		later:    []time.Duration{time.Second, 10 * time.Second},
		patience: min(mostPatience, timeout/2),
		overdue:  map[string]*lapse.Timer{},
	}
	o.eager.Reset(o.patience / 2)
	o.timer.Reset(firstLook)
	return o
}

// stop stops the timers.
func (o *vigil) stop() {
	o.timer.Stop()
	o.eager.Stop()
	for _, t := range o.overdue {
		t.Stop()
	}
}

// lookSoon looks as soon as that makes sense.
func (w *watch) lookSoon() {
	o := w.vigil
	switch {
	case o == nil || !w.heeds(showsReadiness):
	case o.under:
		o.again = true
	default:
		o.pause = firstLook
		w.beginLook()
	}
}

// beginLook has another goroutine do it.
func (w *watch) beginLook() {
	o := w.vigil
	o.timer.Stop()
	o.under, o.again = true, false
	eager := w.heeds(showsReadiness) && o.eager.Rung()
	go func() {
		began := time.Now()
		s := w.see(w.start.worker, eager)
		o.sights <- seen{s, time.Since(began)}
	}()
}

// judge is told of what a look has shown.
func (w *watch) judge(s seen) {
	o := w.vigil
	o.under, o.latest = false, s.sight
	for i := range o.latest.listeners {
		if a := &o.latest.listeners[i]; a.registered && !a.accepting {
			o.age(a)
			o.pause = lastLook // whoever searches there tells of it
		}
	}
	w.decide()
	w.lookAgain(s.took)
}

// age finds out whether the listener has been registered for long.
func (o *vigil) age(a *attended) {
	t := o.overdue[a.name]
	if t == nil {
		t = lapse.NewTimer()
		t.Reset(o.patience)
		o.overdue[a.name] = t
	}
	a.overdue = t.Rung()
}

// decide takes the worker to be ready if that is shown, or can be assumed.
func (w *watch) decide() {
	if d := w.vigil.latest.decide(w.vigil.evidence); d.By != "" {
		w.becomeReady(d)
	}
}

// lookAgain sets the time of the next look.
func (w *watch) lookAgain(took time.Duration) {
	o := w.vigil
	switch {
	case !w.heeds(isLookedAt):
	case w.heeds(showsReadiness):
		if o.again {
			o.pause = firstLook
		}
		o.timer.Reset(max(o.pause, min(lookShare*took, lastLook)))
		o.pause = min(2*o.pause, lastLook)
	case len(o.later) > 0:
		o.timer.Reset(o.later[0])
		o.later = o.later[1:]
	}
}

// hearOut is told that the worker has said it is ready.
func (w *watch) hearOut(said string) {
	w.vigil.evidence.said = said
	w.reconsider()
}

// liveLong is told that the worker has lived for a while.
func (w *watch) liveLong() {
	w.vigil.evidence.lived = w.vigil.patience.String()
	w.reconsider()
}

// reconsider decides with what is known newly: at once if there is nothing to see, else with the next look.
func (w *watch) reconsider() {
	if len(w.listeners) == 0 {
		w.decide()
		return
	}
	w.lookSoon()
}

// sights is what a look has shown, or nil, from which nothing comes, if there are no looks.
func (w *watch) sights() <-chan seen {
	if w.vigil == nil {
		return nil
	}
	return w.vigil.sights
}

// elsewhere says where the worker listens instead, if it does.
func (w *watch) elsewhere() string {
	if port := w.alive().OwnPort(kernel.Inodes(w.listeners)); port != "" {
		return "; it listens on port " + port + ByItself
	}
	return ""
}

// ByItself is said of a program that does not take the sockets that it is given.
const ByItself = " by itself"
