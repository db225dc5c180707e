package master

import (
	"net"
	"slices"
	"sync"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
)

// loop is what the master's one goroutine owns: the pool, the plans, the events, the minders
// and whoever waits. Nothing here blocks; what could is done in goroutines that post a fact.
type loop struct {
	options    *Options
	mailbox    *mailbox // for the goroutines that it starts
	observer   *observer
	planner    *planner
	shell      *shell
	background *sync.WaitGroup
	watchSoon  chan struct{} // buffered: there is something new to look after

	launch   func(launchSpec) (process, error)
	search   func(*binding, ListenAddress)
	openDoor func() (*net.TCPListener, error)   // where a canary is asked
	fate     func(worker string, d death) *Fate // of a worker that has ended; nil: nobody takes note

	pool      *pool
	events    eventLog
	minders   map[string]*supervised
	plans     map[int]*plan          // by generation
	records   map[int]*serviceRecord // likewise
	past      []retired
	lingering []*binding        // sockets that no plan has any more
	missing   []string          // as Status has it
	closed    bool              // the sockets are given up
	wasAt     []ListenAddress   // and were here
	gone      []kernel.Listener // those that nobody else listens on then
	waiters   []waiter

	journals []pastJournal // oldest first

	trials    map[string]*trial // by reload
	searches  map[*binding]bool // that are under way
	nextCount time.Time         // not before

	countPause time.Duration     // until the next, as far as counting costs nothing
	retryAt    map[int]time.Time // by slot: when its latest back-off is over
	surveys    surveys
	endings    endings
	finished   bool
}

// waiter waits for a reload to come as far as it says.
type waiter struct {
	id     string
	over   func(*Reload) bool
	answer chan Reload // buffered
}

func (l *loop) run() {
	for _, e := range l.pool.begin(time.Now()) {
		l.do(e)
	}
	for !l.finished {
		select {
		case ask := <-l.mailbox.asks:
			ask(l)
		case c := <-l.mailbox.commands:
			l.handle(c.measured...)
			_ = l.obey(c.command) // nobody waits for the answer
		case facts := <-l.mailbox.facts:
			l.handle(facts...)
		}
	}
	for generation := range l.plans {
		l.release(generation)
	}
	for id, t := range l.trials {
		l.endTrial(id, t)
	}
	l.stopListening()
	l.events.close()
}

// handle has the pool take in facts, one after the other, and does what follows from each.
func (l *loop) handle(facts ...fact) {
	for _, f := range facts {
		l.carryOut(l.pool.apply(time.Now(), f))
	}
}

// obey has the pool decide on a command, and does what follows from it. Errors: the pool's refusal.
func (l *loop) obey(c command) error {
	effects, err := l.pool.obey(time.Now(), c)
	if err != nil {
		return err
	}
	l.carryOut(effects)
	return nil
}

func (l *loop) carryOut(effects []effect) {
	l.attend()
	for _, e := range effects {
		l.do(e)
	}
	l.answerWaiters()
}

func (l *loop) do(e effect) {
	switch e := e.(type) {
	case publish:
		l.addCanary(e.event.Reload)
		logEvent(l.options.Log, l.events.publish(e.event))
	case prepare:
		l.prepare(e.generation)
	case release:
		l.release(e.generation)
	case start:
		l.start(e)
	case admit:
		l.admit(e)
	case bury:
		l.bury(e)
	case drain:
		l.drain(e)
	case abort:
		l.order(e.worker, order{kind: orderAbort})
	case kill:
		l.order(e.worker, order{kind: orderKill})
	case shrink:
		l.shrink(e.size)
	case retire:
		l.retire(l.plans[e.generation], l.plans[e.next])
	case retry:
		l.retry(e)
	case count:
		l.countConnections()
	case restore:
		l.restore(l.plans[e.generation])
	case check:
		l.check(e)
	case prove:
		l.prove(e)
	case wake:
		l.wake(e)
	case serve:
		l.missing = nil // of the generation before
		l.claimFiles(l.plans[e.generation])
	case closeListeners:
		l.closeListeners()
	case impossible:
		l.options.Log.Error().Str("kind", e.kind).Str("id", e.id).Str("from", e.from).Str("to", e.to).
			Msg("a bug in rota: it refused a transition that is not possible")
	case finish:
		l.finished = true
	}
}

// wake posts when the time is over, and after whatever had happened to the workers by then: if it was the master that
// stood still, nobody would be on trial otherwise.
func (l *loop) wake(e wake) {
	lapse.AfterFunc(e.after, func() {
		l.mailbox.catchUp()
		l.mailbox.post(awake{reload: e.reload, why: e.why, count: e.count})
	})
}

// catchUp returns when the loop has been told of all that has happened to the workers up to now.
func (b *mailbox) catchUp() {
	for _, m := range b.minders() {
		m.sync(b.done)
	}
}

func (l *loop) order(worker string, o order) {
	if m := l.minders[worker]; m != nil {
		m.order(o)
	}
}

func (l *loop) forgetWaiter(answer chan Reload) {
	l.waiters = slices.DeleteFunc(l.waiters, func(w waiter) bool { return w.answer == answer })
}

func (l *loop) answerWaiters() {
	waiting := l.waiters[:0]
	for _, w := range l.waiters {
		if r := l.pool.reload(w.id); r != nil {
			if c := l.pool.copyOf(r); w.over(&c) {
				w.answer <- c
				continue
			}
		}
		waiting = append(waiting, w)
	}
	l.waiters = waiting
}
