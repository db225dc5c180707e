package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rota/internal/record"
	"rota/internal/view"
)

// receipt says in a few sentences what was measured.
func receipt(v view.Reload) string {
	m := *v.Receipt
	list := []string{probes(m), queues(m), drained(m)}
	if m.WorkersDied > 0 {
		list = append(list, record.Plural(m.WorkersDied, "worker died.", "workers died."))
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

// coverage says how many new workers the checks reached, and which they did not.
func coverage(m view.Receipt) string {
	c := m.Checks
	switch {
	case c.Of == nil:
		return "" // no check asks workers
	case c.Reached == nil:
		return fmt.Sprintf("; which of %s they have reached is unknown", record.Plural(*c.Of, "worker", "workers"))
	}
	text := fmt.Sprintf("; %d of %s reached", *c.Reached, record.Plural(*c.Of, "worker", "workers"))
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

func probes(m view.Receipt) string {
	p := m.Probes
	switch p.Sent {
	case 0:
		return ""
	case p.OK:
		return fmt.Sprintf("%s answered%s.", record.Plural(p.Sent, "probe was", "probes were all"), answers(m, ", "))
	}
	text := fmt.Sprintf("Of %d probes %d were answered%s, %d refused, %d reset, %d not answered",
		p.Sent, p.OK, answers(m, " ("), p.Refused, p.Reset, p.Unanswered)
	if p.NotAccepted+p.Silent > 0 {
		text += fmt.Sprintf(" (%d not accepted, %d accepted in silence)", p.NotAccepted, p.Silent)
	}
	return text + "."
}

// answers says who answered and how fast, after a comma or in brackets.
func answers(m view.Receipt, open string) string {
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

func queues(m view.Receipt) string {
	if m.ListenOverflows == nil || m.ListenDrops == nil {
		return "" // the kernel did not tell
	}
	text := fmt.Sprintf("Listen queues overflowed %s and dropped connections %s", times(*m.ListenOverflows), times(*m.ListenDrops))
	if *m.ListenOverflows+*m.ListenDrops == 0 {
		text = "No listen queue overflowed"
	}
	return text + fmt.Sprintf(", the deepest held %d.", m.DeepestQueue)
}

func drained(m view.Receipt) string {
	c := m.Connections
	list := []string{"How many connections drained is unknown"}
	if c.Drained != nil {
		list[0] = record.Plural(*c.Drained, "connection drained by itself", "connections drained by themselves")
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

// judgement is the result of the receipt. For a reload that failed or was aborted it is only a detail.
func judgement(v view.Reload) string {
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

func times(n int) string { return record.Plural(n, "time", "times") }
