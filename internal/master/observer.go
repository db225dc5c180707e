package master

import (
	"sync"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/reach"
)

// observer looks at workers from outside: at their processes, connections and listeners. Reading /proc and asking
// the kernel takes a while, so the loop never does it. Goroutines do, and ask the loop for what they need to know.
type observer struct {
	*mailbox
	log        zerolog.Logger
	background *sync.WaitGroup // goroutines that must end before the master does
	own        *listen.OwnClients

	families func(workers []string) (map[string]kernel.Family, error)       // their processes
	census   func(workers []string) (map[string][]listen.Connection, error) // their open connections
	glance   func(worker string, at []kernel.Listener) glance
}

func newObserver(b *mailbox, log zerolog.Logger, background *sync.WaitGroup) *observer {
	o := &observer{mailbox: b, log: log, background: background, own: &listen.OwnClients{}}
	o.families = o.findFamilies
	o.census = o.heldByWorker
	o.glance = o.glanceAt
	return o
}

// dialer connects to one particular worker through a listener.
func (o *observer) dialer() reach.Dialer {
	return reach.Dialer{Own: o.own, Sockets: o.sockets, Holders: o.whose}
}

// generations finds out which generation has accepted a connection.
func (o *observer) generations() *reach.GenerationFinder {
	return &reach.GenerationFinder{Candidates: o.candidates, Families: o.families}
}

// candidates are the workers that have a process, the newest first: they have the fewest connections yet.
func (o *observer) candidates() (list []reach.Candidate, err error) {
	workers, err := o.running()
	for _, w := range workers {
		list = append(list, reach.Candidate{ID: w.id, Generation: w.generation, First: w.root.First()})
	}
	return list, err
}
