package master

import (
	"time"

	"rota/internal/pool"
	"rota/internal/reach"
	"rota/internal/record"
)

// How the loop opens and closes the canary's own addresses.

// forward opens or closes the canary's own addresses, as the reload's state has it, and tells the pool. It opens them
// at once, before the effects are carried out: checks and events need them.
func (l *loop) forward(t *measurement, r *record.Reload) {
	open := l.pool.CanaryOnTrial(r)
	if open == (t.forwarder != nil) {
		return
	}
	if open {
		t.forwarder = l.openForwarder(r.Generation)
		l.pool.Apply(time.Now(), pool.Addressed{Reload: r.ID, Canary: t.forwarder.Addresses()})
		return
	}
	t.forwarder.Close()
	t.forwarder = nil
	l.pool.Apply(time.Now(), pool.Addressed{Reload: r.ID})
}

// openForwarder listens for all stream listeners of the generation. It goes without those for which that fails.
func (l *loop) openForwarder(generation int) *reach.Forwarder {
	canary := reach.Canary{
		Generation: generation,
		Workers:    func() ([]string, error) { return l.mailbox.serving(generation) },
	}
	f := reach.NewForwarder(l.observer.Dialer(), canary, l.options.Log, l.background)
	for _, listener := range l.plans[generation].Listeners {
		if a := listener.Bound(); a.Stream() {
			f.Listen(a, l.listenLoopback)
		}
	}
	return f
}

// addCanary completes an event: its copy of the reload was made before the addresses were opened or closed.
func (l *loop) addCanary(told *record.Reload) {
	if told == nil {
		return
	}
	if r := l.pool.Reload(told.ID); r != nil {
		told.CanaryAddress = r.CanaryAddress
	}
}
