package words

import (
	"fmt"
	"slices"

	"rota/internal/view"
)

// Alarms say what needs attention, a phrase each. Unreachable says why clients cannot reach a listener.
func Alarms(s view.Status, unreachable []string) []string {
	alarms := Unready(s, unreachable)
	for _, slot := range s.Waiting {
		if !slices.Contains(s.CrashLooping, slot.Slot) {
			alarms = append(alarms, fmt.Sprintf("slot %d waits for its next worker", slot.Slot))
		}
	}
	return alarms
}

// Unready says why the pool cannot be trusted with traffic; it is empty when it can.
func Unready(s view.Status, unreachable []string) []string {
	reasons := []string{}
	if s.Stopping {
		reasons = append(reasons, "the master is shutting down")
	}
	if s.Pool.Ready == 0 {
		reasons = append(reasons, "no worker is ready")
	}
	reasons = append(reasons, unreachable...)
	for _, slot := range s.CrashLooping {
		reasons = append(reasons, fmt.Sprintf("slot %d is in a crash loop", slot))
	}
	return reasons
}
