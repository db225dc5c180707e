package reach

import (
	"slices"
	"sync"
	"time"

	"rota/internal/kernel"
)

// GenerationFinder finds the generation of the worker that holds a socket. The kernel does not tell who holds a
// socket: the descriptors of the workers have to be read. With thousands of connections that takes milliseconds, so
// there is one search at a time. Any goroutine may use it.
type GenerationFinder struct {
	Candidates func() ([]Candidate, error)                              // the newest first: they have the fewest connections yet
	Families   func(workers []string) (map[string]kernel.Family, error) // their processes

	mu     sync.Mutex
	finder kernel.Finder
	cost   time.Duration // of the latest search
}

// Candidate is a worker that may hold a socket.
type Candidate struct {
	ID         string
	Generation int
	First      kernel.Process // of its family; the zero value if that was gone before it was seen
}

// Find returns the generation of the worker that holds the socket with this inode; 0 if nobody can tell. Not found:
// no worker has it, yet or any more.
func (g *GenerationFinder) Find(inode uint64) (generation int, found bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	began := time.Now()
	defer func() { g.cost = time.Since(began) }()
	candidates, err := g.Candidates()
	if err != nil {
		return 0, true
	}
	return g.search(candidates, inode)
}

// search looks at the first process of each worker before it looks for the processes that came from it. If a process
// may not be looked into, it may have the socket.
func (g *GenerationFinder) search(candidates []Candidate, inode uint64) (int, bool) {
	first := make([]kernel.Family, len(candidates))
	ids := make([]string, len(candidates))
	for i, c := range candidates {
		first[i], ids[i] = kernel.Family{c.First}, c.ID
	}
	i, err := g.finder.Find(first, inode)
	if i >= 0 {
		return candidates[i].Generation, true
	}
	families, failed := g.Families(ids)
	if err != nil || failed != nil {
		return 0, true
	}
	others := make([]kernel.Family, len(candidates))
	for i, c := range candidates {
		others[i] = slices.DeleteFunc(slices.Clone(families[c.ID]), func(p kernel.Process) bool { return p.PID == c.First.PID })
	}
	i, err = g.finder.Find(others, inode)
	if i >= 0 {
		return candidates[i].Generation, true
	}
	return 0, err != nil
}

// Cost is how long the latest search took.
func (g *GenerationFinder) Cost() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cost
}
