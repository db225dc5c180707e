package master

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/lapse"
)

// A probe of the gauge: a client that says nothing but goodbye, which any program can answer.

// knocked is what became of it.
type knocked struct {
	how  knockResult
	took time.Duration // until it was answered

	ended bool // in peace, from the other side
}

type knockResult int

const (
	knockNotMade    knockResult = iota // for a reason of the master's own, such as no descriptors: it says nothing
	knockAnswered                      // something came back, if only the end
	knockRefused                       // nobody listens
	knockReset                         // broken off
	knockUnanswered                    // no connection, or silence
)

// knockTimeout is how long the connection may take, and then its answer.
const knockTimeout = time.Second

// knock connects, sends a FIN, and reads to the end. A connection that nobody has ended by then is reset, so
// that a worker which does not react is not left with it.
func knock(ctx context.Context, a ListenAddress, own *ownClients) knocked {
	began := time.Now()
	c, client, err := dialPatiently(ctx, a)
	if err != nil {
		return knocked{how: notConnected(err)}
	}
	own.add(client)
	defer own.end(client)
	giveUp := func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }
	defer lapse.AfterFunc(knockTimeout, giveUp).Stop()
	defer context.AfterFunc(ctx, giveUp)()
	defer c.Close()
	_ = c.(interface{ CloseWrite() error }).CloseWrite() // of one that is reset already the reading tells
	k := listenFor(c, began)
	if tcp, ok := c.(*net.TCPConn); ok && !k.ended {
		_ = tcp.SetLinger(0)
	}
	return k
}

// listenFor reads to the end. Who sends something and holds the connection has answered, too.
func listenFor(c net.Conn, began time.Time) knocked {
	k := knocked{how: knockUnanswered}
	buffer := make([]byte, 4<<10)
	for range listenAtMost / len(buffer) {
		n, err := c.Read(buffer)
		k.ended = errors.Is(err, io.EOF)
		switch {
		case n > 0 || k.ended:
			if k.how != knockAnswered {
				k.how, k.took = knockAnswered, time.Since(began)
			}
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return knocked{how: knockReset}
		}
		if err != nil {
			break
		}
	}
	return k
}

// listenAtMost bounds what is read of a program that talks on and on.
const listenAtMost = 64 << 10

// dialPatiently waits for room in the queue: TCP does that by itself.
func dialPatiently(ctx context.Context, a ListenAddress) (net.Conn, Client, error) {
	ctx, cancel := lapse.WithTimeout(ctx, knockTimeout)
	defer cancel()
	for {
		c, client, err := a.Dial(ctx)
		if !errors.Is(err, unix.EAGAIN) || a.Network != "unix" {
			return c, client, err
		}
		select {
		case <-time.After(dialPause):
		case <-ctx.Done():
			return nil, client, ctx.Err()
		}
	}
}

// dialPause is how long to wait before another attempt at a unix socket whose queue is full.
const dialPause = 5 * time.Millisecond

func notConnected(err error) knockResult {
	var network net.Error
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOENT): // a unix socket's file is gone
		return knockRefused
	case errors.Is(err, unix.ECONNRESET):
		return knockReset
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return knockUnanswered
	}
	return knockNotMade
}
