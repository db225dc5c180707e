package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const pingpongConnections = 64

// pingpongRate is replies per second on connections that stay open, each sending its
// next message when the reply to the last has come. A single failure is an error.
func pingpongRate(ctx context.Context, addr string, duration time.Duration) (float64, error) {
	conns, err := dialMany(addr, pingpongConnections)
	defer closeAll(conns)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()

	var replies atomic.Int64
	errs := make([]error, len(conns))
	began := time.Now()
	var lanes sync.WaitGroup
	for i, conn := range conns {
		lanes.Go(func() { errs[i] = pingpong(ctx, conn, &replies) })
	}
	lanes.Wait()
	return float64(replies.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}

func pingpong(ctx context.Context, conn net.Conn, replies *atomic.Int64) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline.Add(patience)); err != nil {
			return err
		}
	}
	var buffer [len(reply)]byte
	for ctx.Err() == nil {
		if err := exchange(conn, &buffer); err != nil {
			return err
		}
		replies.Add(1)
	}
	return nil
}

// dialMany opens n connections and has one message answered on each. It returns
// those it opened even if it failed on the way.
func dialMany(addr string, n int) ([]net.Conn, error) {
	conns := make([]net.Conn, 0, n)
	var buffer [len(reply)]byte
	for range n {
		conn, err := dial(addr)
		if err != nil {
			return conns, fmt.Errorf("connection %d: %w", len(conns)+1, err)
		}
		conns = append(conns, conn)
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return conns, err
		}
		if err := exchange(conn, &buffer); err != nil {
			return conns, fmt.Errorf("connection %d: %w", len(conns), err)
		}
	}
	return conns, nil
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		conn.Close()
	}
}
