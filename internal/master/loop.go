package master

import (
	"net"
	"sync"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/minder"
	"rota/internal/observer"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
	"rota/internal/record"
)

// loop is what the master's one goroutine owns. Nothing here waits, and nothing reads /proc or asks the kernel about
// connections: goroutines do, and post facts (internal/pool/fact.go), ask (mailbox_queries.go) or tell
// (mailbox_requests.go).
//
// The loop itself touches the disk for the files of unix sockets alone. A path has to be hidden before the workers
// behind it are told to stop, and shown, claimed and put back in turn with that.
type loop struct {
	options    *Options
	mailbox    *mailbox // for the goroutines that the loop starts; the loop must not ask itself
	observer   *observer.Observer
	planner    *planner
	shell      *process.Shell
	background *sync.WaitGroup
	watchSoon  chan struct{} // has room for one: there is something new to look after

	launch         func(process.LaunchSpec) (process.Process, error)
	search         func(*listen.Binding, listen.Spec)
	listenLoopback func() (*net.TCPListener, error)                 // opens an address for a canary
	fate           func(worker string, d minder.Death) *record.Fate // of the connections of a worker that has ended; may be nil

	pool     *pool.Pool
	events   eventLog
	waiters  []waiter
	finished bool

	// The workers.
	minders  map[string]*supervised
	journals []pastJournal            // of workers that are gone, oldest first
	retryAt  map[int]time.Time        // by slot: when its latest back-off is over
	searches map[*listen.Binding]bool // that are under way

	// What generations are made from, and the sockets that they share.
	plans     map[int]*plan.Plan     // by generation
	records   map[int]*serviceRecord // likewise
	past      []retired
	lingering []*listen.Binding // sockets that no plan has any more
	missing   []string          // as Status has it
	closed    bool              // the master has given up its sockets
	lastAt    []listen.Spec     // then: where they were
	lastHeld  []kernel.Listener // then: those that only workers hold

	// What is measured of reloads, and counted.
	underWay   map[string]*measurement // by reload
	endings    *losses.Register
	nextCount  time.Time     // not before
	countPause time.Duration // until the next, as long as counting costs nothing
}

// run does what the pool wants until the last worker is gone.
func (l *loop) run() {
	for _, e := range l.pool.Begin(time.Now()) {
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
	for id, t := range l.underWay {
		l.endMeasurement(id, t)
	}
	l.endings.Stop()
	l.events.close()
}

// handle has the pool take in facts, one after the other, and carries out what follows from each.
func (l *loop) handle(facts ...pool.Fact) {
	for _, f := range facts {
		l.carryOut(l.pool.Apply(time.Now(), f))
	}
}

// obey has the pool decide on a command, and carries out what follows from it. Error: the pool's refusal.
func (l *loop) obey(c pool.Command) error {
	effects, err := l.pool.Obey(time.Now(), c)
	if err != nil {
		return err
	}
	l.carryOut(effects)
	return nil
}

// carryOut first begins and ends measurements, which the effects need.
func (l *loop) carryOut(effects []pool.Effect) {
	l.attend()
	for _, e := range effects {
		l.do(e)
	}
	l.answerWaiters()
}

func (l *loop) do(e pool.Effect) {
	switch e := e.(type) {
	case pool.Publish:
		l.addCanary(e.Event.Reload)
		logEvent(l.options.Log, l.events.publish(e.Event))
	case pool.Prepare:
		l.prepare(e.Generation)
	case pool.Release:
		l.release(e.Generation)
	case pool.Start:
		l.start(e)
	case pool.Admit:
		l.admit(e)
	case pool.Bury:
		l.bury(e)
	case pool.Drain:
		l.drain(e)
	case pool.Abort:
		l.order(e.Worker, minder.Order{Kind: minder.OrderAbort})
	case pool.Kill:
		l.order(e.Worker, minder.Order{Kind: minder.OrderKill})
	case pool.Shrink:
		l.shrink(e.Size)
	case pool.Retire:
		l.retire(l.plans[e.Generation], l.plans[e.Next])
	case pool.Retry:
		l.retry(e)
	case pool.Count:
		l.countConnections()
	case pool.Restore:
		l.restore(l.plans[e.Generation])
	case pool.RunChecks:
		l.check(e)
	case pool.Prove:
		l.prove(e)
	case pool.Wake:
		l.wake(e)
	case pool.Serve:
		l.missing = nil // of the generation before
		l.claimFiles(l.plans[e.Generation])
	case pool.CloseListeners:
		l.closeListeners()
	case pool.Impossible:
		l.options.Log.Error().Str("kind", e.Kind).Str("id", e.ID).Str("from", e.From).Str("to", e.To).
			Msg("a bug in rota: it refused a transition that is not possible")
	case pool.Finish:
		l.finished = true
	}
}

// wake posts a fact when the time is over, and after all facts about what had happened to the workers by then. If it was
// the master that stood still, a reload would otherwise pass its trial untested.
func (l *loop) wake(e pool.Wake) {
	lapse.AfterFunc(e.After, func() {
		l.mailbox.catchUp()
		l.mailbox.post(pool.Awake{Reload: e.Reload, Why: e.Why, Count: e.Count})
	})
}

// catchUp returns when the loop has been told of all that has happened to the workers up to now.
func (b *mailbox) catchUp() {
	for _, m := range b.minders() {
		m.Sync(b.done)
	}
}

func (l *loop) order(worker string, o minder.Order) {
	if m := l.minders[worker]; m != nil {
		m.Order(o)
	}
}
