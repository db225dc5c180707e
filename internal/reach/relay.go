package reach

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// duplex is a connection whose two directions end separately.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// relay passes data on between a client and a worker. It passes on the end of either direction, too, and a reset.
type relay struct {
	client, worker duplex
	idle           time.Duration // how long both sides may be silent
}

// run returns when both directions have ended, one side has reset its connection, both were silent for too long, or
// the context is over. Both connections are closed then.
func (r relay) run(ctx context.Context) {
	defer r.client.Close()
	defer r.worker.Close()
	defer context.AfterFunc(ctx, func() {
		r.worker.Close()
		Reset(r.client) // what it has got so far is not the whole answer
	})()
	r.touch()
	var back sync.WaitGroup
	back.Go(func() { r.pass(r.client, r.worker) })
	r.pass(r.worker, r.client)
	back.Wait()
}

// pass copies one direction until it ends.
func (r relay) pass(to, from duplex) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		r.touch()
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				r.breakOff()
				return
			}
			r.touch()
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = to.CloseWrite() // if it fails, the other direction ends, too
			return
		case err != nil:
			r.breakOff()
			return
		}
	}
}

// touch sets the deadlines anew. Data in either direction means that neither side is idle.
func (r relay) touch() {
	until := time.Now().Add(r.idle)
	_ = r.client.SetDeadline(until) // if it is closed, the next read fails
	_ = r.worker.SetDeadline(until)
}

func (r relay) breakOff() {
	Reset(r.client)
	Reset(r.worker)
}
