// Package pool decides everything that the master does, and does nothing itself.
//
// A Pool is a pure state machine: a fact (fact.go: a process spoke, a timer rang) or a command (commands.go:
// somebody asks for a reload) and its time go in, effects (effect.go: start this worker, drain that one,
// publish) come out. A command may also be refused. Every slot wants one ready worker of the pool's
// generation: after each fact reconcile compares what is wanted with what there is, fills empty slots
// (slot.go), moves the rotation on by one batch (rotation.go, takeover.go), pauses it at its canary
// (canary.go, pause.go), takes it back when a worker or a check fails (revert.go), completes reloads whose
// last older worker is gone (progress.go) and begins the queued one (queue.go). Workers and reloads change
// their state in one function each (worker_transition.go, reload_transition.go). There is no clock, process,
// goroutine or logger here: the master has those.
package pool

import (
	"time"

	"rota/internal/record"
)

// How much of the past is kept.
const (
	keepReloads = 200
	keepExited  = 500
)

// Pool is the state of the master's workers and reloads. A crash, a scale and a reload differ only in what
// they change before reconcile runs.
type Pool struct {
	newID func() string

	generation     int            // serves; a crash or a scale-up starts this one
	lastGeneration int            // the newest number given out
	revisions      map[int]string // of the generations that can still be started
	terms          map[int]Terms  // likewise, once their plans are made

	slots   []*slot
	workers map[string]*member // every worker that is not gone
	gone    []record.Worker    // the latest that are, oldest first

	reloads  []*reload // oldest first
	queued   *reload   // accepted, begins when nothing rotates
	rotating *rotation // nil when none does
	keys     []keyed   // oldest first

	stopping bool
	counting bool // connections are being counted
	fresh    bool // they were counted just now
	totals   record.Totals

	now     time.Time // of the fact being applied
	effects []Effect  // so far, of that fact
}

// Terms are the part of a generation's plan that the pool needs.
type Terms struct {
	Workers      int // pool size
	StartTimeout time.Duration
	DrainTimeout time.Duration
	Strategy     record.Strategy
	Checks       bool            // a reload has to pass some
	Provable     bool            // its workers can be probed
	MaxDraining  int             // generations that may drain at a time; 0: any number
	Program      *record.Program // for show
}

// New makes a pool whose workers are all missing: Begin starts them.
func New(first Terms, newID func() string) *Pool {
	p := &Pool{
		newID:          newID,
		generation:     1,
		lastGeneration: 1,
		revisions:      map[int]string{},
		terms:          map[int]Terms{1: first},
		workers:        map[string]*member{},
	}
	p.resize(first.Workers, nil)
	return p
}

// Begin starts the first workers.
func (p *Pool) Begin(now time.Time) []Effect {
	p.now = now
	p.tell(record.Event{Type: record.EventMasterStarted, Message: "the master starts " + record.Plural(len(p.slots), "worker", "workers")})
	p.reconcile()
	return p.take()
}

