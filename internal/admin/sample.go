package admin

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/master"
)

// pool is what can be seen of the master, its workers and their sockets.
type pool interface {
	Status() (master.Status, error)
	Worker(id string) (master.Worker, error)
	Connections() (master.Listing, error)
	Queues() (map[string]kernel.Queue, error)
}

// sample is everything that can be seen, at one time. Nobody changes it.
type sample struct {
	began   time.Time
	took    time.Duration
	status  statusView
	workers workersView
	stats   []byte // both of them as one line of JSON
}

// sampler takes samples one at a time. A sample that was begun after somebody asked is as
// good for them as one of their own, so any number of readers who come at once share one,
// and nobody is told what was true only before they asked.
type sampler struct {
	pool    pool
	version string
	log     zerolog.Logger

	mu      sync.Mutex // held while a sample is taken
	last    *sample
	refusal string // of the kernel, that was logged last
}

// since returns a sample that was begun at t or later.
func (s *sampler) since(t time.Time) (*sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && !s.last.began.Before(t) {
		return s.last, nil
	}
	return s.take()
}

// shared returns a sample that is at most age old, or nine times as old as it took: watching
// ten thousand connections shall not cost more than a tenth of a core.
func (s *sampler) shared(age time.Duration) (*sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && time.Since(s.last.began) < max(age, 9*s.last.took) {
		return s.last, nil
	}
	return s.take()
}

func (s *sampler) take() (*sample, error) {
	fresh := &sample{began: time.Now()}
	status, err := s.pool.Status()
	if err != nil {
		return nil, err
	}
	seen, queues, err := s.sockets(status.Workers)
	if err != nil {
		return nil, err
	}
	fresh.status = viewStatus(status, s.version, fresh.began, seen.connections, queues)
	fresh.workers = viewWorkers(status.Workers, status.Generation, seen)
	if fresh.stats, err = encodeJSON(viewStats(fresh)); err != nil {
		return nil, err
	}
	fresh.took = time.Since(fresh.began)
	s.last = fresh
	return fresh, nil
}

// statsView is the data of the event stats.
type statsView struct {
	Status  statusView   `json:"status"`
	Workers []workerView `json:"workers"`
}

func viewStats(now *sample) statsView {
	workers := slices.Clone(now.workers.Workers)
	for i := range workers {
		workers[i].Processes, workers[i].Program = nil, nil
	}
	return statsView{now.status, workers}
}

// census counts connections by worker; a worker of whom the kernel doesn't tell is not in it.
type census map[string]int

// sockets asks the kernel. Without its answer the rest is still worth telling, so a refusal
// is logged, once, and leaves nil behind.
func (s *sampler) sockets(workers []master.Worker) (seen, map[string]kernel.Queue, error) {
	listing, err1 := s.pool.Connections()
	queues, err2 := s.pool.Queues()
	err := errors.Join(err1, err2)
	if errors.Is(err, master.ErrStopped) {
		return seen{}, nil, err
	}
	s.logRefusal(err)
	if err2 != nil {
		queues = nil
	}
	if err1 != nil {
		return seen{families: listing.Families}, queues, nil
	}
	counts := census{}
	for _, w := range workers {
		if w.PID != 0 && !slices.Contains(listing.Unseen, w.ID) {
			counts[w.ID] = 0
		}
	}
	for i := range listing.Connections {
		counts[listing.Connections[i].WorkerID]++
	}
	return seen{counts, listing.Families}, queues, nil
}

func (s *sampler) logRefusal(err error) {
	refusal := ""
	if err != nil {
		refusal = err.Error()
	}
	if refusal != "" && refusal != s.refusal {
		s.log.Warn().Err(err).Msg("the kernel does not tell about sockets")
	}
	s.refusal = refusal
}
