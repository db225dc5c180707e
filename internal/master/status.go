package master

import (
	"os"
	"slices"
	"time"

	"rota/internal/listen"
	"rota/internal/record"
)

// Status is a copy of the master's own state.
type Status struct {
	PID        int
	StartedAt  time.Time
	Generation int // that serves
	Size       int // slots
	Ready      int // workers in this state, as the next two
	Starting   int
	Draining   int
	Looping    []int // slots in a crash loop
	Waiting    []WaitingSlot
	Stopping   bool
	Workers    []record.Worker // those that are not gone, by slot, the newest first within one
	Listeners  []listen.Spec   // of the generation that serves, with the port that the kernel chose, where 0 was asked for
	Missing    []string        // what workers are started from and has been deleted, and why nobody can reach a listener, a sentence each
	Shut       []string        // the latter alone
	Totals     record.Totals
	Reload     *record.Reload // the one that rotates, else the newest that is still draining; nil for none
}

// WaitingSlot is a slot without a worker: the next is started when its back-off is over.
type WaitingSlot struct {
	Slot    int
	Deaths  int           // in a row
	NextTry time.Time     // when the back-off is over
	Last    record.Worker // that died in it; its Exit is nil if it was given up, for not getting ready or a missed watchdog, and not gone yet
}

// Serving reports whether the master can be trusted with traffic: at least one worker is
// ready, no slot is in a crash loop, clients can reach every listener, and it does not stop.
func (s Status) Serving() bool {
	return s.Ready > 0 && len(s.Looping) == 0 && len(s.Shut) == 0 && !s.Stopping
}

// Status returns the master's state and its workers', as they are at one moment.
func (m *Master) Status() (Status, error) {
	s, err := m.status()
	s.PID, s.StartedAt = os.Getpid(), m.startedAt
	return s, err
}

// Worker returns one worker, also one of the latest that are gone. Error: ErrNoWorker.
func (m *Master) Worker(id string) (record.Worker, error) {
	return m.worker(id)
}

// Reloads returns the history, newest first.
func (m *Master) Reloads() ([]record.Reload, error) { return m.reloads() }

// ReloadByID returns one reload of the history. Error: ErrNoReload.
func (m *Master) ReloadByID(id string) (record.Reload, error) {
	found, err := m.reload(id)
	if err != nil {
		return record.Reload{}, err
	}
	return m.recount(found), nil
}

// recount asks the kernel how many connections the reload's older workers have now: what
// was counted last may be a moment old, and just after the drain began nothing was yet.
func (m *Master) recount(r record.Reload) record.Reload {
	if r.State.Terminal() || r.Draining == 0 {
		return r
	}
	listing, err := m.Connections()
	if err != nil {
		return r
	}
	held, draining, err := m.heldFor(&r, listing)
	if err != nil || len(held) != draining {
		return r
	}
	r.ConnectionsRemaining, r.ConnectionsCounted = 0, true
	for _, list := range held {
		r.ConnectionsRemaining += len(list)
	}
	return r
}

func (l *loop) status() Status {
	p, now := l.pool, time.Now()
	s := Status{
		Generation: p.ServingGeneration(),
		Size:       p.Size(),
		Looping:    p.CrashLoops(now),
		Stopping:   p.Stopping(),
		Totals:     p.Totals(),
		Listeners:  l.addresses(),
		Shut:       l.shut(),
	}
	s.Missing = append(slices.Clone(l.missing), s.Shut...)
	for _, w := range p.Living() {
		s.add(w)
	}
	for _, b := range p.Backoffs() {
		s.Waiting = append(s.Waiting, WaitingSlot{Slot: b.Slot, Deaths: b.Deaths, NextTry: l.retryAt[b.Slot], Last: b.Last})
	}
	if r := p.Current(); r != nil {
		c := l.pool.CopyOf(r)
		s.Reload = &c
	}
	return s
}

// add counts a worker in.
func (s *Status) add(w record.Worker) {
	s.Workers = append(s.Workers, w)
	switch w.State {
	case record.WorkerReady:
		s.Ready++
	case record.WorkerStarting:
		s.Starting++
	case record.WorkerDraining:
		s.Draining++
	case record.WorkerExited: // those are not among the living
	}
}
