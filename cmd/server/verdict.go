package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rota/internal/client"
)

// stateOf is a reload's state in one or two words.
func stateOf(r client.Reload) string {
	switch {
	case r.Paused != nil && r.State == "rolling":
		return "paused"
	case r.State == "live" && r.OnTrial:
		return "on trial"
	case r.Unstable():
		return "unstable"
	}
	return r.State
}

// figuresOf says how far a reload is, and what it waits for.
func figuresOf(r client.Reload) []string {
	var list []string
	if r.Total > 0 && r.State != "queued" { // its settings are read when it begins, and may say otherwise
		list = append(list, fmt.Sprintf("%d/%d slots", r.Replaced, r.Total))
	}
	if r.Draining > 0 {
		held := plural(r.Draining, "old worker drains", "old workers drain")
		if r.ConnectionsRemaining != nil {
			held = plural(*r.ConnectionsRemaining, "connection left", "connections left")
		}
		list = append(list, held)
	}
	if r.Paused != nil {
		list = append(list, pauseOf(*r.Paused))
	}
	if stateOf(r) == "on trial" && !r.TrialEndsAt.IsZero() {
		list = append(list, "until "+clock(r.TrialEndsAt))
	}
	return list
}

func pauseOf(p client.Pause) string {
	text := map[string]string{
		"canary":  "after the canary",
		"between": "between two batches",
		"asked":   "by somebody",
	}[p.Why]
	switch {
	case !p.Until.IsZero():
		text += ", until " + clock(p.Until)
	case p.Why == "canary":
		text += ", until rota promote"
	case p.Why == "asked":
		text += ", until rota resume"
	}
	return text
}

// verdict is what has become of a reload, and what was measured, in a paragraph; of a failed one
// also what the worker said.
func verdict(v client.Reload) string {
	var s strings.Builder
	fmt.Fprintf(&s, "reload %s %s", v.ID, ending(v))
	if v.Receipt != nil && !startedNothing(v) {
		s.WriteString(" " + receipt(v))
	} else if v.ConnectionsCut != nil && *v.ConnectionsCut > 0 {
		s.WriteString(" " + plural(*v.ConnectionsCut, "connection was cut.", "connections were cut."))
	}
	for _, why := range v.Assumed {
		s.WriteString("\nReadiness was assumed, not seen: " + why + ". Set ready to how it can be told: notify, http:/path, log:REGEX or delay:2s.")
	}
	if v.Error != nil {
		for _, complaint := range v.Error.Complaints {
			s.WriteString("\n  " + complaint)
		}
		for i, line := range v.Error.Output {
			if i == 0 {
				s.WriteString("\nthe worker's last lines:")
			}
			s.WriteString("\n  " + line)
		}
	}
	return s.String()
}

// startedNothing says whether the reload has ended before it touched a worker, so that nothing measured is about it.
func startedNothing(v client.Reload) bool {
	return v.Ended() && v.Steps != nil && len(v.Steps) == 0 && len(v.Receipt.Losses) == 0
}

func ending(v client.Reload) string {
	what := fmt.Sprintf("generation %d", v.Generation)
	if v.Revision != "" {
		what += " (" + v.Revision + ")"
	}
	if v.Unstable() {
		return fmt.Sprintf("is completed, but unstable: %s. %s", reasonOf(v), servesNow(v))
	}
	switch v.State {
	case "completed":
		return fmt.Sprintf("is completed: %s serves in %s, after %s.", what, plural(v.Total, "slot", "slots"), took(v))
	case "live":
		text := fmt.Sprintf("is %s: %s serves in %s, after %s", stateOf(v), what, plural(v.Total, "slot", "slots"), short(v.LiveAt.Sub(v.StartedAt)))
		if v.Draining > 0 {
			text += "; " + plural(v.Draining, "old worker still drains", "old workers still drain")
		}
		return text + "."
	case "failed":
		return "has failed: " + reasonOf(v) + ". " + whoServes(v)
	case "aborted":
		return "was aborted: " + reasonOf(v) + ". " + whoServes(v)
	}
	return "is " + strings.Join(append([]string{stateOf(v)}, figuresOf(v)...), ", ") + "."
}

// servesNow says how many slots were served when a reload had become unstable.
func servesNow(v client.Reload) string {
	if v.Serving == nil {
		return "See rota status."
	}
	return fmt.Sprintf("When it ended, %d of %s had a ready worker; see rota status.", *v.Serving, plural(v.Total, "slot", "slots"))
}

// whoServes says who serves after a reload that did not get where it was to.
func whoServes(v client.Reload) string {
	if v.Error != nil && v.Error.Stopping {
		return "The master stops, so no generation serves any more."
	}
	if v.Error != nil && v.Error.RevertFailed {
		return fmt.Sprintf("It could not be taken back: its generation serves %d of %s; see rota status.", v.Replaced, plural(v.Total, "slot", "slots"))
	}
	if v.Serving != nil && *v.Serving == 0 {
		return "No worker served when it ended; see rota status."
	}
	if v.Serving != nil && *v.Serving < v.Total {
		return fmt.Sprintf("The generation before serves %d of %s; see rota status.", *v.Serving, plural(v.Total, "slot", "slots"))
	}
	if v.Error != nil && v.Error.RevertCheckFailed {
		return "The generation before serves again, but is not well: were its files edited in place?"
	}
	return "The generation before still serves."
}

