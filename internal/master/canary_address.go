package master

import "time"

// How the loop opens and closes the canary's own addresses.

// forward opens or closes the canary's own addresses, as the reload's state has it, and tells the pool. It opens them
// at once, before the effects are carried out: checks and events need them.
func (l *loop) forward(t *trial, r *Reload) {
	open := l.pool.canaryOnTrial(r)
	if open == (t.forwarder != nil) {
		return
	}
	if open {
		t.forwarder = l.openForwarder(r.Generation)
		l.pool.apply(time.Now(), addressed{reload: r.ID, canary: t.forwarder.addresses})
		return
	}
	t.forwarder.close()
	t.forwarder = nil
	l.pool.apply(time.Now(), addressed{reload: r.ID})
}

// openForwarder listens for all stream listeners of the generation. It goes without those for which that fails.
func (l *loop) openForwarder(generation int) *forwarder {
	f := l.newForwarder(generation)
	for _, listener := range l.plans[generation].listeners {
		if a := listener.bound(); a.stream() {
			f.listen(a, l.openDoor)
		}
	}
	return f
}

func (l *loop) newForwarder(generation int) *forwarder {
	return forwarder{
		reacher:    l.observer.reacher(),
		log:        l.options.Log,
		background: l.background,
		generation: generation,
		workers:    func() ([]string, error) { return l.mailbox.serving(generation) },
	}.start()
}

// addCanary completes an event: its copy of the reload was made before the addresses were opened or closed.
func (l *loop) addCanary(told *Reload) {
	if told == nil {
		return
	}
	if r := l.pool.reload(told.ID); r != nil {
		told.CanaryAddress = r.CanaryAddress
	}
}
