package listen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// Client is the client's end of a connection. The addresses are as in Connection: without zones, and IPv4 as IPv4.
type Client struct {
	Local  string // its own address; for a unix socket a unique name
	Remote string // the listener's
}

// Dial connects to a stream listener like any client on this machine. It reaches one that listens on all addresses at a
// loopback address.
func (a Spec) Dial(ctx context.Context) (net.Conn, Client, error) {
	var dialer net.Dialer
	if a.Network == "unix" {
		name := "@rota-client-" + uuid.NewString() // without a name the kernel's list does not show it
		dialer.LocalAddr = &net.UnixAddr{Net: a.Network, Name: name}
		c, err := dialer.DialContext(ctx, a.Network, a.Address)
		return c, Client{Local: name, Remote: a.Address}, err
	}
	c, err := dialer.DialContext(ctx, a.Network, a.Reachable())
	if errors.Is(err, unix.ECONNREFUSED) && a.anyIPv6() { // an inherited socket may be for IPv6 alone
		if second, err := dialer.DialContext(ctx, a.Network, net.JoinHostPort("::1", a.port())); err == nil {
			return second, clientOf(second), nil
		}
	}
	if err != nil {
		return nil, Client{}, err
	}
	return c, clientOf(c), nil
}

// DialPatiently connects, and waits for room in the queue of a unix socket as TCP does by itself.
func DialPatiently(ctx context.Context, a Spec) (net.Conn, Client, error) {
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

// NoAnswer reports whether Dial failed because nobody answered in time.
func NoAnswer(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Reachable is the address for a client on this machine. It prefers IPv4's loopback address, since IPv6's may be missing
// even if [::] works.
func (a Spec) Reachable() string {
	host, port, err := net.SplitHostPort(a.Address)
	if !a.Internet() || err != nil {
		return a.Address
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host != "" && (err != nil || !ip.IsUnspecified()):
		return a.Address
	case a.IPv6Only:
		return net.JoinHostPort("::1", port)
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// anyIPv6 reports whether it is [::] for both families.
func (a Spec) anyIPv6() bool {
	host, _, err := net.SplitHostPort(a.Address)
	return err == nil && host == "::" && !a.IPv6Only
}

func (a Spec) port() string {
	_, port, _ := net.SplitHostPort(a.Address)
	return port
}

func clientOf(c net.Conn) Client {
	return Client{Local: plain(c.LocalAddr()), Remote: plain(c.RemoteAddr())}
}

// plain is an address as in the kernel's list.
func plain(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return a.String()
	}
	address := tcp.AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap().WithZone(""), address.Port()).String()
}
