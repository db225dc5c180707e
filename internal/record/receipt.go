package record

import (
	"fmt"
	"time"
)

// Receipt is what was measured of a reload.
type Receipt struct {
	Measured
	Drained        int             // connections that older workers had and that ended by themselves
	DrainedUnknown bool            // there may be more: the kernel did not tell what a worker had
	Dropped        int             // connections that workers lost: see Fate
	DropUnknown    bool            // there may be more
	DropDoubts     []string        // why, a sentence each
	SeenBy         SeenBy          // how the fate of connections was seen; "" until a worker has left
	Evicted        int             // connections of its draining workers that a caller had closed
	CutConnections []CutConnection // those cut or dropped, as far as known, at most MostCut
	Died           int             // workers that died while they served
	ChecksPassed   int
	ChecksFailed   int
	Coverage       Coverage // of the new workers by the checks
}

// Losses says why the reload was not lossless, a sentence each, as far as is known by now.
func (r *Reload) Losses() []string {
	var list []string
	say := func(n int, one, many string) {
		if n > 0 {
			list = append(list, Plural(n, one, many))
		}
	}
	say(r.ConnectionsCut, "connection was cut by ending its worker", "connections were cut by ending their workers")
	if r.CutUnknown {
		list = append(list, "workers were killed and the kernel did not tell how many connections they had")
	}
	say(r.Dropped, "connection was dropped by a worker", "connections were dropped by workers")
	say(r.Evicted, "connection was evicted", "connections were evicted")
	say(r.Died, "worker ended while it served, with whatever connections it had", "workers ended while they served, with whatever connections they had")
	if r.State == ReloadCompleted && r.Failure != nil {
		list = append(list, "a slot was in a crash loop, or had no ready worker, when the reload ended")
	}
	say(r.Probes.Refused, "probe connection was refused", "probe connections were refused")
	say(r.Probes.Reset, "probe connection was reset", "probe connections were reset")
	if r.Stalled > 0 {
		list = append(list, fmt.Sprintf("a probe stalled for %s; before the reload the slowest took %s", tenths(r.Stalled), r.StalledUsually.Round(100*time.Microsecond)))
	}
	full := min(r.Overflows, r.ListenerDrops) // the others are of other programs
	say(full, "connection found the accept queue full (ListenOverflows)", "connections found the accept queue full (ListenOverflows)")
	say(min(r.Drops, r.ListenerDrops)-full, "connection was dropped by a listener (ListenDrops)", "connections were dropped by listeners (ListenDrops)")
	return list
}
