package master

import (
	"slices"
	"sync"
	"time"

	"rota/internal/kernel"
)

// How the gauge finds out which generation has accepted a probe. The kernel does not tell who holds a socket: the descriptors
// of the workers have to be read. With thousands of connections that takes milliseconds, so it is one search at a time.

// seeker finds the generation of the worker that holds a socket. Any goroutine may use it.
type seeker struct {
	suspects func() ([]suspect, error)                                // the newest first: they have the fewest connections yet
	families func(workers []string) (map[string]kernel.Family, error) // their processes

	mu     sync.Mutex
	finder kernel.Finder
	spent  time.Duration // by the latest search
}

// suspect is a worker that may hold a socket.
type suspect struct {
	id         string
	generation int
	first      kernel.Process // of its family; the zero value if that was gone before it was seen
}

// whose returns the generation of the worker that holds a socket; 0 if that can't be told. Not found: no worker
// has it, yet or any more.
func (s *seeker) whose(inode uint64) (generation int, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := time.Now()
	defer func() { s.spent = time.Since(began) }()
	suspects, err := s.suspects()
	if err != nil {
		return 0, true
	}
	return s.search(suspects, inode)
}

// search looks at the first processes of the workers before it looks for what came from them. Who may not be looked into may have it.
func (s *seeker) search(suspects []suspect, inode uint64) (int, bool) {
	first := make([]kernel.Family, len(suspects))
	for i, suspect := range suspects {
		first[i] = kernel.Family{suspect.first}
	}
	i, err := s.finder.Find(first, inode)
	if i >= 0 {
		return suspects[i].generation, true
	}
	ids := make([]string, len(suspects))
	for i, suspect := range suspects {
		ids[i] = suspect.id
	}
	families, failed := s.families(ids)
	if err != nil || failed != nil {
		return 0, true
	}
	others := make([]kernel.Family, len(suspects))
	for i, suspect := range suspects {
		others[i] = slices.DeleteFunc(slices.Clone(families[suspect.id]), func(p kernel.Process) bool { return p.PID == suspect.first.PID })
	}
	i, err = s.finder.Find(others, inode)
	if i >= 0 {
		return suspects[i].generation, true
	}
	return 0, err != nil
}

// cost is how long the latest search took.
func (s *seeker) cost() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent
}
