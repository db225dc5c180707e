package master

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
)

// How the loop keeps the generations' plans and the sockets that they share.

// retired is what is left of a plan that was let go of while some of its workers drain: where they
// may still have connections.
type retired struct {
	generation int
	endpoints  []kernel.Listener
}

// prepare makes a generation's plan; the disk may be slow, the loop must not be.
func (l *loop) prepare(generation int) {
	serving := l.plans[l.pool.ServingGeneration()]
	var open []*listen.Binding
	for _, listener := range serving.Listeners {
		if listener.Inherited || listener.Shut() == "" {
			listener.Users++
			open = append(open, listener.Binding)
		}
	}
	open = append(open, l.offer()...)
	r, size := l.pool.UnderWay(), l.pool.Size()
	wish, gauge := r.StrategyRequest, l.underWay[r.ID].gauge
	go func() {
		plan, err := l.planner.read(serving, open)
		if err == nil {
			err = l.observer.RoomFor(wish.Over(plan.Strategy).Surge.Of(plan.Workers))
			if err == nil && plan.Workers != serving.Workers {
				err = l.observer.RoomToGrow(plan.Workers - size)
			}
			if err != nil {
				plan.CloseNew(open)
				plan.Drop()
			}
		}
		gauge.AwaitBegun(measureBefore)
		if l.mailbox.planned(generation, plan, open, err) == nil {
			return
		}
		if err == nil {
			plan.CloseNew(open)
			plan.Drop()
		}
		for _, b := range open {
			b.Drop() // the loop has ended: they are nobody else's
		}
	}()
}

// planned takes in the plan of a generation, or why it can't be made. open are the sockets that were offered to it.
func (l *loop) planned(generation int, p *plan.Plan, open []*listen.Binding, failed error) {
	var t pool.Terms
	if failed == nil {
		l.adopt(generation, p)
		t = p.Terms()
	}
	for _, b := range open {
		b.Drop()
	}
	l.handle(pool.Prepared{Generation: generation, Terms: t, Err: failed})
	if failed == nil {
		p.TrimNew(l.pool.Size(), open)
	}
	if !l.pool.Keeps(generation) {
		l.release(generation) // the reload was aborted meanwhile
	}
}

// planner makes plans. It reads the disk, so the loop leaves that to goroutines.
type planner struct {
	options *Options
	home    atomic.Pointer[plan.StartDirectory]
}

func newPlanner(o *Options) *planner {
	p := &planner{options: o}
	p.home.Store(plan.FindStartDirectory())
	return p
}

// read asks for the spec and makes a plan of it.
func (p *planner) read(serving *plan.Plan, open []*listen.Binding) (*plan.Plan, error) {
	if next := p.home.Load().Follow(); next != nil {
		p.home.Store(next)
		p.options.Log.Warn().Str("directory", next.Path).Msg("the directory that rota was started in was deleted or moved; it goes on in the one that is there now")
	}
	spec := p.options.Spec
	if p.options.Reread != nil {
		var err error
		if spec, err = p.options.Reread(); err != nil {
			return nil, p.explainHome(err)
		}
	}
	made, err := p.plan(spec, serving, open)
	return made, p.explainHome(err)
}

// explainHome adds to an error that relative paths lead nowhere.
func (p *planner) explainHome(err error) error {
	if lost := p.home.Load().Lost(); err != nil && lost != "" {
		return fmt.Errorf("%w (%s; make it anew and reload, or use absolute paths)", err, lost)
	}
	return err
}

// plan makes a plan with its listeners, some of which may be open already.
func (p *planner) plan(spec plan.Spec, serving *plan.Plan, open []*listen.Binding) (*plan.Plan, error) {
	if err := p.options.judge(spec); err != nil {
		return nil, err
	}
	plan, err := plan.New(spec, os.Environ(), serving)
	if err != nil {
		return nil, err
	}
	plan.Listeners, err = listen.OpenListeners(plan.Listen, plan.Workers, p.options.Inherited, open)
	if err == nil {
		if err = process.CheckPlanPlaceholders(plan); err != nil {
			plan.CloseNew(open)
		}
	}
	if err != nil {
		plan.Drop()
		return nil, err
	}
	warnOfLostDeathSignal(p.options.Log, plan)
	return plan, nil
}

// adopt takes a new plan in.
func (l *loop) adopt(generation int, p *plan.Plan) {
	for _, listener := range p.Listeners {
		listener.Users++
	}
	l.plans[generation], l.records[generation] = p, newServiceRecord()
	l.takeBack(p)
	l.lookSoon()
}

// release lets go of a plan from which no worker will be started any more.
func (l *loop) release(generation int) {
	p := l.plans[generation]
	if p == nil {
		return
	}
	l.past = append(l.past, retired{generation, p.Endpoints()})
	delete(l.plans, generation)
	delete(l.records, generation)
	for _, listener := range p.Listeners {
		l.letGo(listener.Binding)
	}
	l.forget()
	p.Drop()
}

// forget drops what was kept for workers that are gone by now.
func (l *loop) forget() {
	l.past = slices.DeleteFunc(l.past, func(r retired) bool {
		for _, m := range l.minders {
			if m.Start.Generation == r.generation {
				return false
			}
		}
		return true
	})
	if len(l.leftovers()) == 0 {
		l.closeLingering(func(*listen.Binding) bool { return true })
	}
	size := l.pool.Size()
	for _, m := range l.minders {
		size = max(size, m.Start.Slot+1)
	}
	for _, p := range l.plans {
		for _, listener := range p.Listeners {
			listener.Trim(size)
		}
	}
}

// warnOfLostDeathSignal warns of workers that would outlive a master that is killed.
func warnOfLostDeathSignal(log zerolog.Logger, p *plan.Plan) {
	if because := p.LosesDeathSignal(); because != "" {
		log.Warn().Str("program", p.Program.Path).Str("because", because).
			Msg("workers live on if rota is killed: the kernel does not tell a program that gains privileges; " +
				"give them to rota instead, or set no_new_privileges")
	}
}
