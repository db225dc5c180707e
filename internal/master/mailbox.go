package master

import (
	"rota/internal/pool"
)

// mailbox is how every other goroutine reaches the loop. The loop itself must never call ask: it would wait for itself.
type mailbox struct {
	asks     chan func(*loop) // answered by the loop in turn
	commands chan informed    // of which nobody waits for the answer
	facts    chan []pool.Fact // in the order in which they happened
	done     chan struct{}    // closed when the loop has ended

	measurements measurements
}

// informed is a command with what was measured just before.
type informed struct {
	command  pool.Command
	measured []pool.Fact
}

func newMailbox() *mailbox {
	return &mailbox{
		asks:     make(chan func(*loop)),
		commands: make(chan informed, 16),
		facts:    make(chan []pool.Fact, 64),
		done:     make(chan struct{}),
	}
}

// ask has the loop call f and returns when it has. Error: ErrStopped.
func (b *mailbox) ask(f func(*loop)) error {
	answered := make(chan struct{})
	select {
	case b.asks <- func(l *loop) { f(l); close(answered) }:
		<-answered
		return nil
	case <-b.done:
		return ErrStopped
	}
}

// askMeasured is ask after the loop was told what has been measured up to now.
func (b *mailbox) askMeasured(f func(*loop)) error {
	measured := b.measurements.read()
	return b.ask(func(l *loop) {
		l.handle(measured...)
		f(l)
	})
}

// attempt is askMeasured for an f that may fail, and returns its error.
func (b *mailbox) attempt(f func(*loop) error) error {
	var refused error
	if err := b.askMeasured(func(l *loop) { refused = f(l) }); err != nil {
		return err
	}
	return refused
}

// post hands the loop a fact. If it may end a reload the loop is told first what has been measured of it. Once the loop
// has ended nobody needs either.
func (b *mailbox) post(f pool.Fact) {
	facts := []pool.Fact{f}
	if mayEndReload(f) {
		facts = append(b.measurements.read(), f)
	}
	select {
	case b.facts <- facts:
	case <-b.done:
	}
}

// command hands the loop a command that it can't refuse. Once the loop has ended nobody needs it.
func (b *mailbox) command(c pool.Command) {
	select {
	case b.commands <- informed{c, b.measurements.read()}:
	case <-b.done:
	}
}
