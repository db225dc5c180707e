package pool

import (
	"fmt"
	"slices"

	"rota/internal/record"
)

func (p *Pool) onForked(m *member, pid int) {
	m.PID = pid
	p.tellWorker(record.EventWorkerStarted, m, "", fmt.Sprintf("worker started in slot %d", m.Slot))
}

// onReady marks a worker as ready, once.
func (p *Pool) onReady(m *member, how record.ReadyProof) {
	if m.State != record.WorkerStarting {
		return
	}
	m.ReadyProof = how
	p.want(Admit{Worker: m.ID, How: how})
	message := fmt.Sprintf("worker ready in slot %d after %s", m.Slot, p.now.Sub(m.StartedAt).Round(msec))
	if how.Detail != "" {
		message += ": " + how.Detail
	}
	m.reload.assume(how)
	p.moveWorker(m, record.WorkerReady, message)
}

// onStartTimeout gives up a worker that is not ready in time. It may have accepted connections already, so it
// is drained, not killed.
func (p *Pool) onStartTimeout(m *member, f StartTimedOut) {
	if m.State != record.WorkerStarting {
		return
	}
	why := fmt.Sprintf("was not ready in %s: %s", p.now.Sub(m.StartedAt).Round(msec), f.Missing)
	s := p.slotOf(m)
	p.dismiss(m, m.reload, "it "+why)
	p.lost(s, m, why, f.Output)
}

// onSilent gives up a worker that has missed its watchdog. It may hang forever, so it is aborted, not
// drained. Its slot gets another worker at once.
func (p *Pool) onSilent(m *member, f WentSilent) {
	if m.State != record.WorkerReady {
		return
	}
	why := fmt.Sprintf("missed its watchdog: it said nothing for %s%s", f.Silence, f.Why)
	s := p.slotOf(m)
	p.totals.WorkersDied++
	p.countDeath(m)
	p.want(Abort{Worker: m.ID})
	p.markDraining(m, "it "+why)
	p.lost(s, m, why, f.Output)
}

func (p *Pool) onDrainTimeout(m *member) {
	if m.State != record.WorkerDraining {
		return
	}
	p.step(m.reload, "killed", m, "it was still there at the drain timeout")
	p.want(Kill{Worker: m.ID})
}

func (p *Pool) onExited(m *member, exit record.Exit) {
	from, s := m.State, p.slotOf(m)
	p.want(Bury{Worker: m.ID, Exit: exit})
	if m.PID != 0 && !exit.Killed {
		p.onStoppedAccepting(m, p.now, false) // at the latest
	}
	delete(p.workers, m.ID)
	m.Exit = &exit
	p.settleConnections(m, from, exit)
	how := exit.String()
	if from == record.WorkerStarting && exit.Code == 0 {
		how += " before it was ready; a worker has to stay in the foreground"
	}
	message := fmt.Sprintf("worker of slot %d %s", m.Slot, how)
	if exit.Cut > 0 {
		message += ", " + record.Plural(exit.Cut, "connection was cut", "connections were cut")
	}
	p.moveWorker(m, record.WorkerExited, message)
	p.gone = append(p.gone, m.Worker)
	if extra := len(p.gone) - keepExited; extra > 0 {
		p.gone = slices.Delete(p.gone, 0, extra)
	}
	if from != record.WorkerDraining {
		p.totals.WorkersDied++
		p.countDeath(m)
		p.lost(s, m, how, exit.Output)
	}
}

// lost removes a dead worker from its slot. If it was on trial, the rotation fails. Otherwise it is replaced,
// at once or after a backoff.
func (p *Pool) lost(s *slot, m *member, why string, output []string) {
	if s == nil {
		return
	}
	onTrial, renewal := p.onTrial(s, m), s.next == m && p.rotating == nil
	if s.next == m {
		s.next = nil
	} else {
		s.duty = nil
	}
	if onTrial {
		p.failWorker(m, why, output)
	}
	left := p.rotating == nil && s.duty == nil // reverting has failed as well, and nobody serves the slot
	if onTrial && !left || renewal {
		return // the older one serves on, or the rotation brings another
	}
	died := m.Worker
	s.died, s.words = &died, output
	s.restarts++
	if m.stable(p.now) {
		s.deaths = 0
	}
	s.deaths++
	if s.deaths > 1 {
		s.retrying = true
		p.want(Retry{Slot: s.number, Deaths: s.deaths - 1})
	}
}

// countDeath counts the death of a worker that has served, for each reload under way: its connections are
// lost.
func (p *Pool) countDeath(m *member) {
	if m.ReadyAt.IsZero() {
		return
	}
	for _, r := range p.reloads {
		if r.Begun() {
			r.Died++
		}
	}
}

// slotOf is the slot that the worker belongs to, or nil.
func (p *Pool) slotOf(m *member) *slot {
	if m.Slot >= len(p.slots) {
		return nil
	}
	if s := p.slots[m.Slot]; s.duty == m || s.next == m {
		return s
	}
	return nil
}
