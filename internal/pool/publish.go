package pool

import (
	"strconv"
	"strings"
	"time"

	"rota/internal/record"
)

const msec = time.Millisecond

func itoa(n int) string { return strconv.Itoa(n) }

func (p *Pool) tell(e record.Event) {
	e.Time = p.now
	p.want(Publish{e})
}

func (p *Pool) tellWorker(t record.EventType, m *member, from record.WorkerState, message string) {
	w := m.Worker
	e := record.Event{Type: t, Worker: &w, From: string(from), Message: message}
	if m.reload != nil {
		e.ReloadID = m.reload.ID
	}
	p.step(m.reload, strings.TrimPrefix(string(t), "worker."), m, message)
	p.tell(e)
}

// tellReload publishes the reload as it is now. Lists that grow are only in its last event.
func (p *Pool) tellReload(t record.EventType, r *reload, from record.ReloadState, message string) {
	r.told = r.figures()
	c := p.copyOf(r)
	if !r.State.Terminal() {
		c.Steps, c.Callers, c.CutConnections = nil, nil, nil
	}
	p.tell(record.Event{Type: t, ReloadID: r.ID, Reload: &c, From: string(from), Message: message})
}

// took is how long the phase that just ended took.
func (m *member) took(action string) time.Duration {
	switch {
	case action == "ready":
		return m.ReadyAt.Sub(m.StartedAt)
	case action == "exited" && !m.DrainingAt.IsZero():
		return m.ExitedAt.Sub(m.DrainingAt)
	}
	return 0
}

// step adds to the reload what happened to a worker because of it.
func (p *Pool) step(r *reload, action string, m *member, message string) {
	if r == nil {
		return
	}
	r.Steps = append(r.Steps, record.Step{At: p.now, Action: action, WorkerID: m.ID, Slot: m.Slot, Message: message, Took: m.took(action)})
}
