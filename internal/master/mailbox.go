package master

import "time"

// mailbox is how every other goroutine reaches the loop. The loop itself must never call ask: it would wait for itself.
type mailbox struct {
	asks     chan func(*loop) // answered by the loop in turn
	commands chan command     // of which nobody waits for the answer
	facts    chan fact
	done     chan struct{} // closed when the loop has ended
}

func newMailbox() *mailbox {
	return &mailbox{
		asks:     make(chan func(*loop)),
		commands: make(chan command, 16),
		facts:    make(chan fact, 64),
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

// post hands the loop a fact. Once the loop has ended nobody needs it.
func (b *mailbox) post(f fact) {
	select {
	case b.facts <- f:
	case <-b.done:
	}
}

// command hands the loop a command that it can't refuse. Once the loop has ended nobody needs it.
func (b *mailbox) command(c command) {
	select {
	case b.commands <- c:
	case <-b.done:
	}
}

// pause returns after a while, or when the loop ends.
func (b *mailbox) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.done:
	}
}
