package admin

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/present"
	"rota/internal/record"
	"rota/internal/view"
)

// poolState is what can be seen of the master, its workers and their sockets.
type poolState interface {
	Status() (master.Status, error)
	Worker(id string) (record.Worker, error)
	Connections() (observer.Listing, error)
	Queues() (map[string]kernel.Queue, error)
}

// snapshot is everything that can be seen, at one time. Nobody changes it.
type snapshot struct {
	began   time.Time
	took    time.Duration
	status  view.Status
	workers view.Workers
	stats   []byte // both as one line of JSON
}

// snapshotCache takes snapshots one at a time. Readers that come at once share one, but only
// one that began after they asked: nobody is told what was true only before.
type snapshotCache struct {
	pool    poolState
	version string
	log     zerolog.Logger

	mu      sync.Mutex // held while a snapshot is taken
	last    *snapshot
	refusal string // of the kernel, that was logged last
}

// since returns a snapshot that began at t or later.
func (c *snapshotCache) since(t time.Time) (*snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && !c.last.began.Before(t) {
		return c.last, nil
	}
	return c.take()
}

// recent returns a snapshot that is at most age old, or nine times as old as it took: watching ten
// thousand connections must not cost more than a tenth of a core.
func (c *snapshotCache) recent(age time.Duration) (*snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && time.Since(c.last.began) < max(age, 9*c.last.took) {
		return c.last, nil
	}
	return c.take()
}

func (c *snapshotCache) take() (*snapshot, error) {
	fresh := &snapshot{began: time.Now()}
	status, err := c.pool.Status()
	if err != nil {
		return nil, err
	}
	seen, queues, err := c.sockets(status.Workers)
	if err != nil {
		return nil, err
	}
	fresh.status = present.Status(status, c.version, fresh.began, seen.Connections, queues)
	fresh.workers = present.Workers(status.Workers, status.Generation, seen)
	if fresh.stats, err = view.Encode(present.Stats(fresh.status, fresh.workers)); err != nil {
		return nil, err
	}
	fresh.took = time.Since(fresh.began)
	c.last = fresh
	return fresh, nil
}

// sockets asks the kernel. A refusal leaves nil behind, because the rest is still worth telling. It
// is logged once.
func (c *snapshotCache) sockets(workers []record.Worker) (present.Seen, map[string]kernel.Queue, error) {
	listing, err1 := c.pool.Connections()
	queues, err2 := c.pool.Queues()
	err := errors.Join(err1, err2)
	if errors.Is(err, master.ErrStopped) {
		return present.Seen{}, nil, err
	}
	c.logRefusal(err)
	if err2 != nil {
		queues = nil
	}
	if err1 != nil {
		return present.Seen{Families: listing.Families}, queues, nil
	}
	return present.Seen{Connections: census(workers, listing), Families: listing.Families}, queues, nil
}

func census(workers []record.Worker, listing observer.Listing) present.Census {
	counts := present.Census{}
	for _, w := range workers {
		if w.PID != 0 && !slices.Contains(listing.Unseen, w.ID) {
			counts[w.ID] = 0
		}
	}
	for i := range listing.Connections {
		counts[listing.Connections[i].WorkerID]++
	}
	return counts
}

func (c *snapshotCache) logRefusal(err error) {
	refusal := ""
	if err != nil {
		refusal = err.Error()
	}
	if refusal != "" && refusal != c.refusal {
		c.log.Warn().Err(err).Msg("the kernel does not list the sockets")
	}
	c.refusal = refusal
}

func (s *Server) showStatus(w http.ResponseWriter, _ *http.Request, _ query) error {
	now, err := s.snapshots.since(time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, now.status)
}
