package pool

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rota/internal/record"
)

// world plays the operating system to a pool: it remembers what the pool wanted, so that a
// test can let it happen, or let it go wrong.
type world struct {
	pool      *Pool
	now       time.Time
	effects   []Effect // of the latest fact
	events    []record.Event
	preparing []int
	wakes     []Wake
	checks    []RunChecks
	proofs    []Prove
	dead      map[int]bool // slots whose worker has died, until another is ready
	finished  bool
	ids       int
}

func newWorld(size int) *world {
	w := &world{dead: map[int]bool{}, now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	w.pool = New(Terms{Workers: size, StartTimeout: 10 * time.Second, DrainTimeout: 100 * time.Second}, func() string {
		w.ids++
		return fmt.Sprintf("w%d", w.ids)
	})
	w.note(w.pool.Begin(w.now))
	return w
}

// happening is a fact or a command.
type happening any

// apply lets a fact happen, or gives a command; a refusal is nothing that happens.
func (w *world) apply(h happening) {
	w.now = w.now.Add(time.Millisecond)
	switch h := h.(type) {
	case Fact:
		w.note(w.pool.Apply(w.now, h))
	case Command:
		effects, _ := w.pool.Obey(w.now, h)
		w.note(effects)
	default:
		panic(fmt.Sprintf("%T is neither a fact nor a command", h))
	}
}

// refuses is why the pool does not obey a command.
func (w *world) refuses(c Command) error {
	w.now = w.now.Add(time.Millisecond)
	effects, err := w.pool.Obey(w.now, c)
	w.note(effects)
	return err
}

func (w *world) note(effects []Effect) {
	w.effects = effects
	for _, e := range effects {
		switch e := e.(type) {
		case Prepare:
			w.preparing = append(w.preparing, e.Generation)
		case Wake:
			w.wakes = append(w.wakes, e)
		case RunChecks:
			w.checks = append(w.checks, e)
		case Prove:
			w.proofs = append(w.proofs, e)
		case Publish:
			w.events = append(w.events, e.Event)
			w.mourn(e.Event)
		case Impossible:
			panic(fmt.Sprintf("the pool refused a transition: %+v", e))
		case Finish:
			w.finished = true
		}
	}
}

// mourn keeps which slots have lost their worker. One on trial is a matter of its reload.
func (w *world) mourn(e record.Event) {
	switch {
	case e.Type == record.EventWorkerReady:
		w.dead[e.Worker.Slot] = false
	case e.Type == record.EventWorkerExited && e.From != string(record.WorkerDraining) && e.ReloadID == "":
		w.dead[e.Worker.Slot] = true
	case e.Type == record.EventPoolScaled: // a slot that comes back later is another
		maps.DeleteFunc(w.dead, func(slot int, _ bool) bool { return slot >= e.Workers })
	}
}

// up makes every starting worker ready.
func (w *world) up() *world {
	for _, m := range w.in(record.WorkerStarting) {
		w.ready(m)
	}
	return w
}

func (w *world) ready(m *member) *world {
	w.apply(Forked{Worker: m.ID, PID: 1000 + w.ids})
	w.apply(BecameReady{Worker: m.ID})
	return w
}

// with begins a reload that follows the strategy.
func (w *world) with(s record.Strategy) *world {
	w.ask()
	f := takePrepared(w, nil)
	f.Terms.Strategy = s
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
	if r := w.pool.UnderWay(); r != nil {
		return r.ID
	}
	if len(w.pool.reloads) == 0 {
		return "none"
	}
	return w.last().ID
}

func (w *world) in(states ...record.WorkerState) []*member {
	var list []*member
	for _, m := range w.pool.living() {
		if slices.Contains(states, m.State) {
			list = append(list, m)
		}
	}
	return list
}

func (w *world) ask() *reload {
	w.apply(AskReload{ID: fmt.Sprintf("r%d", w.pool.lastGeneration+1), Request: record.ReloadRequest{Trigger: record.TriggerAPI}})
	return w.last()
}

func (w *world) last() *reload { return w.pool.reloads[len(w.pool.reloads)-1] }

func (w *world) prepare(err error) *world {
	for len(w.preparing) > 0 {
		generation := w.preparing[0]
		w.preparing = w.preparing[1:]
		w.apply(Prepared{Generation: generation, Terms: w.terms(), Err: err})
	}
	return w
}

// terms are those of the next generation: the same as of the one that serves.
func (w *world) terms() Terms { return w.pool.terms[w.pool.generation] }

// next is the worker that is about to take over a slot.
func (w *world) next() *member {
	for _, s := range w.pool.slots {
		if s.next != nil && s.next.State == record.WorkerStarting {
			return s.next
		}
	}
	return nil
}

// servingSlots counts the slots with a ready worker on duty.
func (w *world) servingSlots() int {
	n := 0
	for _, s := range w.pool.slots {
		if s.duty != nil && s.duty.State == record.WorkerReady {
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
		case len(w.in(record.WorkerStarting)) > 0:
			w.ready(w.in(record.WorkerStarting)[0])
		case len(w.in(record.WorkerDraining)) > 0:
			w.apply(Exited{Worker: w.in(record.WorkerDraining)[0].ID})
		case w.retrying() >= 0:
			w.apply(RetryDue{Slot: w.retrying()})
		case len(w.checks) > 0 && w.checkRuns():
			w.check(record.Result{OK: true})
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
	w.checks = slices.DeleteFunc(w.checks, func(c RunChecks) bool {
		return r == nil || r.ID != c.Reload || c.Back != (r.State == record.ReloadReverting)
	})
	return len(w.checks) > 0
}

// check answers the round of checks that was begun first.
func (w *world) check(result record.Result) {
	c := w.checks[0]
	w.checks = w.checks[1:]
	w.apply(Checked{Reload: c.Reload, Batches: c.Batches, Back: c.Back, Result: result})
}

// waits reports whether the rotation waits for the time, or for somebody to say go on.
func (w *world) waits() bool { return w.pool.rotating != nil }

// wake ends the waiting: all clocks but that of the checks ring, and nobody wants a pause.
func (w *world) wake() {
	r := w.pool.rotating
	wakes := w.wakes
	w.wakes = nil
	for _, e := range wakes {
		if e.Why != checkDue {
			w.apply(Awake{Reload: e.Reload, Why: e.Why, Count: e.Count})
		}
	}
	if r == w.pool.rotating {
		w.apply(ControlReload{Reload: r.ID, Verb: record.VerbResume})
		w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
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
	for _, m := range w.in(record.WorkerDraining) {
		parts = append(parts, fmt.Sprintf("%s g%d draining", m.ID, m.Generation))
	}
	for _, r := range w.pool.reloads {
		c := w.pool.copyOf(r)
		parts = append(parts, showReload(&c))
	}
	return strings.Join(parts, ", ")
}

func showReload(r *record.Reload) string {
	text := r.ID + " " + string(r.State)
	if r.OnTrial && r.State == record.ReloadLive {
		text += " on trial"
	}
	if r.State == record.ReloadCompleted && r.Failure != nil {
		text += " " + string(r.Failure.Code)
	}
	if r.State == record.ReloadRolling && !r.CanaryAt.IsZero() {
		text += " canary reached"
	}
	if r.State == record.ReloadRolling && !r.PromotedAt.IsZero() {
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

func tellEffect(e Effect) string {
	switch e := e.(type) {
	case Prepare:
		return fmt.Sprintf("prepare g%d", e.Generation)
	case Release:
		return fmt.Sprintf("release g%d", e.Generation)
	case Start:
		return fmt.Sprintf("start %s g%d slot%d %gs", e.Worker, e.Generation, e.Slot, e.Timeout.Seconds())
	case Admit:
		return "admit " + e.Worker
	case Bury:
		return "bury " + e.Worker
	case Drain:
		return fmt.Sprintf("drain %s %gs", e.Worker, e.Timeout.Seconds())
	case Abort:
		return "abort " + e.Worker
	case Shrink:
		return fmt.Sprintf("shrink to %d", e.Size)
	case Retire:
		return fmt.Sprintf("retire g%d for g%d", e.Generation, e.Next)
	case Serve:
		return fmt.Sprintf("serve g%d", e.Generation)
	case Kill:
		return "kill " + e.Worker
	case Restore:
		return fmt.Sprintf("restore g%d", e.Generation)
	case RunChecks:
		return fmt.Sprintf("check %s after batch %d live %t commands %t", e.Reload, e.Batches, e.Live, e.Commands)
	case Prove:
		return "prove " + e.Reload
	case Wake:
		return fmt.Sprintf("wake for %s in %s", []string{"canary", "pause", "soak", "check"}[e.Why], e.After)
	case Retry:
		return fmt.Sprintf("retry slot%d after %d", e.Slot, e.Deaths)
	case Publish:
		return tellEvent(e.Event)
	}
	_, name, _ := strings.Cut(fmt.Sprintf("%T", e), ".") // the others have nothing to tell
	return strings.ToLower(name[:1]) + name[1:]
}

// tellEvent is the type of the event and whom it is about.
func tellEvent(e record.Event) string {
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
func takeProof(w *world) Fact {
	e := w.proofs[0]
	w.proofs = w.proofs[1:]
	return Proved(e)
}
