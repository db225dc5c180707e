// Package check asks whether the workers of a reload are well.
//
// A round asks each check once. Over TCP and HTTP it is a client of the real listeners, which old
// and new workers may share, and then the kernel chooses who gets a connection. So a round opens a
// burst of them, has the master find out who accepted which (burst.go), and sends its requests only
// then (web.go): that way it knows whose each answer is. It opens more of them until each new worker has
// answered (sweep.go); when the reload is live, one that can't be reached has failed. As long as older workers accept too, a bad
// answer counts only if one of the new ones gave it: a broken old version must not make it impossible to
// deploy its repair. Commands (command.go) can't be told who is to answer them, so they are
// run only when the new workers can be meant.
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

// round is one under way.
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

// Run asks the checks one after the other, up to the first that failed. Each takes at most little more than twice the timeout,
// tcp that much for each listener.
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

// ask returns whether the generation on trial has answered well, which need not be the case when there is no complaint.
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

// counts reports whether it matters what the worker says; "" is somebody unknown. A worker that is known to be
// another than those in question never does: an older one may still answer, or end, with what it has accepted.
func (r *round) counts(worker string) bool {
	return slices.Contains(r.Workers, worker) || r.Live && worker == ""
}

// streams are the listeners that connections are made to.
func (r *round) streams() []listen.ListenAddress {
	return slices.DeleteFunc(slices.Clone(r.Listeners), func(a listen.ListenAddress) bool {
		return a.Network != "tcp" && a.Network != "unix"
	})
}

// first is the listener that stands for all of them: a TCP one, if there is any.
func (r *round) first() (listen.ListenAddress, bool) {
	list := r.streams()
	if len(list) == 0 {
		return listen.ListenAddress{}, false
	}
	i := slices.IndexFunc(list, func(a listen.ListenAddress) bool { return a.Network == "tcp" })
	return list[max(i, 0)], true
}

// called is what a listener is called in messages.
func called(a listen.ListenAddress) string { return a.Name + " (" + a.Address + ")" }
