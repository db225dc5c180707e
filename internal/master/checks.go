package master

import (
	"context"
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/record"
)

// What is asked of a reload while it is on trial. Who asks is a function that the master is given:
// it knows nothing of HTTP.

// RunChecks asks each check of a round once. It ends early at the first that failed, and when the
// context is over.
type RunChecks func(context.Context, Round) record.Result

// Round is what the checks of a reload are asked with, once.
type Round struct {
	Checks     []record.Check
	Headers    []string      // of requests to the workers, a line each
	Timeout    time.Duration // of one answer; 0: DefaultCheckTimeout
	Reload     string        // its id
	Generation int           // that is on trial
	Revision   string

	// Live says that nobody but the generation on trial accepts connections, so that whoever is unknown is one
	// of it. Before, that may be an older worker, and what it says does not count.
	Live     bool
	Again    bool   // a round of the same workers has gone well when it was live
	Commands bool   // commands are run, too: it is live, or its canary can be tried
	Canary   string // where its canary, and nobody else, can be asked; "" where there is no such address

	Listeners []listen.Spec  // of the generation that serves, where they can be reached
	Workers   []string       // the new ones that ought to answer
	Slots     map[string]int // theirs

	// Serves reports whether a worker still has its slot, in which it may have been replaced meanwhile. nil: each has.
	Serves func(worker string) bool

	// Holders tells which worker has accepted each of the connections: "" for one that somebody
	// else holds, and nothing for one that waits to be accepted. nil: nobody can tell.
	Holders func([]listen.Client) (map[listen.Client]string, error)
	// Shirks reports whether the kernel shows that a worker does not wait for connections at the listener. nil: nobody can tell.
	Shirks func(worker string, a listen.Spec) bool
	// Queues tells how full the listeners' accept queues are, by name. nil: nobody can tell.
	Queues func() (map[string]kernel.Queue, error)
	// Command runs a line with /bin/sh and returns what it printed last, and why it did not exit
	// with 0. Who starts processes otherwise disturbs the master, which waits for all of its children.
	Command func(ctx context.Context, line string, env []string) (output []string, err error)
	// Opened is told of each connection that is made to a listener, and Closed when it is over. nil: nobody wants to know.
	Opened, Closed func(listen.Client)
}

// check has a round of checks done, outside of the loop.
func (l *loop) check(e pool.RunChecks) {
	plan, t := l.plans[e.Generation], l.underWay[e.Reload]
	if plan == nil || t == nil {
		return // it is over
	}
	if l.options.Check == nil {
		go l.mailbox.post(pool.Checked{Reload: e.Reload, Batches: e.Batches, Back: e.Back, Result: record.Result{Message: errNoChecks.Error()}})
		return
	}
	round, told := l.round(e, plan, t), l.pool.Reload(e.Reload).LiveAt
	if e.Back {
		t.checkBack()
		told = time.Now()
	}
	ctx := t.context
	l.background.Go(func() {
		if e.Live {
			l.observer.AwaitAlone(ctx, e.Generation, told)
		}
		result := l.options.Check(ctx, round)
		if result.Worker != "" && len(result.Output) == 0 {
			result.Output = l.mailbox.lastWords(result.Worker)
		}
		if ctx.Err() == nil {
			l.mailbox.post(pool.Checked{Reload: e.Reload, Batches: e.Batches, Back: e.Back, Result: result})
		}
	})
}

// checkBack ends the checks of the generation that has failed, and begins those of the one before.
func (t *measurement) checkBack() {
	t.cancel()
	t.context, t.cancel = context.WithCancel(context.Background())
	t.back = true
}

// round is what the checks of a reload are asked with.
func (l *loop) round(e pool.RunChecks, plan *plan.Plan, t *measurement) Round {
	round := Round{
		Checks:     slices.Concat(plan.Checks, e.Checks),
		Headers:    plan.CheckHeaders,
		Timeout:    plan.CheckTimeout,
		Reload:     e.Reload,
		Generation: e.Generation,
		Revision:   e.Revision,
		Live:       e.Live,
		Again:      e.Again,
		Commands:   e.Commands,
		Canary:     t.forwarder.First(),
		Listeners:  l.targets(),
		Workers:    l.pool.Serving(e.Generation),
		Slots:      map[string]int{},
		Serves:     l.mailbox.serves,
		Holders:    l.observer.Holders,
		Shirks:     l.observer.Shirks,
		Queues:     l.observer.Queues,
		Command:    l.shell.Run,
		Opened:     l.observer.Own.Add,
		Closed:     l.observer.Own.End,
	}
	for _, id := range round.Workers {
		w, _ := l.pool.Alive(id)
		round.Slots[id] = w.Slot
	}
	return round
}
