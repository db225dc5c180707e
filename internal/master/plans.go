package master

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
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
	serving := l.plans[l.pool.servingGeneration()]
	var open []*binding
	for _, listener := range serving.listeners {
		if listener.given || listener.shut() == "" {
			listener.users++
			open = append(open, listener.binding)
		}
	}
	open = append(open, l.offer()...)
	r, size := l.pool.underWay(), l.pool.size()
	wish, gauge := r.StrategyRequest, l.trials[r.ID].gauge
	go func() {
		plan, err := l.planner.read(serving, open)
		if err == nil {
			err = l.observer.roomFor(wish.over(plan.Strategy).Surge.Of(plan.Workers))
			if err == nil && plan.Workers != serving.Workers {
				err = l.observer.roomToGrow(plan.Workers - size)
			}
			if err != nil {
				plan.closeNew(open)
				plan.drop()
			}
		}
		gauge.awaitBegun(measureBefore)
		if l.mailbox.planned(generation, plan, open, err) == nil {
			return
		}
		if err == nil {
			plan.closeNew(open)
			plan.drop()
		}
		for _, b := range open {
			b.drop() // the loop has ended: they are nobody else's
		}
	}()
}

// planned takes in the plan of a generation, or why it can't be made. open are the sockets that were offered to it.
func (l *loop) planned(generation int, p *plan, open []*binding, failed error) {
	var t terms
	if failed == nil {
		l.adopt(generation, p)
		t = p.terms()
	}
	for _, b := range open {
		b.drop()
	}
	l.handle(prepared{generation: generation, terms: t, err: failed})
	if failed == nil {
		p.fit(l.pool.size(), open)
	}
	if !l.pool.keeps(generation) {
		l.release(generation) // the reload was aborted meanwhile
	}
}

// planner makes plans. It reads the disk, so the loop leaves that to goroutines.
type planner struct {
	options *Options
	home    atomic.Pointer[home]
}

func newPlanner(o *Options) *planner {
	p := &planner{options: o}
	p.home.Store(findHome())
	return p
}

// read asks for the spec and makes a plan of it.
func (p *planner) read(serving *plan, open []*binding) (*plan, error) {
	if next := p.home.Load().follow(); next != nil {
		p.home.Store(next)
		p.options.Log.Warn().Str("directory", next.path).Msg("the directory that rota was started in was deleted or moved; it goes on in the one that is there now")
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
	if lost := p.home.Load().lost(); err != nil && lost != "" {
		return fmt.Errorf("%w (%s; make it anew and reload, or use absolute paths)", err, lost)
	}
	return err
}

// plan makes a plan with its listeners, some of which may be open already.
func (p *planner) plan(spec Spec, serving *plan, open []*binding) (*plan, error) {
	if err := p.options.judge(spec); err != nil {
		return nil, err
	}
	plan, err := makePlan(spec, os.Environ(), serving)
	if err != nil {
		return nil, err
	}
	plan.listeners, err = openListeners(plan.Listen, plan.Workers, p.options.Given, open)
	if err == nil {
		if err = checkPlaceholders(plan); err != nil {
			plan.closeNew(open)
		}
	}
	if err != nil {
		plan.drop()
		return nil, err
	}
	warnOfLostDeathSignal(p.options.Log, plan)
	return plan, nil
}

// adopt takes a new plan in.
func (l *loop) adopt(generation int, p *plan) {
	for _, listener := range p.listeners {
		listener.users++
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
	l.past = append(l.past, retired{generation, p.endpoints()})
	delete(l.plans, generation)
	delete(l.records, generation)
	for _, listener := range p.listeners {
		l.letGo(listener.binding)
	}
	l.forget()
	p.drop()
}

// forget drops what was kept for workers that are gone by now.
func (l *loop) forget() {
	l.past = slices.DeleteFunc(l.past, func(r retired) bool {
		for _, m := range l.minders {
			if m.start.generation == r.generation {
				return false
			}
		}
		return true
	})
	if len(l.leftovers()) == 0 {
		l.closeLingering(func(*binding) bool { return true })
	}
	size := l.pool.size()
	for _, m := range l.minders {
		size = max(size, m.start.slot+1)
	}
	for _, p := range l.plans {
		for _, listener := range p.listeners {
			listener.trim(size)
		}
	}
}

// warnOfLostDeathSignal warns of workers that would outlive a master that is killed.
func warnOfLostDeathSignal(log zerolog.Logger, p *plan) {
	if because := p.losesDeathSignal(); because != "" {
		log.Warn().Str("program", p.program.path).Str("because", because).
			Msg("workers live on if rota is killed: the kernel does not tell a program that gains privileges; " +
				"give them to rota instead, or set no_new_privileges")
	}
}