// reasonOf is why a reload did not get where it was to.
func reasonOf(v client.Reload) string {
	why := "for an unknown reason"
	if v.Error != nil {
		why = v.Error.Message
	}
	if v.Error != nil && v.Error.Slot != nil && !strings.Contains(why, "slot") {
		why += fmt.Sprintf(" (slot %d)", *v.Error.Slot)
	}
	return strings.TrimSuffix(why, ".")
}

// receipt is what was measured, in a few sentences.
func receipt(v client.Reload) string {
	m := *v.Receipt
	list := []string{probes(m), queues(m), connections(m)}
	if m.WorkersDied > 0 {
		list = append(list, plural(m.WorkersDied, "worker died.", "workers died."))
	}
	if m.Checks.Passed+m.Checks.Failed > 0 {
		list = append(list, fmt.Sprintf("Checks: %d passed, %d failed%s.", m.Checks.Passed, m.Checks.Failed, coverage(m)))
	}
	list = append(list, judgement(v))
	var told []string
	for _, sentence := range list {
		if sentence != "" {
			told = append(told, sentence)
		}
	}
	return strings.Join(told, " ")
}

// coverage says how many of the new workers the checks have reached, and which they have not.
func coverage(m client.Receipt) string {
	c := m.Checks
	switch {
	case c.Of == nil:
		return "" // they have asked no workers
	case c.Reached == nil:
		return fmt.Sprintf("; which of %s they have reached is unknown", plural(*c.Of, "worker", "workers"))
	}
	text := fmt.Sprintf("; %d of %s reached", *c.Reached, plural(*c.Of, "worker", "workers"))
	var slots []string
	for _, missed := range c.NotReached {
		slots = append(slots, strconv.Itoa(missed.Slot))
	}
	switch len(slots) {
	case 0:
		return text
	case 1:
		return text + ", not that of slot " + slots[0]
	}
	return text + ", not those of slots " + strings.Join(slots, ", ")
}

func probes(m client.Receipt) string {
	p := m.Probes
	switch p.Sent {
	case 0:
		return ""
	case p.OK:
		return fmt.Sprintf("%s answered%s.", plural(p.Sent, "probe was", "probes were all"), answers(m, ", "))
	}
	text := fmt.Sprintf("Of %d probes %d were answered%s, %d refused, %d reset, %d not answered",
		p.Sent, p.OK, answers(m, " ("), p.Refused, p.Reset, p.Unanswered)
	if p.NotAccepted+p.Silent > 0 {
		text += fmt.Sprintf(" (%d not accepted, %d accepted in silence)", p.NotAccepted, p.Silent)
	}
	return text + "."
}

// answers says by whom and how fast, behind a comma or in brackets.
func answers(m client.Receipt, open string) string {
	p := m.Probes
	if p.OK == 0 {
		return ""
	}
	text := open
	if by := p.AnsweredBy; by != nil && by.New < p.OK {
		text += fmt.Sprintf("%d by the new generation, ", by.New)
	} else if by != nil {
		text += "by the new generation, "
	}
	text += "the slowest after " + inTime(p.SlowestMS)
	if p.BeforeMS != nil && *p.BeforeMS < p.SlowestMS {
		text += ", before the reload after " + inTime(*p.BeforeMS)
	}
	if open == " (" {
		text += ")"
	}
	return text
}

func inTime(ms float64) string {
	return time.Duration(ms * float64(time.Millisecond)).Round(100 * time.Microsecond).String()
}

func queues(m client.Receipt) string {
	if m.ListenOverflows == nil || m.ListenDrops == nil {
		return "" // the kernel did not tell
	}
	text := fmt.Sprintf("Listen queues overflowed %s and dropped connections %s", times(*m.ListenOverflows), times(*m.ListenDrops))
	if *m.ListenOverflows+*m.ListenDrops == 0 {
		text = "No listen queue overflowed"
	}
	return text + fmt.Sprintf(", the deepest held %d.", m.DeepestQueue)
}

func connections(m client.Receipt) string {
	c := m.Connections
	list := []string{"How many connections drained is unknown"}
	if c.Drained != nil {
		list[0] = plural(*c.Drained, "connection drained by itself", "connections drained by themselves")
	}
	if c.Cut != nil {
		list = append(list, fmt.Sprintf("%d cut", *c.Cut))
	} else {
		list = append(list, "how many were cut is unknown")
	}
	switch {
	case c.Dropped == nil:
		list = append(list, "how many were dropped by workers is unknown")
	case *c.Dropped > 0:
		list = append(list, fmt.Sprintf("%d dropped by workers", *c.Dropped))
	}
	if c.Evicted > 0 {
		list = append(list, fmt.Sprintf("%d evicted", c.Evicted))
	}
	return strings.Join(list, ", ") + "."
}

// judgement is what the receipt comes to. Of a reload that did not get where it was to, that is a detail.
func judgement(v client.Reload) string {
	m := *v.Receipt
	good, bad := "Lossless.", "Not lossless"
	if v.State == "failed" || v.State == "aborted" {
		good, bad = "Nothing was lost meanwhile, as far as that was measured.", "Meanwhile it was not lossless"
	}
	losses := ""
	if len(m.Losses) > 0 {
		losses = ": " + strings.TrimSuffix(strings.Join(m.Losses, "; "), ".")
	}
	switch {
	case m.Lossless != nil && *m.Lossless:
		return good
	case m.Lossless != nil:
		return bad + losses + "."
	case losses != "":
		return bad + " so far" + losses + "."
	case v.Ended() && len(m.Unproven) > 0:
		return "It is unknown whether anything was lost: " + strings.TrimSuffix(strings.Join(m.Unproven, "; "), ".") + "."
	}
	return ""
}

func times(n int) string { return plural(n, "time", "times") }
