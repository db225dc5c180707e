package master

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// world plays the operating system to a pool: it remembers what the pool wanted, so that a
// test can let it happen, or let it go wrong.
type world struct {
	pool      *pool
	now       time.Time
	effects   []effect // of the latest fact
	events    []Event
	preparing []int
	wakes     []wake
	checks    []check
	proofs    []prove
	dead      map[int]bool // slots whose worker has died, until another is ready
	finished  bool
	ids       int
}

func newWorld(size int) *world {
	w := &world{dead: map[int]bool{}, now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	w.pool = newPool(terms{workers: size, startTimeout: 10 * time.Second, drainTimeout: 100 * time.Second}, func() string {
		w.ids++
		return fmt.Sprintf("w%d", w.ids)
	})
	w.note(w.pool.begin(w.now))
	return w
}

// happening is a fact or a command.
type happening any

// apply lets a fact happen, or gives a command; a refusal is nothing that happens.
func (w *world) apply(h happening) {
	w.now = w.now.Add(time.Millisecond)
	switch h := h.(type) {
	case fact:
		w.note(w.pool.apply(w.now, h))
	case command:
		effects, _ := w.pool.obey(w.now, h)
		w.note(effects)
	default:
		panic(fmt.Sprintf("%T is neither a fact nor a command", h))
	}
}

// refuses is why the pool does not obey a command.
func (w *world) refuses(c command) error {
	w.now = w.now.Add(time.Millisecond)
	effects, err := w.pool.obey(w.now, c)
	w.note(effects)
	return err
}

func (w *world) note(effects []effect) {
	w.effects = effects
	for _, e := range effects {
		switch e := e.(type) {
		case prepare:
			w.preparing = append(w.preparing, e.generation)
		case wake:
			w.wakes = append(w.wakes, e)
		case check:
			w.checks = append(w.checks, e)
		case prove:
			w.proofs = append(w.proofs, e)
		case publish:
			w.events = append(w.events, e.event)
			w.mourn(e.event)
		case impossible:
			panic(fmt.Sprintf("the pool refused a transition: %+v", e))
		case finish:
			w.finished = true
		}
	}
}

// mourn keeps which slots have lost their worker. One on trial is a matter of its reload.
func (w *world) mourn(e Event) {
	switch {
	case e.Type == EventWorkerReady:
		w.dead[e.Worker.Slot] = false
	case e.Type == EventWorkerExited && e.From != string(WorkerDraining) && e.ReloadID == "":
		w.dead[e.Worker.Slot] = true
	case e.Type == EventPoolScaled: // a slot that comes back later is another
		maps.DeleteFunc(w.dead, func(slot int, _ bool) bool { return slot >= e.Workers })
	}
}

// up makes every starting worker ready.
func (w *world) up() *world {
	for _, m := range w.in(WorkerStarting) {
		w.ready(m)
	}
	return w
}

func (w *world) ready(m *member) *world {
	w.apply(forked{worker: m.ID, pid: 1000 + w.ids})
	w.apply(becameReady{worker: m.ID})
	return w
}

// with begins a reload that follows the strategy.
func (w *world) with(s Strategy) *world {
	w.ask()
	f := takePrepared(w, nil)
	f.terms.strategy = s
	w.apply(f)
	return w
}

// over brings the rotation to where every slot has changed.
func (w *world) over() *world {
	for w.next() != nil {
		w.ready(w.next())
	}
	return w
}

// current is the id of the reload that rotates, or else of the newest.
func (w *world) current() string {
	if r := w.pool.underWay(); r != nil {
		return r.ID
	}
	if len(w.pool.reloads) == 0 {
		return "none"
	}
	return w.last().ID
}

func (w *world) in(states ...WorkerState) []*member {
	var list []*member
	for _, m := range w.pool.living() {
		if slices.Contains(states, m.State) {
			list = append(list, m)
		}
	}
	return list
}

func (w *world) ask() *Reload {
	w.apply(askReload{id: fmt.Sprintf("r%d", w.pool.lastGeneration+1), request: ReloadRequest{Trigger: TriggerAPI}})
	return w.last()
}

func (w *world) last() *Reload { return w.pool.reloads[len(w.pool.reloads)-1] }

func (w *world) prepare(err error) *world {
	for len(w.preparing) > 0 {
		generation := w.preparing[0]
		w.preparing = w.preparing[1:]
		w.apply(prepared{generation: generation, terms: w.terms(), err: err})
	}
	return w
}

// terms are those of the next generation: the same as of the one that serves.
func (w *world) terms() terms { return w.pool.terms[w.pool.generation] }

// next is the worker that is about to take over a slot.
func (w *world) next() *member {
	for _, s := range w.pool.slots {
		if s.next != nil && s.next.State == WorkerStarting {
			return s.next
		}
	}
	return nil
}

// servingSlots counts the slots with a ready worker on duty.
func (w *world) servingSlots() int {
	n := 0
	for _, s := range w.pool.slots {
		if s.duty != nil && s.duty.State == WorkerReady {
			n++
		}
	}
	return n
}

// calm lets everything happen that is under way, without further accidents, until
// nothing is. It reports whether that took a bounded number of steps.
func (w *world) calm() bool {
	for range 10_000 {
		switch {
		case w.finished:
			return true
		case len(w.preparing) > 0:
			w.prepare(nil)
		case len(w.in(WorkerStarting)) > 0:
			w.ready(w.in(WorkerStarting)[0])
		case len(w.in(WorkerDraining)) > 0:
			w.apply(exited{worker: w.in(WorkerDraining)[0].ID})
		case w.retrying() >= 0:
			w.apply(retryDue{slot: w.retrying()})
		case len(w.checks) > 0 && w.checkRuns():
			w.check(Result{OK: true})
		case len(w.proofs) > 0:
			w.apply(takeProof(w))
		case w.waits():
			w.wake()
		default:
			return true
		}
	}
	return false
}

// checkRuns forgets the rounds that nobody waits for any more.
func (w *world) checkRuns() bool {
	r := w.pool.rotating
	w.checks = slices.DeleteFunc(w.checks, func(c check) bool { return r == nil || r.ID != c.reload || c.back != (r.State == ReloadReverting) })
	return len(w.checks) > 0
}

// check answers the round of checks that was begun first.
func (w *world) check(result Result) {
	c := w.checks[0]
	w.checks = w.checks[1:]
	w.apply(checked{reload: c.reload, batches: c.batches, back: c.back, result: result})
}

// waits reports whether the rotation waits for the time, or for somebody to say go on.
func (w *world) waits() bool { return w.pool.rotating != nil }

// wake ends the waiting: all clocks but that of the checks ring, and nobody wants a pause.
func (w *world) wake() {
	r := w.pool.rotating
	wakes := w.wakes
	w.wakes = nil
	for _, e := range wakes {
		if e.why != checkDue {
			w.apply(awake{reload: e.reload, why: e.why, count: e.count})
		}
	}
	if r == w.pool.rotating {
		w.apply(controlReload{reload: r.ID, verb: VerbResume})
		w.apply(controlReload{reload: r.ID, verb: VerbPromote})
	}
}

func (w *world) retrying() int {
	return slices.IndexFunc(w.pool.slots, func(s *slot) bool { return s.retrying })
}

// String shows the slots, the workers that drain and the reloads, in one line.
func (w *world) String() string {
	var parts []string
	for _, s := range w.pool.slots {
		parts = append(parts, show(s, w.changed(s)))
	}
	for _, m := range w.in(WorkerDraining) {
		parts = append(parts, fmt.Sprintf("%s g%d draining", m.ID, m.Generation))
	}
	for _, r := range w.pool.reloads {
		c := w.pool.copyOf(r)
		parts = append(parts, showReload(&c))
	}
	return strings.Join(parts, ", ")
}

func showReload(r *Reload) string {
	text := r.ID + " " + string(r.State)
	if r.OnTrial && r.State == ReloadLive {
		text += " on trial"
	}
	if r.State == ReloadCompleted && r.Failure != nil {
		text += " " + string(r.Failure.Code)
	}
	if r.State == ReloadRolling && !r.CanaryAt.IsZero() {
		text += " canary reached"
	}
	if r.State == ReloadRolling && !r.PromotedAt.IsZero() {
		text += " promoted"
	}
	if r.Paused != nil {
		text += " paused:" + string(r.Paused.Why)
	}
	return text
}

// changed reports whether the rotation has changed the slot, or has to take it back.
func (w *world) changed(s *slot) bool { return w.pool.rotating != nil && w.pool.rotating.changed[s] }

func show(s *slot, changed bool) string {
	text := itoa(s.number) + ":"
	if s.duty == nil {
		text += "empty"
	} else {
		text += fmt.Sprintf("%s g%d %s", s.duty.ID, s.duty.Generation, s.duty.State)
	}
	if s.next != nil {
		text += fmt.Sprintf(" <- %s g%d %s", s.next.ID, s.next.Generation, s.next.State)
	}
	if changed {
		text += " changed"
	}
	switch {
	case s.retrying:
		text += fmt.Sprintf(" waiting(deaths %d)", s.deaths)
	case s.deaths > 0:
		text += fmt.Sprintf(" (deaths %d)", s.deaths)
	}
	return text
}

// did tells the effects of the latest fact.
func (w *world) did() string {
	var list []string
	for _, e := range w.effects {
		list = append(list, tellEffect(e))
	}
	return strings.Join(list, ", ")
}

func tellEffect(e effect) string {
	switch e := e.(type) {
	case prepare:
		return fmt.Sprintf("prepare g%d", e.generation)
	case release:
		return fmt.Sprintf("release g%d", e.generation)
	case start:
		return fmt.Sprintf("start %s g%d slot%d %gs", e.worker, e.generation, e.slot, e.timeout.Seconds())
	case admit:
		return "admit " + e.worker
	case bury:
		return "bury " + e.worker
	case drain:
		return fmt.Sprintf("drain %s %gs", e.worker, e.timeout.Seconds())
	case abort:
		return "abort " + e.worker
	case shrink:
		return fmt.Sprintf("shrink to %d", e.size)
	case retire:
		return fmt.Sprintf("retire g%d for g%d", e.generation, e.next)
	case serve:
		return fmt.Sprintf("serve g%d", e.generation)
	case kill:
		return "kill " + e.worker
	case restore:
		return fmt.Sprintf("restore g%d", e.generation)
	case check:
		return fmt.Sprintf("check %s after batch %d live %t commands %t", e.reload, e.batches, e.live, e.commands)
	case prove:
		return "prove " + e.reload
	case wake:
		return fmt.Sprintf("wake for %s in %s", []string{"canary", "pause", "soak", "check"}[e.why], e.after)
	case retry:
		return fmt.Sprintf("retry slot%d after %d", e.slot, e.deaths)
	case publish:
		return tellEvent(e.event)
	}
	_, name, _ := strings.Cut(fmt.Sprintf("%T", e), ".") // the others have nothing to tell
	return name
}

// tellEvent is the type of the event and whom it is about.
func tellEvent(e Event) string {
	text := string(e.Type)
	if e.Worker != nil {
		text += " " + e.Worker.ID
	}
	if e.ReloadID != "" {
		text += " " + e.ReloadID
	}
	if e.Workers != 0 {
		text += fmt.Sprintf(" %d to %d", e.Before, e.Workers)
	}
	return text
}

var lastID atomic.Int64

// freshID is an id that no other reload of a test has.
func freshID() string { return fmt.Sprintf("r%d", 1000+lastID.Add(1)) }

var errNotThere = errors.New("no such file or directory")

// takeProof ends the search for a proof that was begun first.
func takeProof(w *world) fact {
	e := w.proofs[0]
	w.proofs = w.proofs[1:]
	return proved(e)
}
