package listen

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// How the master is a client of its own listeners, one that can be told from all others.

// Client is the client's end of a connection, as Connection has the addresses: without zones, IPv4 as such.
type Client struct {
	Local  string // its own address; of a unix socket a name that nobody else has
	Remote string // the listener's
}

// Dial connects to a stream listener like any client on this machine. Who listens on any address
// is reached at a loopback address.
func (a ListenAddress) Dial(ctx context.Context) (net.Conn, Client, error) {
	var dialer net.Dialer
	if a.Network == "unix" {
		name := "@rota-client-" + uuid.NewString() // what has no name can't be found in the kernel's list
		dialer.LocalAddr = &net.UnixAddr{Net: a.Network, Name: name}
		c, err := dialer.DialContext(ctx, a.Network, a.Address)
		return c, Client{Local: name, Remote: a.Address}, err
	}
	c, err := dialer.DialContext(ctx, a.Network, a.Reachable())
	if errors.Is(err, unix.ECONNREFUSED) && a.anyIPv6() { // a socket that rota was given may be for IPv6 alone
		if second, err := dialer.DialContext(ctx, a.Network, net.JoinHostPort("::1", a.port())); err == nil {
			return second, clientOf(second), nil
		}
	}
	if err != nil {
		return nil, Client{}, err
	}
	return c, clientOf(c), nil
}

// DialPatiently connects, and waits until there is room in the queue. TCP does that by itself.
func DialPatiently(ctx context.Context, a ListenAddress) (net.Conn, Client, error) {
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

// NoAnswer reports whether a connection failed because nobody answered in time.
func NoAnswer(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Reachable is the address for a client on this machine. IPv6's own loopback address may be missing
// where [::] can be listened on, so IPv4's is preferred.
func (a ListenAddress) Reachable() string {
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
func (a ListenAddress) anyIPv6() bool {
	host, _, err := net.SplitHostPort(a.Address)
	return err == nil && host == "::" && !a.IPv6Only
}

func (a ListenAddress) port() string {
	_, port, _ := net.SplitHostPort(a.Address)
	return port
}

func clientOf(c net.Conn) Client {
	return Client{Local: plain(c.LocalAddr()), Remote: plain(c.RemoteAddr())}
}

// plain writes an address as the kernel's list has it.
func plain(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return a.String()
	}
	address := tcp.AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap().WithZone(""), address.Port()).String()
}

// OwnClients remembers the connections that the master has made itself, for as long as a worker may
// have them, so that nobody takes one for a lost client's. Any goroutine may use it.
type OwnClients struct {
	latest  atomic.Pointer[ownAddresses]
	lasting sync.Map // by address: those that may be open for long, while many others come and go
}

// ownAddresses never change once they are made. They are looked up for each of many connections.
type ownAddresses struct {
	order []string       // oldest first
	known map[string]int // how often each is among them: a port may be used again
}

// keepOwn is more than are open at a time: a round of checks opens its connections in bursts.
const keepOwn = 512

func (o *OwnClients) Add(c Client) {
	for {
		before := o.latest.Load()
		if o.latest.CompareAndSwap(before, before.with(c.Local)) {
			return
		}
	}
}

// Keep remembers the connection until its end, however many others there are.
func (o *OwnClients) Keep(c Client) { o.lasting.Store(c.Local, nil) }

// End says that the connection is over. Its port may be a client's next, and soon where a proxy on this machine opens many.
// A worker may keep its end of a unix connection, of which the name is never used again.
func (o *OwnClients) End(c Client) {
	time.AfterFunc(OwnLinger, func() {
		o.lasting.Delete(c.Local)
		if !strings.HasPrefix(c.Local, "@") {
			o.remove(c.Local)
		}
	})
}

// OwnLinger is longer than a count takes that may have seen the connection. The kernel does not use
// a port for the same addresses again within a second.
const OwnLinger = 2 * time.Second

func (o *OwnClients) remove(address string) {
	for {
		before := o.latest.Load()
		i := slices.Index(before.order, address)
		if i < 0 || o.latest.CompareAndSwap(before, before.clone().without(i)) {
			return
		}
	}
}

func (a *ownAddresses) with(address string) *ownAddresses {
	next := &ownAddresses{known: map[string]int{}}
	if a != nil {
		next = a.clone()
	}
	if len(next.order) == keepOwn {
		next = next.without(0)
	}
	next.order = append(next.order, address)
	next.known[address]++
	return next
}

func (a *ownAddresses) clone() *ownAddresses {
	return &ownAddresses{order: slices.Clone(a.order), known: maps.Clone(a.known)}
}

// without takes one out of a that nobody else has yet.
func (a *ownAddresses) without(i int) *ownAddresses {
	address := a.order[i]
	a.order = slices.Delete(a.order, i, i+1)
	if a.known[address]--; a.known[address] == 0 {
		delete(a.known, address)
	}
	return a
}

// Has reports whether the connection from this address, as Connection.Remote has it, is one.
func (o *OwnClients) Has(remote string) bool {
	if _, lasts := o.lasting.Load(remote); lasts {
		return true
	}
	list := o.latest.Load()
	return list != nil && list.known[remote] > 0
}
