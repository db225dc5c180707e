package master

import (
	"fmt"
	"slices"
)

// What happens to a single worker, and what that means for its slot.

func (p *pool) onForked(m *member, pid int) {
	m.PID = pid
	p.tellWorker(EventWorkerStarted, m, "", fmt.Sprintf("worker started in slot %d", m.Slot))
}

// onReady marks a worker as ready, once.
func (p *pool) onReady(m *member, how Readied) {
	if m.State != WorkerStarting {
		return
	}
	m.Readied = how
	p.want(admit{worker: m.ID, how: how})
	message := fmt.Sprintf("worker ready in slot %d after %s", m.Slot, p.now.Sub(m.StartedAt).Round(msec))
	if how.Detail != "" {
		message += ": " + how.Detail
	}
	m.reload.assume(how)
	p.moveWorker(m, WorkerReady, message)
}

// assume records why a worker of the reload was only assumed to be ready.
func (r *Reload) assume(how Readied) {
	if r != nil && how.Why != "" && !slices.Contains(r.Assumed, how.Why) {
		r.Assumed = append(slices.Clip(r.Assumed), how.Why)
	}
}

// onStartTimeout gives up on a worker that is not ready in time. It may have accepted connections already,
// so it is drained and not killed.
func (p *pool) onStartTimeout(m *member, f startTimedOut) {
	if m.State != WorkerStarting {
		return
	}
	why := fmt.Sprintf("was not ready in %s: %s", p.now.Sub(m.StartedAt).Round(msec), f.missing)
	s := p.slotOf(m)
	p.dismiss(m, m.reload, "it "+why)
	p.lost(s, m, why, f.output)
}

// onSilent gives up on a worker that has missed its watchdog. It may hang for ever, so it is aborted
// instead of drained. Its slot gets another worker at once.
func (p *pool) onSilent(m *member, f wentSilent) {
	if m.State != WorkerReady {
		return
	}
	why := fmt.Sprintf("missed its watchdog: it said nothing for %s%s", f.silence, f.why)
	s := p.slotOf(m)
	p.totals.WorkersDied++
	p.countDeath(m)
	p.want(abort{worker: m.ID})
	p.markDraining(m, "it "+why)
	p.lost(s, m, why, f.output)
}

func (p *pool) onDrainTimeout(m *member) {
	if m.State != WorkerDraining {
		return
	}
	p.step(m.reload, "killed", m, "it was still there at the drain timeout")
	p.want(kill{worker: m.ID})
}

func (p *pool) onExited(m *member, exit Exit) {
	from, s := m.State, p.slotOf(m)
	p.want(bury{worker: m.ID, exit: exit})
	if m.PID != 0 && !exit.Killed {
		p.onStoppedAccepting(m, p.now, false) // at the latest
	}
	delete(p.workers, m.ID)
	m.Exit = &exit
	p.settleConnections(m, from, exit)
	how := exit.String()
	if from == WorkerStarting && exit.Code == 0 {
		how += " before it was ready; a worker has to stay in the foreground"
	}
	message := fmt.Sprintf("worker of slot %d %s", m.Slot, how)
	if exit.Cut > 0 {
		message += ", " + plural(exit.Cut, "connection was cut", "connections were cut")
	}
	p.moveWorker(m, WorkerExited, message)
	p.gone = append(p.gone, m.Worker)
	if extra := len(p.gone) - keepExited; extra > 0 {
		p.gone = slices.Delete(p.gone, 0, extra)
	}
	if from != WorkerDraining {
		p.totals.WorkersDied++
		p.countDeath(m)
		p.lost(s, m, how, exit.Output)
	}
}

// lost empties the place of a worker that died. If it was on trial, the rotation fails. Otherwise it is
// replaced, at once or after a back-off.
func (p *pool) lost(s *slot, m *member, why string, output []string) {
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
		p.want(retry{slot: s.number, deaths: s.deaths - 1})
	}
}

// countDeath counts, for the reloads under way, that a worker died while it served, with whatever
// connections it had.
func (p *pool) countDeath(m *member) {
	if m.ReadyAt.IsZero() {
		return
	}
	for _, r := range p.reloads {
		if r.begun() {
			r.Died++
		}
	}
}

// slotOf is the slot that the worker belongs to, or nil.
func (p *pool) slotOf(m *member) *slot {
	if m.Slot >= len(p.slots) {
		return nil
	}
	if s := p.slots[m.Slot]; s.duty == m || s.next == m {
		return s
	}
	return nil
}
