package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/plan"
	"rota/internal/record"
)

// trial is one life of the program, as the only worker of a master. Only its first worker counts:
// when that has ended, so has the trial.
type trial struct {
	spec      plan.Spec
	socket    *socket     // that is examined
	sockets   []*socket   // with the others that the doctor has opened
	tls       *tls.Config // nil: it does not speak TLS
	directory string      // for unix sockets
	master    *master.Master

	ready  chan struct{} // closed when the worker is said to be ready
	told   chan struct{} // closed when it was told to stop
	ended  chan struct{} // closed when its process has ended
	over   chan struct{} // closed when the master's Run has returned
	worker string        // its id

	unblock bool  // the socket was non-blocking when it was ready or told to stop, or made so
	waits   waits // when it was told to stop
	by      record.ReadyBy
	missing string        // what it has not done, if it was not ready in time
	how     string        // what showed that it is ready; "" for READY=1
	stopped time.Time     // when it was told to
	waited  time.Duration // from there to the first connection accepted
	exit    *record.Exit
	at      time.Time // of the exit
	left    sync.Map  // kernel.Family by worker: what was there when it was over

	clients   sync.WaitGroup // those that watch until it has ended
	listening sync.WaitGroup // to the master's events
}

// patience is what a worker that asks for more time than its timeout gets at most, and the master for
// what it has to do then.
const patience = 30 * time.Second

// begin starts the program. Whoever calls it has to call finish.
func (e *examination) begin() (*trial, error) {
	t := &trial{
		spec:  e.Spec,
		ready: make(chan struct{}), told: make(chan struct{}), ended: make(chan struct{}), over: make(chan struct{}),
	}
	if e.TLS {
		t.tls = tlsFor(e.Host)
	}
	if err := t.prepare(e); err != nil {
		t.close()
		return nil, err
	}
	go func() { t.master.Run(); close(t.over) }()
	events, err := t.master.Subscribe(0)
	if err != nil {
		t.close()
		return nil, err
	}
	t.listening.Go(func() { t.follow(events) })
	return t, nil
}

func (t *trial) prepare(e *examination) (err error) {
	if t.directory, err = os.MkdirTemp("", "rota-doctor"); err != nil {
		return err
	}
	t.spec.Workers = 1
	var examined listen.ListenAddress
	t.spec.Listen, examined = e.places(t.directory)
	var given []listen.Given
	for _, a := range t.spec.Listen {
		if a.Name != examined.Name && a.Network != "unix" && a.Network != "unixgram" {
			continue // the master opens it
		}
		s, err := openSocket(a)
		if err != nil {
			return err
		}
		if a.Name == examined.Name {
			t.socket = s
		}
		t.sockets = append(t.sockets, s)
		g, err := listen.GiveSocket(a.Name, s.fd)
		if err != nil {
			return err
		}
		given = append(given, g)
	}
	e.backlog = t.socket.backlog()
	t.master, err = master.New(master.Options{Spec: t.spec, Given: given, Probe: e.Probe, Log: e.Log, Ended: t.look})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return nil
}

// look is called by the master, when a worker is over and what it has left not yet killed.
func (t *trial) look(worker string) { t.left.Store(worker, remaining()) }

func (t *trial) follow(events *master.Subscription) {
	for _, e := range events.Backlog {
		t.hear(e)
	}
	for e := range events.C {
		t.hear(e)
	}
}

func (t *trial) hear(e record.Event) {
	w := e.Worker
	if w == nil || closed(t.ended) || t.worker != "" && t.worker != w.ID {
		return
	}
	t.worker = w.ID
	switch e.Type {
	case record.EventWorkerReady:
		t.by, t.how = w.Readied.By, w.Readied.Detail
		t.unblock = t.socket.nonBlocking()
		close(t.ready)
	case record.EventWorkerDraining:
		t.stopped = w.DrainingAt
		if !closed(t.ready) {
			_, t.missing, _ = strings.Cut(e.Message, ": ")
		}
		close(t.told)
	case record.EventWorkerExited:
		t.exit, t.at = t.inFull(w.Exit), w.ExitedAt
		close(t.ended)
		t.master.Kill() // no other is wanted
	default:
	}
}

// inFull has all that is kept of what the worker printed in the record of its end: of a long trace that is
// what leads to the line that says why.
func (t *trial) inFull(exit *record.Exit) *record.Exit {
	log, err := t.master.WorkerLog(t.worker)
	if err != nil {
		return exit
	}
	full := *exit
	full.Output = nil
	for _, line := range log.Lines {
		full.Output = append(full.Output, line.Text)
	}
	return &full
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// awaitReady returns why the worker did not get ready, if so.
func (t *trial) awaitReady(ctx context.Context) error {
	limit := time.NewTimer(t.spec.StartTimeout + patience)
	defer limit.Stop()
	select {
	case <-t.ready:
		return nil
	case <-t.ended:
		return fmt.Errorf("it %s before it was ready%s", t.exit, lastWords(t.exit))
	case <-t.told:
	case <-limit.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return fmt.Errorf("it was not ready within the start timeout of %s: %s", t.spec.StartTimeout, cmp.Or(t.missing, "rota does not tell why"))
}

// adviceNotReady is what to do about a program that was not ready: no readiness helps one that has ended.
func (t *trial) adviceNotReady() string {
	switch {
	case !closed(t.ended) && (t.spec.Ready.Kind == plan.ReadyTCP || t.spec.Ready.Kind == plan.ReadyHTTP):
		return "have it serve the additional socket, too: it is called probe, and {fd:probe} in the arguments is its number; or leave out --ready"
	case !closed(t.ended):
		return saysReady.advice
	case t.exit.Code == 0:
		return "have it stay in the foreground: what its first process has started is ended with that"
	default:
		return "have it run: rota run logs all that it prints"
	}
}

// stop has the worker told to. It is an error if that has ended before.
func (t *trial) stop(ctx context.Context) error {
	t.waits = t.socket.waits(ctx)
	t.unblock = t.unblock || t.socket.nonBlocking()
	t.master.Shutdown()
	select {
	case <-t.told:
		return nil
	case <-t.ended:
		return t.died()
	case <-time.After(patience):
		return errors.New("it can't be told to stop") // the master hangs
	case <-ctx.Done():
		return ctx.Err()
	}
}

// died is how it ended without having been told to; nil: it has not.
func (t *trial) died() error {
	if !closed(t.ended) || closed(t.told) {
		return nil
	}
	return fmt.Errorf("it %s without having been told to%s", t.exit, lastWords(t.exit))
}

// finish waits for the worker to end as it was told, or ends it; what it leaves is kept. The
// error says what the doctor can't cope with.
func (e *examination) finish(ctx context.Context, t *trial) error {
	defer t.close()
	if closed(t.ready) && closed(t.told) && !e.lingers() {
		select {
		case <-t.ended:
		case <-time.After(t.spec.DrainTimeout + patience):
		case <-ctx.Done():
		}
	}
	asTold := closed(t.ready) && closed(t.told) && closed(t.ended)
	t.master.Kill()
	select {
	case <-t.over:
	case <-time.After(patience):
		return errors.New("the program can't be killed")
	}
	t.listening.Wait()
	t.clients.Wait()
	e.lives = append(e.lives, e.life(t, asTold))
	return nil
}

// close gives up what the trial had open.
func (t *trial) close() {
	for _, s := range t.sockets {
		s.close()
	}
	os.RemoveAll(t.directory)
}
