package words

import (
	"fmt"
	"strings"
	"time"

	"rota/internal/printable"
	"rota/internal/record"
	"rota/internal/view"
)

// Verdict is what became of a reload and what was measured, in a paragraph. For a failed reload it adds what
// the worker said.
func Verdict(v view.Reload) string {
	var s strings.Builder
	fmt.Fprintf(&s, "reload %s %s", v.ID, ending(v))
	if v.Receipt != nil && !startedNothing(v) {
		s.WriteString(" " + receipt(v))
	} else if v.ConnectionsCut != nil && *v.ConnectionsCut > 0 {
		s.WriteString(" " + record.Plural(*v.ConnectionsCut, "connection was cut.", "connections were cut."))
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
	return printable.Lines(s.String())
}

// startedNothing reports whether the reload ended before it touched a worker, so that its receipt says nothing.
func startedNothing(v view.Reload) bool {
	return v.Ended() && v.Steps != nil && len(v.Steps) == 0 && len(v.Receipt.Losses) == 0
}

func ending(v view.Reload) string {
	what := fmt.Sprintf("generation %d", v.Generation)
	if v.Revision != nil {
		what += " (" + *v.Revision + ")"
	}
	if v.Unstable() {
		return fmt.Sprintf("is completed, but unstable: %s. %s", reasonOf(v), servesNow(v))
	}
	switch v.State {
	case "completed":
		return fmt.Sprintf("is completed: %s serves in %s, after %s.", what, record.Plural(v.Total, "slot", "slots"), Took(v))
	case "live":
		text := fmt.Sprintf("is %s: %s serves in %s, after %s", ReloadState(v), what, record.Plural(v.Total, "slot", "slots"), Short(v.LiveAt.Sub(v.StartedAt.Time)))
		if v.Draining > 0 {
			text += "; " + record.Plural(v.Draining, "old worker still drains", "old workers still drain")
		}
		return text + "."
	case "failed":
		return "has failed: " + reasonOf(v) + ". " + whoServes(v)
	case "aborted":
		return "was aborted: " + reasonOf(v) + ". " + whoServes(v)
	}
	return "is " + Progress(v) + "."
}

// servesNow says how many slots were served when an unstable reload ended.
func servesNow(v view.Reload) string {
	if v.Serving == nil {
		return "See rota status."
	}
	return fmt.Sprintf("When it ended, %d of %s had a ready worker; see rota status.", *v.Serving, record.Plural(v.Total, "slot", "slots"))
}

// whoServes says which generation serves after a reload that failed or was aborted.
func whoServes(v view.Reload) string {
	if v.Error != nil && v.Error.Stopping {
		return "The master stops, so no generation serves any more."
	}
	if v.Error != nil && v.Error.RevertFailed {
		return fmt.Sprintf("It could not be taken back: its generation serves %d of %s; see rota status.", v.Replaced, record.Plural(v.Total, "slot", "slots"))
	}
	if v.Serving != nil && *v.Serving == 0 {
		return "No worker served when it ended; see rota status."
	}
	if v.Serving != nil && *v.Serving < v.Total {
		return fmt.Sprintf("The generation before serves %d of %s; see rota status.", *v.Serving, record.Plural(v.Total, "slot", "slots"))
	}
	if v.Error != nil && v.Error.RevertCheckFailed {
		return "The generation before serves again, but is not well: were its files edited in place?"
	}
	return "The generation before still serves."
}

// reasonOf is why a reload failed, was aborted or is unstable.
func reasonOf(v view.Reload) string {
	why := "for an unknown reason"
	if v.Error != nil {
		why = v.Error.Message
	}
	if v.Error != nil && v.Error.Slot != nil && !strings.Contains(why, "slot") {
		why += fmt.Sprintf(" (slot %d)", *v.Error.Slot)
	}
	return strings.TrimSuffix(why, ".")
}

// Took is how long a reload took, or has taken so far.
func Took(v view.Reload) string {
	switch {
	case v.StartedAt.IsZero():
		return Unknown
	case v.FinishedAt.IsZero():
		return Age(time.Now(), v.StartedAt.Time)
	}
	return Short(v.FinishedAt.Sub(v.StartedAt.Time))
}
