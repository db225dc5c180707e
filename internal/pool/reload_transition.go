package pool

import "slices"

// reloadMoves is the diagram of a reload's life. A rolling one fails without reverting if it has not touched
// a worker yet. It is aborted without reverting for the same reason, or because the master stops.
var reloadMoves = map[ReloadState][]ReloadState{
	"":              {ReloadQueued},
	ReloadQueued:    {ReloadRolling, ReloadAborted},
	ReloadRolling:   {ReloadLive, ReloadReverting, ReloadFailed, ReloadAborted},
	ReloadLive:      {ReloadCompleted, ReloadReverting, ReloadAborted}, // the last two only while it is on trial
	ReloadReverting: {ReloadFailed, ReloadAborted},
	ReloadCompleted: {},
	ReloadFailed:    {},
	ReloadAborted:   {},
}

// moveReload is the only place that changes a reload's state. It checks the move, notes the time, counts
// the reloads that have ended and publishes from and to. What the event shows of the reload has to be
// measured before.
func (p *Pool) moveReload(r *reload, to ReloadState, message string) {
	from := r.State
	if !slices.Contains(reloadMoves[from], to) {
		p.want(Impossible{Kind: "reload", Id: r.ID, From: string(from), To: string(to)})
		return
	}
	r.State = to
	switch to {
	case ReloadQueued:
		r.RequestedAt = p.now
		p.tellReload(EventReloadQueued, r, from, message)
	case ReloadRolling:
		r.StartedAt = p.now
		p.tellReload(EventReloadStarted, r, from, message)
	case ReloadLive:
		r.LiveAt = p.now
		p.tellReload(EventReloadLive, r, from, message)
	case ReloadReverting:
		p.tellReload(EventReloadProgress, r, from, message)
	case ReloadCompleted:
		r.FinishedAt = p.now
		p.Totals.ReloadsCompleted++
		p.tellReload(EventReloadCompleted, r, from, message)
	case ReloadFailed:
		r.FinishedAt = p.now
		p.Totals.ReloadsFailed++
		p.tellReload(EventReloadFailed, r, from, message)
	case ReloadAborted:
		r.FinishedAt = p.now
		p.Totals.ReloadsAborted++
		p.tellReload(EventReloadAborted, r, from, message)
	}
}
