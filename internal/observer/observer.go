// Package observer looks at workers from outside, by the kernel's word: it needs nothing from the workers themselves,
// and so it tells the truth about one that hangs.
//
// It finds the processes of each worker (families.go) and the connections that they hold (connections.go), who has
// accepted a connection (connection_owner.go), what keeps a draining worker from leaving (holding.go), whether a worker
// accepts connections (accepting.go, search.go), whether older workers have closed their listeners
// (old_listeners_closed.go), and whether there is room for more workers (capacity.go).
//
// Reading /proc and asking the kernel takes a while, so the master's loop never does it: other goroutines call these
// methods, and what the observer must know of the loop it asks through the interface Loop. Many who ask for the same at
// once share one look (survey.go).
package observer

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/reach"
	"rota/internal/record"
)

// ErrStopped is returned once the master's loop has ended.
var ErrStopped = errors.New("the master has stopped")

// Loop is what the observer must know of the master's loop. Each method waits for the loop and returns copies. The only
// error is ErrStopped.
type Loop interface {
	Running() ([]Worker, error)              // the workers that have a process, in any order
	Roots() (map[string]kernel.Root, error)  // how to find the processes of each worker
	Endpoints() ([]kernel.Listener, error)   // all listening sockets whose connections a worker may have
	Remember(map[string]kernel.Family) error // the processes that the workers were found to have
	Looked(losses.Look)                      // what a look at the connections of workers has shown
}

// Worker is a worker that has a process.
type Worker struct {
	ID         string
	Generation int
	State      record.WorkerState
	Root       kernel.Root // how to find its processes
	Accepts    bool        // it has stream listeners, and was not seen to have stopped accepting
}

// Looks are the ways to look at workers. A test without processes replaces them.
type Looks struct {
	Families func(workers []string) (map[string]kernel.Family, error)       // their processes
	Held     func(workers []string) (map[string][]listen.Connection, error) // their open connections
	Glance   func(worker string, at []kernel.Listener) Glance               // how it waits for connections
}

// Observer looks at the workers of one master. Any goroutine but the loop may call its methods.
type Observer struct {
	Looks Looks
	Own   *listen.OwnClients // the connections that the master has made itself

	loop Loop
	done <-chan struct{} // closed when the loop has ended
	log  zerolog.Logger

	// Callers have a survey of their own, so that minders do not wait for them.
	held     survey[map[string][]listen.Connection] // for minders, as the next; nil if the kernel does not tell
	families survey[map[string]kernel.Family]
	all      survey[sighting] // for callers
}

// New makes an observer. done is closed when the loop has ended.
func New(l Loop, done <-chan struct{}, log zerolog.Logger) *Observer {
	o := &Observer{Own: &listen.OwnClients{}, loop: l, done: done, log: log}
	o.Looks = Looks{Families: o.findFamilies, Held: o.heldByWorker, Glance: o.glance}
	o.held.look, o.families.look, o.all.look = o.lookAtHeld, o.lookAtFamilies, o.lookAtAll
	o.all.rests = true
	return o
}

// running lists the workers that have a process, the newest generation first.
func (o *Observer) running() ([]Worker, error) {
	list, err := o.loop.Running()
	slices.SortFunc(list, func(a, b Worker) int { return cmp.Or(b.Generation-a.Generation, cmp.Compare(a.ID, b.ID)) })
	return list, err
}

func idsOf(workers []Worker) []string {
	ids := make([]string, len(workers))
	for i, w := range workers {
		ids[i] = w.ID
	}
	return ids
}

// Dialer connects to one particular worker through a listener.
func (o *Observer) Dialer() reach.Dialer {
	return reach.Dialer{Own: o.Own, Sockets: o.loop.Endpoints, Holders: o.whose}
}

// Generations finds out which generation has accepted a connection.
func (o *Observer) Generations() *reach.GenerationFinder {
	return &reach.GenerationFinder{Candidates: o.candidates, Families: o.Families}
}

// candidates are the workers that have a process, the newest first: they have the fewest connections yet.
func (o *Observer) candidates() (list []reach.Candidate, err error) {
	workers, err := o.running()
	for _, w := range workers {
		list = append(list, reach.Candidate{ID: w.ID, Generation: w.Generation, First: w.Root.First()})
	}
	return list, err
}

// warning is a warning about an error. That the master has stopped meanwhile is worth none: nil, which logs nothing.
func (o *Observer) warning(err error) *zerolog.Event {
	if errors.Is(err, ErrStopped) {
		return nil
	}
	return o.log.Warn().Err(err)
}

// pause returns after a while, or when the loop ends.
func (o *Observer) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-o.done:
	}
}
