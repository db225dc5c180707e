package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const hello = "hello world"

// say sends one message over an open connection and expects the greeting.
func say(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("ping")); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	answer := make([]byte, len(hello))
	if _, err := io.ReadFull(c, answer); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if string(answer) != hello {
		return fmt.Errorf("the answer is %q", answer)
	}
	return nil
}

// once connects, is greeted and leaves.
func once(network, address string) error {
	c, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	if err := say(c); err != nil {
		return err
	}
	return leave(c)
}

// leave closes the client's side and waits for the server's: a reset is a failure too.
func leave(c net.Conn) error {
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return fmt.Errorf("half-close: %w", err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("instead of EOF: %d bytes, %w", n, err)
	}
	return nil
}

// hold opens n connections that have each been greeted once.
func hold(t *testing.T, network, address string, n int) []net.Conn {
	t.Helper()
	var list []net.Conn
	for range n {
		c, err := net.DialTimeout(network, address, patience)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		require.NoError(t, say(c))
		list = append(list, c)
	}
	return list
}

// churn connects in several lanes until it is stopped.
type churn struct {
	cancel context.CancelFunc
	lanes  sync.WaitGroup
	done   atomic.Int64
	failed atomic.Int64
	first  atomic.Pointer[error]
}

func startChurn(lanes int, visit func() error) *churn {
	ctx, cancel := context.WithCancel(context.Background())
	c := &churn{cancel: cancel}
	for range lanes {
		c.lanes.Go(func() {
			for ctx.Err() == nil {
				if err := visit(); err != nil {
					c.failed.Add(1)
					c.first.CompareAndSwap(nil, &err)
				}
				c.done.Add(1)
			}
		})
	}
	return c
}

// stop ends the lanes and fails the test if any visit failed.
func (c *churn) stop(t *testing.T) {
	t.Helper()
	c.cancel()
	c.lanes.Wait()
	require.Positive(t, c.done.Load())
	if first := c.first.Load(); first != nil {
		require.Failf(t, "connections were lost", "%d of %d; the first: %v", c.failed.Load(), c.done.Load(), *first)
	}
}
