package master

import (
	"sync"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
)

// observer looks at workers from outside: at their processes, connections and listeners. Reading /proc and asking
// the kernel takes a while, so the loop never does it. Goroutines do, and ask the loop for what they need to know.
type observer struct {
	*mailbox
	log        zerolog.Logger
	background *sync.WaitGroup // goroutines that must end before the master does
	own        *ownClients

	families func(workers []string) (map[string]kernel.Family, error) // their processes
	census   func(workers []string) (map[string][]Connection, error)  // their open connections
	glance   func(worker string, at []kernel.Listener) glance
}

func newObserver(b *mailbox, log zerolog.Logger, background *sync.WaitGroup) *observer {
	o := &observer{mailbox: b, log: log, background: background, own: &ownClients{}}
	o.families = o.findFamilies
	o.census = o.heldByWorker
	o.glance = o.glanceAt
	return o
}

// reacher makes connections to the listeners.
func (o *observer) reacher() reacher {
	return reacher{own: o.own, sockets: o.sockets, holders: o.whose}
}

// seeker finds out which generation has accepted a connection.
func (o *observer) seeker() *seeker {
	return &seeker{suspects: o.suspects, families: o.families}
}

// suspects are the workers that have a process, the newest first: they have the fewest connections yet.
func (o *observer) suspects() (list []suspect, err error) {
	workers, err := o.running()
	for _, w := range workers {
		list = append(list, suspect{w.id, w.generation, w.root.First()})
	}
	return list, err
}
