// Package check asks whether the workers of a reload are well.
//
// A round runs each check once. Over TCP and HTTP it is a client of the real listeners. Old and new workers may share
// those, and then the kernel chooses who gets a connection. So a round opens a burst of connections, asks the master
// who has accepted each (burst.go), and only then sends requests (web.go): so it knows who gives which answer. It opens
// more bursts until each new worker has answered (sweep.go); when the reload is live, a worker that can't be reached
// has failed. As long as older workers accept, too, a bad answer counts only if a new worker gave it: a broken old
// version must not prevent the deployment of its repair. A command (command.go) can't choose who answers it, so it is
// run only when it can reach the new workers.
package check

import (
	"cmp"
	"context"
	"slices"
	"time"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/plan"
	"rota/internal/record"
)

// round is a round of checks that is under way.
type round struct {
	master.Round
	timeout time.Duration
	result  record.Result
}

// complaint is a bad answer.
type complaint struct {
	message string // one sentence
	worker  string // who gave it; "" for nobody, or nobody knows
	output  []string
}

// Run runs the checks one after the other, up to the first that fails. Each takes at most little more than twice the
// timeout; tcp takes that for each listener.
func Run(ctx context.Context, r master.Round) record.Result {
	this := &round{Round: r, timeout: cmp.Or(r.Timeout, plan.DefaultCheckTimeout)}
	this.result.OK = true
	for _, c := range r.Checks {
		well, bad := this.ask(ctx, c)
		if ctx.Err() != nil {
			break
		}
		if bad == nil && !well && r.Live && c.Kind != record.CheckCommand {
			bad = &complaint{message: "none of the new workers could be asked"}
		}
		if bad != nil {
			this.fail(c, bad)
			break
		}
		if well {
			this.result.Passed++
		}
	}
	this.result.Reached = this.result.Of - len(this.result.Missed)
	return this.result
}

func (r *round) fail(c record.Check, bad *complaint) {
	r.result.OK = false
	r.result.Check = named(c)
	r.result.Message, r.result.Worker, r.result.Output = bad.message, bad.worker, bad.output
}

// ask returns whether the generation on trial has answered well. It may return neither that nor a complaint.
func (r *round) ask(ctx context.Context, c record.Check) (well bool, bad *complaint) {
	switch c.Kind {
	case record.CheckTCP:
		return r.askTCP(ctx)
	case record.CheckPath:
		return r.askPath(ctx, c.Target)
	case record.CheckURL:
		return r.askURL(ctx, c.Target)
	default:
		return r.run(ctx, c)
	}
}

// counts reports whether the worker's answer matters; "" is an unknown worker. An older worker's answer never does: it
// may still answer what it has accepted, or end.
func (r *round) counts(worker string) bool {
	return slices.Contains(r.Workers, worker) || r.Live && worker == ""
}

// streams are the listeners that connections are made to.
func (r *round) streams() []listen.Spec {
	return slices.DeleteFunc(slices.Clone(r.Listeners), func(a listen.Spec) bool {
		return a.Network != "tcp" && a.Network != "unix"
	})
}

// first is the listener that stands for all of them: a TCP one, if there is any.
func (r *round) first() (listen.Spec, bool) {
	list := r.streams()
	if len(list) == 0 {
		return listen.Spec{}, false
	}
	i := slices.IndexFunc(list, func(a listen.Spec) bool { return a.Network == "tcp" })
	return list[max(i, 0)], true
}

// called is what a listener is called in messages.
func called(a listen.Spec) string { return a.Name + " (" + a.Address + ")" }
