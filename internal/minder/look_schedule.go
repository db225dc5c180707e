package minder

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
)

// lookSchedule is the schedule by which a minder looks at its worker: again and again until it is ready, and
// a few times after that. A look may have to wait for the worker's processes, so it has a goroutine of its
// own. There is one look at a time.
type lookSchedule struct {
	timer    *lapse.Timer // rings when the next look is due; stopped during a look
	pause    time.Duration
	looking  bool
	again    bool            // something may have changed since the look began
	looks    chan lookResult // results of looks; buffered
	later    []time.Duration
	patience time.Duration           // how long to wait for what should be seen
	overdue  map[string]*lapse.Timer // of the listeners that the worker has registered, by name
	eager    *lapse.Timer            // rings when to offer connections even where the worker does not seem to wait
	latest   Acceptance
	evidence evidence
}

// lookResult is the result of a look, and how long the look took.
type lookResult struct {
	Acceptance
	took time.Duration
}

// When a worker is looked at: FirstLook after its start, then less and less often, but at least every LastLook.
const (
	FirstLook = 2 * time.Millisecond
	LastLook  = 250 * time.Millisecond
	lookShare = 3 // the pause after a look is at least so many times as long as the look

	// MostPatience is how long to wait for what should be seen, and may be impossible to see.
	MostPatience = 2 * time.Second
)

func newLookSchedule(timeout time.Duration) *lookSchedule {
	o := &lookSchedule{
		timer:    lapse.NewTimer(),
		eager:    lapse.NewTimer(),
		pause:    FirstLook,
		looks:    make(chan lookResult, 1),
		later:    []time.Duration{time.Second, 10 * time.Second},
		patience: min(MostPatience, timeout/2),
		overdue:  map[string]*lapse.Timer{},
	}
	o.eager.Reset(o.patience / 2)
	o.timer.Reset(FirstLook)
	return o
}

// stop stops the timers.
func (o *lookSchedule) stop() {
	o.timer.Stop()
	o.eager.Stop()
	for _, t := range o.overdue {
		t.Stop()
	}
}

// lookSoon looks now, or as soon as the present look is over.
func (w *watch) lookSoon() {
	o := w.schedule
	switch {
	case o == nil || !w.heeds(showsReadiness):
	case o.looking:
		o.again = true
	default:
		o.pause = FirstLook
		w.beginLook()
	}
}

// beginLook has another goroutine look.
func (w *watch) beginLook() {
	o := w.schedule
	o.timer.Stop()
	o.looking, o.again = true, false
	eager := w.heeds(showsReadiness) && o.eager.Rung()
	go func() {
		began := time.Now()
		s := w.Observe(w.Start.Worker, eager)
		o.looks <- lookResult{s, time.Since(began)}
	}()
}

// judge takes the result of a look.
func (w *watch) judge(s lookResult) {
	o := w.schedule
	o.looking, o.latest = false, s.Acceptance
	for i := range o.latest.Listeners {
		if a := &o.latest.Listeners[i]; a.Registered && !a.Accepting {
			o.age(a)
			o.pause = LastLook // the search for who accepts there pokes the minder
		}
	}
	w.decide()
	w.lookAgain(s.took)
}

// age notes whether the worker has registered the listener for longer than the patience lasts.
func (o *lookSchedule) age(a *ObservedListener) {
	t := o.overdue[a.Name]
	if t == nil {
		t = lapse.NewTimer()
		t.Reset(o.patience)
		o.overdue[a.Name] = t
	}
	a.overdue = t.Rung()
}

// decide declares the worker ready if that was seen, or can be assumed.
func (w *watch) decide() {
	if d := w.schedule.latest.decide(w.schedule.evidence); d.By != "" {
		w.becomeReady(d)
	}
}

// lookAgain sets the time of the next look.
func (w *watch) lookAgain(took time.Duration) {
	o := w.schedule
	switch {
	case !w.heeds(isLookedAt):
	case w.heeds(showsReadiness):
		if o.again {
			o.pause = FirstLook
		}
		o.timer.Reset(max(o.pause, min(lookShare*took, LastLook)))
		o.pause = min(2*o.pause, LastLook)
	case len(o.later) > 0:
		o.timer.Reset(o.later[0])
		o.later = o.later[1:]
	}
}

// noteClaim notes that the worker says it is ready.
func (w *watch) noteClaim(claim string) {
	w.schedule.evidence.claim = claim
	w.reconsider()
}

// noteLifetime notes that the worker has lived for as long as the patience lasts.
func (w *watch) noteLifetime() {
	w.schedule.evidence.lifetime = w.schedule.patience.String()
	w.reconsider()
}

// reconsider decides on new evidence: at once if there is nothing to see, else after the next look.
func (w *watch) reconsider() {
	if len(w.Listeners) == 0 {
		w.decide()
		return
	}
	w.lookSoon()
}

// looks is where results of looks arrive; nil, from which nothing comes, if there are no looks.
func (w *watch) looks() <-chan lookResult {
	if w.schedule == nil {
		return nil
	}
	return w.schedule.looks
}

// elsewhere says where the worker listens instead, if it does.
func (w *watch) elsewhere() string {
	if port := w.alive().OwnPort(kernel.Inodes(w.Listeners)); port != "" {
		return "; it listens on port " + port + byItself
	}
	return ""
}

// byItself describes a program that opens its own socket instead of taking the one it inherits.
const byItself = " by itself"
