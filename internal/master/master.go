// Package master opens the listening sockets, keeps one worker in every slot and replaces the workers of all slots on
// request, without a moment in which fewer are ready.
//
// It connects the packages that know one thing each. One goroutine, the loop (loop.go), hands facts and commands to the
// pool (internal/pool), which answers with effects: start this worker, drain that one, publish. The loop has them done:
// what a generation's workers are made from is its plan (plans.go), they share listeners (listening.go), a minder looks
// after each (supervised.go), and while a reload is under way it is measured (measurements.go) and its workers are
// checked (checks.go). Whatever takes time happens in other goroutines. Those that look at workers are the observer's
// (internal/observer; observer.go here is what it may know of the loop). They tell the loop by a fact or ask it through
// the mailbox (mailbox.go; mailbox_queries.go and mailbox_requests.go list all of that). A signal and an
// HTTP request both end in the methods of Master, which give the loop a command (commands.go) and wait. The package has
// no wire format: whoever wants one makes it of the copies that these methods return.
package master

import (
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"rota/internal/einhorn"
	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/observer"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
	"rota/internal/reach"
)

// Master is the parent of the workers. Its methods may be called from any goroutine; each
// returns ErrStopped once Run has returned.
type Master struct {
	*mailbox
	options    *Options
	startedAt  time.Time
	background sync.WaitGroup // goroutines that must end before the master does: the minders, checks, and others
	observer   *observer.Observer
	planner    *planner
	launcher   *process.Launcher
	shell      *process.Shell
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
	m.launcher = &process.Launcher{Spawner: process.NewSpawner(), HTTP: o.Probe, Log: o.Log}
	m.shell.Spawner = m.launcher.Spawner
	m.loop.launch = m.launcher.Launch
	m.loop.search = func(at *listen.Binding, a listen.Spec) { m.observer.Search(a, search{m.mailbox, at}) }
	m.loop.listenLoopback = reach.ListenLoopback
	m.loop.fate = m.fateOf
	return m, nil
}

func newMaster(o Options) *Master {
	m := &Master{mailbox: newMailbox(), options: &o, startedAt: time.Now(), planner: newPlanner(&o)}
	m.observer = observer.New(view{m.mailbox}, m.done, o.Log)
	m.shell = &process.Shell{Env: func() []string { return o.Inheritable(os.Environ()) }}
	return m
}

// begin makes the loop, which starts with the first plan.
func (m *Master) begin(first *plan.Plan) {
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

		pool:     pool.New(first.Terms(), newID),
		minders:  map[string]*supervised{},
		plans:    map[int]*plan.Plan{},
		records:  map[int]*serviceRecord{},
		underWay: map[string]*measurement{},
		retryAt:  map[int]time.Time{},
		searches: map[*listen.Binding]bool{},
	}
	m.loop.endings = losses.NewRegister(m.observer.Own, m.loop.hearEndings)
	m.loop.adopt(1, first)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// Run starts the workers and returns when the master was told to stop and the last worker
// is gone.
func (m *Master) Run() {
	if err := process.BecomeSubreaper(); err != nil {
		m.options.Log.Warn().Err(err).Msg("orphans of workers will not be reaped here")
	}
	acks, err := einhorn.NewDirectory(einhorn.Places())
	if err != nil {
		m.options.Log.Warn().Err(err).Msg(process.AcksUnavailable)
	}
	defer acks.Close()
	m.launcher.Acks = acks
	orphans := process.NewOrphans(m.options.Log, m.shell.Env)
	m.background.Go(func() { m.caretaker.watch(watchEvery) })
	m.serve()
	orphans.Kill()
	m.launcher.Spawner.Stop()
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
