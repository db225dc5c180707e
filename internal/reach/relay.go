package reach

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// duplex is a connection whose two directions end by themselves.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// relay passes on what a client and a worker say to each other. The end of either direction is passed on, too, and so is a
// reset.
type relay struct {
	client, worker duplex
	idle           time.Duration // for so long neither side may say anything
}

// run returns when both directions have ended, one side has broken off or said nothing for too long, or the context
// is over. Both connections are closed then.
func (r relay) run(ctx context.Context) {
	defer r.client.Close()
	defer r.worker.Close()
	defer context.AfterFunc(ctx, func() {
		r.worker.Close()
		reset(r.client) // what it has got so far is not all
	})()
	r.touch()
	var back sync.WaitGroup
	back.Go(func() { r.pass(r.client, r.worker) })
	r.pass(r.worker, r.client)
	back.Wait()
}

// pass brings one direction to its end.
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
			_ = to.CloseWrite() // if it is gone the other direction tells
			return
		case err != nil:
			r.breakOff()
			return
		}
	}
}

// touch gives both sides time again. Whichever direction something moves in, neither is idle.
func (r relay) touch() {
	until := time.Now().Add(r.idle)
	_ = r.client.SetDeadline(until) // of one that is closed the next read tells
	_ = r.worker.SetDeadline(until)
}

func (r relay) breakOff() {
	reset(r.client)
	reset(r.worker)
}

// reset breaks a connection off. A unix socket knows no reset.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}
