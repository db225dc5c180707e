package master

import "time"

// How much of the past is kept.
const (
	keepReloads = 200
	keepExited  = 500
)

// pool decides everything the master does and does nothing itself: apply and obey are pure functions of the
// state, a fact or a command, and its time; what is to be done comes back as effects.
//
// Every slot wants one ready worker of the pool's generation. A fact or a command changes the state, then
// reconcile compares what is wanted with what there is: it fills empty slots, moves the running rotation on
// by one slot, completes reloads whose last older worker is gone and begins the next one. A crash, a scale
// and a reload differ only in what they change before that.
type pool struct {
	newID func() string

	generation     int            // serves; a crash or a scale-up starts this one
	lastGeneration int            // the newest number given out
	revisions      map[int]string // of the generations that can still be started
	terms          map[int]terms  // likewise, once their plans are made

	slots   []*slot
	workers map[string]*member // every worker that is not gone
	gone    []Worker           // the latest that are, oldest first

	reloads  []*Reload // oldest first
	queued   *Reload   // accepted, begins when nothing rotates
	rotating *rotation // nil when none does
	keys     []keyed   // oldest first

	stopping bool
	counting bool // connections are being counted
	fresh    bool // they were counted just now
	totals   Totals

	now     time.Time // of the fact being applied
	effects []effect  // so far, of that fact
}

// Totals count since the master started.
type Totals struct {
	WorkersStarted   int // or tried to
	WorkersDied      int // without having been told to leave
	ReloadsCompleted int
	ReloadsFailed    int
	ReloadsAborted   int
}

// terms are the part of a generation's plan that the pool needs.
type terms struct {
	workers      int // pool size
	startTimeout time.Duration
	drainTimeout time.Duration
	strategy     Strategy
	checks       bool     // a reload has to pass some
	provable     bool     // its workers can be probed
	maxDraining  int      // generations that may drain at a time; 0: any number
	program      *Program // for show
}

func newPool(first terms, newID func() string) *pool {
	p := &pool{
		newID:          newID,
		generation:     1,
		lastGeneration: 1,
		revisions:      map[int]string{},
		terms:          map[int]terms{1: first},
		workers:        map[string]*member{},
	}
	p.resize(first.workers, nil)
	return p
}

// begin brings the first workers up.
func (p *pool) begin(now time.Time) []effect {
	p.now = now
	p.tell(Event{Type: EventMasterStarted, Message: "the master starts " + plural(len(p.slots), "worker", "workers")})
	p.reconcile()
	return p.take()
}

// apply lets one fact change the pool and returns what is to be done.
func (p *pool) apply(now time.Time, f fact) []effect {
	p.now, p.fresh = now, false
	switch f := f.(type) {
	case prepared:
		p.onPrepared(f)
	case checked:
		p.onChecked(f)
	case measured:
		p.onMeasured(f)
		return nil // nothing follows from it, nor from the next
	case addressed:
		if r := p.reload(f.reload); r != nil {
			r.CanaryAddress = f.canary
		}
		return nil
	case proved:
		p.onProved(f)
	case awake:
		p.onAwake(f)
	case counted:
		p.onCounted(f)
	case retryDue:
		if f.slot < len(p.slots) {
			p.slots[f.slot].retrying = false
		}
	case forked:
		p.with(f.worker, func(m *member) { p.onForked(m, f.pid) })
	case becameReady:
		p.with(f.worker, func(m *member) { p.onReady(m, f.how) })
	case saidStatus:
		p.with(f.worker, func(m *member) { m.Status = f.text })
	case startTimedOut:
		p.with(f.worker, func(m *member) { p.onStartTimeout(m, f) })
	case wentSilent:
		p.with(f.worker, func(m *member) { p.onSilent(m, f) })
	case stoppedAccepting:
		p.with(f.worker, func(m *member) { p.onStoppedAccepting(m, f.at, f.lived) })
	case stillAccepts:
		p.with(f.worker, func(m *member) { p.onStillAccepts(m, f) })
	case drainTimedOut:
		p.with(f.worker, p.onDrainTimeout)
	case holds:
		p.with(f.worker, func(m *member) {
			if m.missed = f.unknown; !m.missed {
				m.onHeld(f.n, f.some)
			}
		})
	case evicted:
		p.with(f.worker, func(m *member) { p.onEvicted(m, f.n) })
	case exited:
		p.with(f.worker, func(m *member) { p.onExited(m, f.exit) })
	}
	p.reconcile()
	return p.take()
}

// with calls f with the worker. A late fact about one that is gone is ignored.
func (p *pool) with(id string, f func(*member)) {
	if m, ok := p.workers[id]; ok {
		f(m)
	}
}

// reconcile takes the steps that lead from what there is to what is wanted. The order matters: empty slots
// are filled before the rotation moves on, a reload is settled after that, and then the next one may begin.
func (p *pool) reconcile() {
	if p.stopping {
		p.drainReady()
		p.settle()
		p.askForCount()
		if len(p.workers) == 0 {
			p.want(finish{})
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

// fill starts a worker in every slot that has none and does not wait for its back-off.
func (p *pool) fill() {
	for _, s := range p.slots {
		replacing := s.next != nil && s.next.Generation == p.generation
		if s.duty == nil && !s.retrying && !replacing && !p.isNew(s) {
			s.duty = p.start(s, p.generation, p.terms[p.generation].startTimeout, nil)
		}
	}
}

// start makes a worker and has it forked.
func (p *pool) start(s *slot, generation int, timeout time.Duration, r *Reload) *member {
	m := &member{reload: r, Worker: Worker{
		ID:         p.newID(),
		Slot:       s.number,
		Generation: generation,
		Revision:   p.revisions[generation],
		Program:    p.terms[generation].program,
		Restarts:   s.restarts,
	}}
	if s.died != nil && generation == s.died.Generation {
		m.Predecessor = s.died.ID
	}
	p.workers[m.ID] = m
	p.moveWorker(m, WorkerStarting, "")
	p.totals.WorkersStarted++
	p.want(start{worker: m.ID, slot: s.number, generation: generation, revision: m.Revision, timeout: timeout})
	return m
}

// dismiss tells a worker to leave, because of reload r, or for another reason if r is nil.
func (p *pool) dismiss(m *member, r *Reload, why string) {
	if m == nil || m.State == WorkerDraining {
		return
	}
	timeout := p.terms[p.generation].drainTimeout
	if r != nil {
		m.reload = r
		if own, kept := p.terms[r.Generation]; kept {
			timeout = own.drainTimeout
		}
		timeout = orOwn(r.DrainTimeout, timeout)
	}
	p.want(drain{worker: m.ID, timeout: timeout})
	p.markDraining(m, why)
}

func (p *pool) markDraining(m *member, why string) {
	m.connections, m.counted, m.held = 0, false, nil // what was counted before it was ready
	p.moveWorker(m, WorkerDraining, why)
}

func (p *pool) want(e effect) { p.effects = append(p.effects, e) }

func (p *pool) take() []effect {
	effects := p.effects
	p.effects = nil
	return effects
}
