package master

import (
	"net"
	"sync"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
)

// loop is what the master's one goroutine owns. Nothing here waits, and nothing reads /proc or asks the kernel about
// connections: goroutines do, and post facts (fact.go), ask (mailbox_queries.go) or tell (mailbox_requests.go).
//
// The loop itself touches the disk for the files of unix sockets alone. A path has to be hidden before the workers
// behind it are told to stop, and shown, claimed and put back in turn with that.
type loop struct {
	options    *Options
	mailbox    *mailbox // for the goroutines that the loop starts; the loop must not ask itself
	observer   *observer
	planner    *planner
	shell      *shell
	background *sync.WaitGroup
	watchSoon  chan struct{} // has room for one: there is something new to look after

	launch   func(launchSpec) (process, error)
	search   func(*binding, ListenAddress)
	openDoor func() (*net.TCPListener, error)   // opens an address for a canary
	fate     func(worker string, d death) *Fate // of the connections of a worker that has ended; may be nil

	pool     *pool
	events   eventLog
	waiters  []waiter
	finished bool

	// The workers.
	minders  map[string]*supervised
	journals []pastJournal     // of workers that are gone, oldest first
	retryAt  map[int]time.Time // by slot: when its latest back-off is over
	searches map[*binding]bool // that are under way

	// What generations are made from, and the sockets that they share.
	plans     map[int]*plan          // by generation
	records   map[int]*serviceRecord // likewise
	past      []retired
	lingering []*binding        // sockets that no plan has any more
	missing   []string          // as Status has it
	closed    bool              // the master has given up its sockets
	lastAt    []ListenAddress   // then: where they were
	lastHeld  []kernel.Listener // then: those that only workers hold

	// What is measured of reloads, and counted.
	trials     map[string]*trial // by reload
	surveys    surveys
	endings    endings
	nextCount  time.Time     // not before
	countPause time.Duration // until the next, as long as counting costs nothing
}

// run does what the pool wants until the last worker is gone.
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

// handle has the pool take in facts, one after the other, and carries out what follows from each.
func (l *loop) handle(facts ...fact) {
	for _, f := range facts {
		l.carryOut(l.pool.apply(time.Now(), f))
	}
}

// obey has the pool decide on a command, and carries out what follows from it. Error: the pool's refusal.
func (l *loop) obey(c command) error {
	effects, err := l.pool.obey(time.Now(), c)
	if err != nil {
		return err
	}
	l.carryOut(effects)
	return nil
}

// carryOut first begins and ends measurements, which the effects need.
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

// wake posts a fact when the time is over, and after all facts about what had happened to the workers by then. If it was
// the master that stood still, a reload would otherwise pass its trial untested.
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