// Apply lets one fact change the pool and returns what is to be done.
func (p *Pool) Apply(now time.Time, f Fact) []Effect {
	p.now, p.fresh = now, false
	switch f := f.(type) {
	case Prepared:
		p.onPrepared(f)
	case Checked:
		p.onChecked(f)
	case MeasuredNow:
		p.onMeasured(f)
		return nil // nothing follows from it, nor from the next
	case Addressed:
		if r := p.reload(f.Reload); r != nil {
			r.CanaryAddress = f.Canary
		}
		return nil
	case Proved:
		p.onProved(f)
	case Awake:
		p.onAwake(f)
	case Counted:
		p.onCounted(f)
	case RetryDue:
		if f.Slot < len(p.slots) {
			p.slots[f.Slot].retrying = false
		}
	case Forked:
		p.with(f.Worker, func(m *member) { p.onForked(m, f.PID) })
	case BecameReady:
		p.with(f.Worker, func(m *member) { p.onReady(m, f.How) })
	case SaidStatus:
		p.with(f.Worker, func(m *member) { m.Status = f.Text })
	case StartTimedOut:
		p.with(f.Worker, func(m *member) { p.onStartTimeout(m, f) })
	case WentSilent:
		p.with(f.Worker, func(m *member) { p.onSilent(m, f) })
	case StoppedAccepting:
		p.with(f.Worker, func(m *member) { p.onStoppedAccepting(m, f.At, f.Lived) })
	case StillAccepts:
		p.with(f.Worker, func(m *member) { p.onStillAccepts(m, f) })
	case DrainTimedOut:
		p.with(f.Worker, p.onDrainTimeout)
	case Holds:
		p.with(f.Worker, func(m *member) { m.onHolds(f) })
	case Evicted:
		p.with(f.Worker, func(m *member) { p.onEvicted(m, f.N) })
	case Exited:
		p.with(f.Worker, func(m *member) { p.onExited(m, f.Exit) })
	}
	p.reconcile()
	return p.take()
}

// with calls f with the worker. A late fact about one that is gone is ignored.
func (p *Pool) with(id string, f func(*member)) {
	if m, ok := p.workers[id]; ok {
		f(m)
	}
}

// reconcile takes the steps that lead from what there is to what is wanted. The order matters: empty slots
// are filled before the rotation moves on, a reload is settled after that, and then the next one may begin.
func (p *Pool) reconcile() {
	if p.stopping {
		p.drainReady()
		p.settle()
		p.askForCount()
		if len(p.workers) == 0 {
			p.want(Finish{})
		}
		return
	}
	p.takeOver()
	p.fill()
	p.rotate()
	p.limitDraining()
	p.settle()
	p.beginQueued()
	p.askForChecks()
	p.askForCount()
}

// fill starts a worker in every slot that has none and does not wait for its backoff.
func (p *Pool) fill() {
	for _, s := range p.slots {
		replacing := s.next != nil && s.next.Generation == p.generation
		if s.duty == nil && !s.retrying && !replacing && !p.isNew(s) {
			s.duty = p.start(s, p.generation, p.terms[p.generation].StartTimeout, nil)
		}
	}
}

// start makes a worker and has it forked.
func (p *Pool) start(s *slot, generation int, timeout time.Duration, r *reload) *member {
	m := &member{reload: r, Worker: record.Worker{
		ID:         p.newID(),
		Slot:       s.number,
		Generation: generation,
		Revision:   p.revisions[generation],
		Program:    p.terms[generation].Program,
		Restarts:   s.restarts,
	}}
	if s.died != nil && generation == s.died.Generation {
		m.Predecessor = s.died.ID
	}
	p.workers[m.ID] = m
	p.moveWorker(m, record.WorkerStarting, "")
	p.totals.WorkersStarted++
	p.want(Start{Worker: m.ID, Slot: s.number, Generation: generation, Revision: m.Revision, Timeout: timeout})
	return m
}

// dismiss tells a worker to leave, because of reload r, or for another reason if r is nil.
func (p *Pool) dismiss(m *member, r *reload, why string) {
	if m == nil || m.State == record.WorkerDraining {
		return
	}
	timeout := p.terms[p.generation].DrainTimeout
	if r != nil {
		m.reload = r
		if own, kept := p.terms[r.Generation]; kept {
			timeout = own.DrainTimeout
		}
		timeout = orOwn(r.DrainTimeout, timeout)
	}
	p.want(Drain{Worker: m.ID, Timeout: timeout})
	p.markDraining(m, why)
}

func (p *Pool) markDraining(m *member, why string) {
	m.connections.forget()
	p.moveWorker(m, record.WorkerDraining, why)
}

func (p *Pool) want(e Effect) { p.effects = append(p.effects, e) }

func (p *Pool) take() []Effect {
	effects := p.effects
	p.effects = nil
	return effects
}
