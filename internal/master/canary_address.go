package master

// How the loop opens and closes the canary's own addresses.

// forward opens or closes the way to the canary, as the reload's state has it.
func (l *loop) forward(t *trial, r *Reload) {
	open := l.pool.canaryOnTrial(r)
	if open == (t.forwarder != nil) {
		return
	}
	if open {
		t.forwarder = l.openForwarder(r.Generation)
		r.CanaryAddress = t.forwarder.addresses
		return
	}
	t.forwarder.close()
	t.forwarder, r.CanaryAddress = nil, nil
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

// addCanary completes an event, whose reload is a copy that was made before the way was opened or closed.
func (l *loop) addCanary(told *Reload) {
	if told == nil {
		return
	}
	if r := l.pool.reload(told.ID); r != nil {
		told.CanaryAddress = r.CanaryAddress
	}
}
