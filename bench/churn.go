package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const churnLanes = 32

// churn is lanes that connect, send one message, read the reply and close, again and again.
type churn struct {
	addr    string
	windows *windows
	done    atomic.Int64
	failed  failures
	lanes   sync.WaitGroup
}

// startChurn runs so many lanes until the context ends; wait returns when each of them
// has brought its last connection to an end.
func startChurn(ctx context.Context, addr string, lanes int) *churn {
	c := &churn{addr: addr, windows: newWindows()}
	for range lanes {
		c.lanes.Go(func() {
			for ctx.Err() == nil {
				c.connection()
			}
		})
	}
	return c
}

func (c *churn) wait() { c.lanes.Wait() }

func (c *churn) connection() {
	if err := oneMessage(c.addr); err != nil {
		c.failed.count(err)
		return
	}
	c.done.Add(1)
	c.windows.hit()
}

func oneMessage(addr string) error {
	conn, err := dial(addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	var buffer [len(reply)]byte
	return exchange(conn, &buffer)
}

// churnRate is connections per second over the duration. A single failure is an error.
func churnRate(ctx context.Context, addr string, duration time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	c := startChurn(ctx, addr, churnLanes)
	c.wait()
	if c.failed.total() > 0 {
		return 0, fmt.Errorf("churn on %s: %s", addr, c.failed.String())
	}
	return float64(c.done.Load()) / time.Since(c.windows.began).Seconds(), nil
}

// failures counts connections that went wrong, by the way in which they did.
type failures struct {
	mu      sync.Mutex
	classes [len(failureClasses)]int
	example error
}

var failureClasses = [...]string{"refused", "reset", "timeout", "short", "other"}

func (f *failures) count(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.classes[failureClass(err)]++
	if f.example == nil {
		f.example = err
	}
}

// failureClass is an index into failureClasses.
func failureClass(err error) int {
	var netErr net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return 0
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return 1
	case errors.As(err, &netErr) && netErr.Timeout():
		return 2
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return 3
	default:
		return 4
	}
}

func (f *failures) total() (total int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.classes {
		total += n
	}
	return total
}

// String lists the count of every class, and one error in full if there was any.
func (f *failures) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var counts []string
	for i, class := range failureClasses {
		counts = append(counts, fmt.Sprintf("%s %d", class, f.classes[i]))
	}
	text := strings.Join(counts, ", ")
	if f.example != nil {
		text += fmt.Sprintf(" (first: %v)", f.example)
	}
	return text
}

func (f *failures) merge(other *failures) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, n := range other.classes {
		f.classes[i] += n
	}
	if f.example == nil {
		f.example = other.example
	}
}

// row has a goal of none at all.
func (f *failures) row(name string, connections int) row {
	failed := float64(f.total())
	return row{
		Name: name, Unit: "conns", Goal: atMost(0),
		Measured: failed, Reference: float64(connections), Ratio: failed / float64(connections),
		Note: f.String(),
	}
}
