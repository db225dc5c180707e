package pool

import (
	"slices"

	"rota/internal/record"
)

// reloadMoves is the diagram of a reload's life. A rolling one fails without reverting if it has not touched
// a worker yet. It is aborted without reverting for the same reason, or because the master stops.
var reloadMoves = map[record.ReloadState][]record.ReloadState{
	"":                     {record.ReloadQueued},
	record.ReloadQueued:    {record.ReloadRolling, record.ReloadAborted},
	record.ReloadRolling:   {record.ReloadLive, record.ReloadReverting, record.ReloadFailed, record.ReloadAborted},
	record.ReloadLive:      {record.ReloadCompleted, record.ReloadReverting, record.ReloadAborted}, // the last two only while it is on trial
	record.ReloadReverting: {record.ReloadFailed, record.ReloadAborted},
	record.ReloadCompleted: {},
	record.ReloadFailed:    {},
	record.ReloadAborted:   {},
}

// moveReload is the only place that changes a reload's state. It checks the move, notes the time, counts
// the reloads that have ended and publishes from and to. What the event shows of the reload has to be
// measured before.
func (p *Pool) moveReload(r *reload, to record.ReloadState, message string) {
	from := r.State
	if !slices.Contains(reloadMoves[from], to) {
		p.want(Impossible{Kind: "reload", ID: r.ID, From: string(from), To: string(to)})
		return
	}
	r.State = to
	switch to {
	case record.ReloadQueued:
		r.RequestedAt = p.now
		p.tellReload(record.EventReloadQueued, r, from, message)
	case record.ReloadRolling:
		r.StartedAt = p.now
		p.tellReload(record.EventReloadStarted, r, from, message)
	case record.ReloadLive:
		r.LiveAt = p.now
		p.tellReload(record.EventReloadLive, r, from, message)
	case record.ReloadReverting:
		p.tellReload(record.EventReloadProgress, r, from, message)
	case record.ReloadCompleted:
		r.FinishedAt = p.now
		p.totals.ReloadsCompleted++
		p.tellReload(record.EventReloadCompleted, r, from, message)
	case record.ReloadFailed:
		r.FinishedAt = p.now
		p.totals.ReloadsFailed++
		p.tellReload(record.EventReloadFailed, r, from, message)
	case record.ReloadAborted:
		r.FinishedAt = p.now
		p.totals.ReloadsAborted++
		p.tellReload(record.EventReloadAborted, r, from, message)
	}
}
