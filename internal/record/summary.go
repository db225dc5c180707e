package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Clone copies the reload for a reader. The lists are shared: their elements never change, and because the
// capacity is clipped, the reader sees nothing of what is appended later.
func (r *Reload) Clone() Reload {
	c := *r
	c.Callers = slices.Clip(r.Callers)
	c.Steps = slices.Clip(r.Steps)
	c.CutConnections = slices.Clip(r.CutConnections)
	c.DropDoubts = slices.Clip(r.DropDoubts)
	return c
}

// Summary says how far the reload is.
func (r *Reload) Summary() string {
	message := fmt.Sprintf("%d of %d slots changed", r.Replaced, r.Total)
	if r.Draining > 0 {
		message += ", " + Plural(r.Draining, "older worker drains", "older workers drain")
	}
	if r.Draining > 0 && r.ConnectionsCounted {
		message += " with " + Plural(r.ConnectionsRemaining, "connection", "connections")
	}
	if r.Paused != nil {
		message += "; " + r.Paused.String()
	}
	return message
}

// Completion is the message of a reload that completes at this time.
func (r *Reload) Completion(at time.Time) string {
	message := fmt.Sprintf("reload completed in %s", at.Sub(r.StartedAt).Round(time.Millisecond))
	if r.ConnectionsCut > 0 {
		message += ", " + Plural(r.ConnectionsCut, "connection was cut", "connections were cut")
	}
	if r.Failure != nil {
		message += ", but it is unstable: " + r.Failure.Message
	}
	return message
}

// String says what a paused rotation waits for.
func (p *Pause) String() string {
	switch {
	case p.Why == PausedAsked:
		return "somebody has paused it, until it is resumed"
	case p.Why == PausedCanary && p.Until.IsZero():
		return "the canary waits to be promoted"
	case p.Why == PausedCanary:
		return fmt.Sprintf("the canary soaks for %s, or until it is promoted", p.Until.Sub(p.Since).Round(time.Millisecond))
	}
	return fmt.Sprintf("it pauses for %s", p.Until.Sub(p.Since).Round(time.Millisecond))
}

// Unreached completes a sentence with the workers that the checks have not reached; "" if there are none.
func (c Coverage) Unreached() string {
	var slots []string
	for _, m := range c.Missed {
		slots = append(slots, strconv.Itoa(m.Slot))
	}
	switch len(slots) {
	case 0:
		return ""
	case 1:
		return "; no connection of the checks has reached the worker of slot " + slots[0]
	}
	return "; no connection of the checks has reached the workers of slots " + strings.Join(slots, ", ")
}
