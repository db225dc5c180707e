package record

import (
	"fmt"
	"time"
)

// Judgement says whether a reload was lossless.
type Judgement struct {
	Lossless *bool    // nil: it is unknown, and Unproven says why
	Losses   []string // why not, a sentence each. There may be some before the reload has ended
	Unproven []string // why it is unknown, a sentence each; none if Lossless is true or false
}

// Judge says whether the reload was lossless, as far as is known by now. Once the reload has ended, any loss
// makes it false. Without a loss, any reason for doubt makes it unknown.
func (r *Reload) Judge() Judgement {
	j := Judgement{Losses: r.Losses()}
	switch {
	case !r.State.Terminal():
		j.Unproven = []string{"the reload has not ended"}
	case len(j.Losses) > 0:
		j.Lossless = new(false)
	default:
		j.Unproven = r.doubts()
		if len(j.Unproven) == 0 {
			j.Lossless = new(true)
		}
	}
	return j
}

// doubts says, a sentence each, why it is unknown whether an ended reload without a visible loss was
// lossless. To add a reason, add a line here, and a field to the receipt that says when it holds.
func (r *Reload) doubts() []string {
	var list []string
	say := func(holds bool, sentence string) {
		if holds {
			list = append(list, sentence)
		}
	}
	say(!r.Served, "no worker served while it ran, so nothing was measured")
	say(r.Leaving > 0, Plural(r.Leaving, "worker that it told to leave is", "workers that it told to leave are")+" not gone yet")
	if r.Served {
		list = append(list, r.probesDoubt()...)
	}
	list = append(list, r.DropDoubts...)
	say(r.Slow > 0, "a probe waited for "+tenths(r.Slow)+", and nobody knows how long that took before the reload")
	return list
}

// probesDoubt says why the probes prove nothing. If the reload is completed, its generation has to have
// answered at each listener where others did. If it was reverted, it is enough that any worker has answered.
func (r *Reload) probesDoubt() (list []string) {
	p := r.Probes
	unseen := ""
	if p.Unknown > 0 {
		unseen = fmt.Sprintf("; of %d nobody saw who answered", p.Unknown)
	}
	switch {
	case r.State != ReloadCompleted && len(r.Steps) == 0:
		return nil // it has not touched a worker
	case p.Sent == 0:
		return []string{"nothing was proven: no probe was made"}
	case p.OK == 0:
		return []string{fmt.Sprintf("nothing was proven: none of %s was answered", Plural(p.Sent, "probe", "probes"))}
	case r.State != ReloadCompleted:
		return nil
	case p.New == 0:
		return []string{fmt.Sprintf("nothing was proven: none of %s was answered by the new generation%s", Plural(p.Sent, "probe", "probes"), unseen)}
	case !r.Proven:
		return []string{"nothing was proven: no probe was answered by the new generation since every slot had changed" + unseen}
	}
	for _, name := range r.Unproven {
		list = append(list, "nothing was proven of the listener "+name+": since every slot had changed, no probe there was answered by the new generation"+unseen)
	}
	return list
}

// tenths is a time in tenths of a second.
func tenths(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }
