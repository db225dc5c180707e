package master

import "time"

// stableAfter is how long a worker must have been ready for its death to count as the
// first of a row. A slot whose workers died loopAfter times in a row is in a crash loop.
const (
	stableAfter = 10 * time.Second
	loopAfter   = 3
)

// How much of the past is kept.
const (
	keepReloads = 200
	keepExited  = 500
)

// pool decides everything the master does and does nothing itself: apply and obey are pure functions of the state, a
// fact or a command, and its time; what is to be done comes back as effects.
//
// Every slot wants one ready worker of the pool's generation. A fact or a command changes
// the state, then reconcile compares what is wanted with what there is: it fills empty
// slots, moves the running rotation on by one slot, completes reloads whose last older
// worker is gone and begins the next one. A crash, a scale and a reload differ only in
// what they change before that.
type pool struct {
	newID func() string

	generation     int            // serves; a crash or a scale-up starts this one
	lastGeneration int            // the newest number given out
	revisions      map[int]string // of the generations that can still be started
	terms          map[int]terms  // likewise, once prepared

	slots   []*slot
	workers map[string]*member // every worker that is not gone
	gone    []Worker           // the latest that are, oldest first

	reloads  []*Reload // oldest first
	queued   *Reload   // accepted, begins when nothing rotates
	rotating *rotation // nil when none does
	keys     []keyed   // oldest first

	stopping bool
	counting bool // a counted fact is to come
	fresh    bool // the fact being applied is one
	totals   Totals

	now     time.Time // of the fact being applied
	effects []effect  // wanted so far by that fact
}

// slot is a numbered place that should always have one ready worker.
type slot struct {
	number   int
	duty     *member  // serves, or starts because nobody does
	next     *member  // starts, to take over from duty when ready
	deaths   int      // in a row
	died     *Worker  // the latest that did; nil for none since a rotation changed the slot
	words    []string // its last lines, oldest first
	restarts int      // deaths since a rotation last changed the slot
	retrying bool     // waits for retryDue
}

// member is a worker as the pool keeps it.
type member struct {
	Worker
	reload      *Reload         // that started or drains it; nil for neither
	connections int             // open ones, as last counted while it drained, or was not ready yet
	counted     bool            // they were
	killed      bool            // because too many generations drained
	missed      bool            // they were not when it was told to stop
	withdrew    bool            // it was seen to have stopped accepting before it ended
	evicted     int             // closed for it while it drained
	peak        int             // most open ones while it drained
	held        []CutConnection // some of those that were last counted, should it drop them
}

// Totals count since the master started.
type Totals struct {
	WorkersStarted   int // or tried to
	WorkersDied      int // without having been told to leave
	ReloadsCompleted int
	ReloadsFailed    int
	ReloadsAborted   int
}

// terms are what of a generation's plan concerns the pool.
type terms struct {
	workers      int // pool size
	startTimeout time.Duration
	drainTimeout time.Duration
	strategy     Strategy
	checks       bool     // there are some that a reload has to pass
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
		return nil // nothing follows from it
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

// with calls f with the worker, unless it is gone: a late fact about it says nothing new.
func (p *pool) with(id string, f func(*member)) {
	if m, ok := p.workers[id]; ok {
		f(m)
	}
}

// reconcile brings what there is nearer to what is wanted. The order matters: a rotation may
// only count on slots that were filled before, a reload is settled by what it did, and the
// next one begins when the one before is.
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

// start makes a worker and wants it forked.
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

// dismiss tells a worker to leave, because of reload r or, if that is nil, for another reason.
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

// servedBy reports whether the slot has a ready worker of the generation.
func (s *slot) servedBy(generation int) bool {
	return s.duty != nil && s.duty.Generation == generation && s.duty.State == WorkerReady
}

// looping reports whether the slot is in a crash loop.
func (s *slot) looping(now time.Time) bool {
	stable := s.duty != nil && s.duty.stable(now)
	return s.deaths >= loopAfter && !stable
}

// stable reports whether the worker has been ready long enough to trust it.
func (m *member) stable(now time.Time) bool {
	return !m.ReadyAt.IsZero() && now.Sub(m.ReadyAt) >= stableAfter
}

func (p *pool) want(e effect) { p.effects = append(p.effects, e) }

func (p *pool) take() []effect {
	effects := p.effects
	p.effects = nil
	return effects
}
