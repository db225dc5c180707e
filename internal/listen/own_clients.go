package listen

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// OwnClients remembers the connections that the master has made itself, for as long as a worker may have them. They are
// not counted as clients'. Any goroutine may use it.
type OwnClients struct {
	latest  atomic.Pointer[ownAddresses]
	lasting sync.Map // by address: those that may stay open for long
}

// ownAddresses never changes once it is made. It is searched for each of many connections.
type ownAddresses struct {
	order []string       // oldest first
	known map[string]int // how often each occurs: a port may be used again
}

// keepOwn is more than are open at a time: a round of checks opens its connections in bursts.
const keepOwn = 512

// Add remembers the connection until its end, or until many more were added.
func (o *OwnClients) Add(c Client) {
	for {
		before := o.latest.Load()
		if o.latest.CompareAndSwap(before, before.with(c.Local)) {
			return
		}
	}
}

// Keep remembers the connection until its end, however many others are added.
func (o *OwnClients) Keep(c Client) { o.lasting.Store(c.Local, nil) }

// End says that the connection is over. A client may get its port next, and soon if a proxy on this machine opens many
// connections. The name of a unix connection is never used again, and a worker may keep its end.
func (o *OwnClients) End(c Client) {
	time.AfterFunc(OwnLinger, func() {
		o.lasting.Delete(c.Local)
		if !strings.HasPrefix(c.Local, "@") {
			o.remove(c.Local)
		}
	})
}

// OwnLinger is how long a connection is remembered after its end: longer than a count takes that may have seen it. The
// kernel does not use a port for the same addresses again within a second.
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

// without removes one. It changes a, which nobody else may have yet.
func (a *ownAddresses) without(i int) *ownAddresses {
	address := a.order[i]
	a.order = slices.Delete(a.order, i, i+1)
	if a.known[address]--; a.known[address] == 0 {
		delete(a.known, address)
	}
	return a
}

// Has reports whether a connection from this address, as in Connection.Remote, is the master's own.
func (o *OwnClients) Has(remote string) bool {
	if _, lasts := o.lasting.Load(remote); lasts {
		return true
	}
	list := o.latest.Load()
	return list != nil && list.known[remote] > 0
}
