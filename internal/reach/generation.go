package reach

import (
	"slices"
	"sync"
	"time"

	"rota/internal/kernel"
)

// How the gauge finds out which generation has accepted a probe. The kernel does not tell who holds a socket: the descriptors
// of the workers have to be read. With thousands of connections that takes milliseconds, so it is one search at a time.

// Seeker finds the generation of the worker that holds a socket. Any goroutine may use it.
type Seeker struct {
	Suspects func() ([]Suspect, error)                                // the newest first: they have the fewest connections yet
	Families func(workers []string) (map[string]kernel.Family, error) // their processes

	mu     sync.Mutex
	finder kernel.Finder
	spent  time.Duration // by the latest search
}

// Suspect is a worker that may hold a socket.
type Suspect struct {
	ID         string
	Generation int
	First      kernel.Process // of its family; the zero value if that was gone before it was seen
}

// Whose returns the generation of the worker that holds a socket; 0 if that can't be told. Not found: no worker
// has it, yet or any more.
func (s *Seeker) Whose(inode uint64) (generation int, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := time.Now()
	defer func() { s.spent = time.Since(began) }()
	suspects, err := s.Suspects()
	if err != nil {
		return 0, true
	}
	return s.search(suspects, inode)
}

// search looks at the first processes of the workers before it looks for what came from them. Who may not be looked into may have it.
func (s *Seeker) search(suspects []Suspect, inode uint64) (int, bool) {
	first := make([]kernel.Family, len(suspects))
	for i, suspect := range suspects {
		first[i] = kernel.Family{suspect.First}
	}
	i, err := s.finder.Find(first, inode)
	if i >= 0 {
		return suspects[i].Generation, true
	}
	ids := make([]string, len(suspects))
	for i, suspect := range suspects {
		ids[i] = suspect.ID
	}
	families, failed := s.Families(ids)
	if err != nil || failed != nil {
		return 0, true
	}
	others := make([]kernel.Family, len(suspects))
	for i, suspect := range suspects {
		others[i] = slices.DeleteFunc(slices.Clone(families[suspect.ID]), func(p kernel.Process) bool { return p.PID == suspect.First.PID })
	}
	i, err = s.finder.Find(others, inode)
	if i >= 0 {
		return suspects[i].Generation, true
	}
	return 0, err != nil
}

// Cost is how long the latest search took.
func (s *Seeker) Cost() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent
}
