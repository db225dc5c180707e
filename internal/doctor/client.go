package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// client is a connection to the program.
type client struct {
	net.Conn
	r       *bufio.Reader
	release func() bool
}

// connect makes a connection whose reads and writes fail at once when the context ends.
func (r *run) connect(ctx context.Context) (*client, error) {
	c, err := r.socket.dial(ctx)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(ctx, func() { _ = c.Close() })
	if r.tls != nil {
		c = tls.Client(c, r.tls)
	}
	return &client{Conn: c, r: bufio.NewReader(c), release: release}, nil
}

// tlsFor returns the TLS settings of a client that asks for the host and verifies no certificate.
func tlsFor(host string) *tls.Config {
	return &tls.Config{ServerName: host, InsecureSkipVerify: true} //nolint:gosec // the doctor only watches
}

// greet makes the TLS handshake now, instead of with the first byte.
func (c *client) greet(bound time.Duration) error {
	over, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	c.within(bound)
	if err := explain(over.Handshake()); err != nil {
		return fmt.Errorf("the TLS handshake fails: %w (leave out --tls if it speaks none; --host NAME is the name by which it is reached)", err)
	}
	return nil
}

func (c *client) Close() error {
	c.release()
	return c.Conn.Close()
}

// within sets the deadline of the next reads and writes.
func (c *client) within(bound time.Duration) { _ = c.SetDeadline(time.Now().Add(bound)) }

// hears reports whether the program says anything within the bound. If it closes the connection, that is an
// error.
func (c *client) hears(bound time.Duration) (bool, error) {
	c.within(bound)
	_, err := c.r.Peek(1)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}
