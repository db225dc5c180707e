// Package master opens the listening sockets, keeps one worker in every slot and
// replaces the workers of all slots on request, without a moment in which fewer are ready.
//
// What happens is a fact (fact.go). One goroutine, the loop (loop.go), passes each to the
// pool (pool.go and, by what happens, life.go, queue.go, rotation.go, verdict.go, unstable.go, revert.go,
// pause.go, control.go, renew.go, limit.go, progress.go, scale.go and stop.go), a pure state machine that answers with effects
// (effect.go): start this worker, drain that one, tell the world. The loop has them done.
// For as long as a reload is under way it has it measured (gauge.go) and its workers checked
// (trials.go); what became of connections (cut.go) and what was measured is its receipt (receipt.go).
// What the workers of a generation are made from is its plan (plan.go), looked up and pinned
// when its reload begins; plans share the sockets that they listen on (listening.go).
// A worker is looked after by a minder (minder.go), which owns its timers and posts what
// becomes of it; its process (process.go) is forked and reaped by one thread
// (spawner.go), and what it prints (output.go) goes through a journal (journal.go). A signal and an HTTP request both end in the methods of Master, which give
// the loop a command (commands.go, ask.go) and wait. The package has no wire format: who wants one makes it of the copies
// that these methods return.
package master

import (
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"rota/internal/einhorn"
	"rota/internal/kernel"
)

// Master is the parent of the workers. Its methods may be called from any goroutine; each
// returns ErrStopped once Run has returned.
type Master struct {
	*mailbox
	options    *Options
	startedAt  time.Time
	background sync.WaitGroup // goroutines that must end before the master does: the minders, checks, and others
	observer   *observer
	planner    *planner
	launcher   *launcher
	shell      *shell
	caretaker  *caretaker
	loop       *loop
}

// New opens the listeners and finds the workers' program, or returns why it can't be done.
// Nothing runs before Run.
func New(o Options) (*Master, error) {
	if err := kernel.CheckProc(); err != nil {
		return nil, err
	}
	m := newMaster(o)
	first, err := m.planner.plan(o.Spec, nil, nil)
	if err != nil {
		return nil, err
	}
	m.begin(first)
	m.launcher = &launcher{spawner: newSpawner(), http: o.Probe, log: o.Log}
	m.shell.spawner = m.launcher.spawner
	m.loop.launch = m.launcher.launch
	m.loop.search = m.observer.searchAt
	m.loop.openDoor = openDoor
	m.loop.fate = m.observer.fateOf
	return m, nil
}

func newMaster(o Options) *Master {
	m := &Master{mailbox: newMailbox(), options: &o, startedAt: time.Now(), planner: newPlanner(&o)}
	m.observer = newObserver(m.mailbox, o.Log, &m.background)
	m.shell = &shell{env: func() []string { return o.inheritable(os.Environ()) }}
	return m
}

// begin makes the loop, which starts with the first plan.
func (m *Master) begin(first *plan) {
	soon := make(chan struct{}, 1)
	m.caretaker = &caretaker{mailbox: m.mailbox, log: m.options.Log, planner: m.planner, observer: m.observer, soon: soon}
	m.loop = &loop{
		options:    m.options,
		mailbox:    m.mailbox,
		observer:   m.observer,
		planner:    m.planner,
		shell:      m.shell,
		background: &m.background,
		watchSoon:  soon,

		pool:     newPool(first.terms(), newID),
		minders:  map[string]*supervised{},
		plans:    map[int]*plan{},
		records:  map[int]*serviceRecord{},
		trials:   map[string]*trial{},
		retryAt:  map[int]time.Time{},
		surveys:  m.observer.surveys(),
		searches: map[*binding]bool{},
	}
	m.loop.adopt(1, first)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// Run starts the workers and returns when the master was told to stop and the last worker
// is gone.
func (m *Master) Run() {
	if err := becomeSubreaper(); err != nil {
		m.options.Log.Warn().Err(err).Msg("orphans of workers will not be reaped here")
	}
	acks, err := einhorn.NewDirectory(einhorn.Places())
	if err != nil {
		m.options.Log.Warn().Err(err).Msg(noAcks)
	}
	defer acks.Close()
	m.launcher.acks = acks
	orphans := newOrphans(m.options.Log, m.shell.env)
	m.background.Go(func() { m.caretaker.watch(watchEvery) })
	m.serve()
	orphans.kill()
	m.launcher.spawner.stop()
}

func (m *Master) serve() {
	m.loop.run()
	close(m.done)
	m.background.Wait()
}

// Subscribe returns the events with numbers above after, and those to come.
func (m *Master) Subscribe(after uint64) (*Subscription, error) {
	return m.subscribe(func(*eventLog) uint64 { return after })
}

// SubscribeRecent returns up to n of the latest events, and those to come.
func (m *Master) SubscribeRecent(n int) (*Subscription, error) {
	return m.subscribe(func(log *eventLog) uint64 {
		kept := min(n, len(log.kept))
		return log.last - uint64(kept)
	})
}
