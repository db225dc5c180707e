package minder

import (
	"fmt"
	"strings"

	"rota/internal/record"
)

// The words for what was seen and what was not.

// named is "the listener http", or "the listeners http and tcp".
func named(list []ObservedListener) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Name
	}
	return listed(names)
}

// located is named with the addresses.
func located(list []ObservedListener) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Name + " (" + a.Address + ")"
	}
	return listed(names)
}

func listed(names []string) string {
	if len(names) == 1 {
		return "the listener " + names[0]
	}
	last := len(names) - 1
	return "the listeners " + strings.Join(names[:last], ", ") + " and " + names[last]
}

// missing says why a worker is not ready, and what to do about it if that is known.
func (s Acceptance) missing(e evidence, slot int) string {
	if len(s.Listeners) == 0 {
		return "it did not say READY=1, and has no stream listener on which it could be seen to accept"
	}
	lacking := s.lacking()
	switch {
	case len(lacking) == 0:
		return "it was seen to accept too late"
	case len(s.accepting()) > 0:
		return fmt.Sprintf("it does not accept connections on %s, as the worker before it in slot %d did: "+
			"remove what is not served any more from listen, or set ready to how it can be told", located(lacking), slot)
	}
	text := "nobody waits for connections on " + located(lacking)
	if len(registeredOf(lacking)) > 0 {
		text = "it was not seen to accept connections on " + located(lacking) + offers(lacking)
	}
	if e.claim != "" {
		text = e.claim + ", but " + text
	}
	return text
}

// offers says what became of the connections that rota made to find out.
func offers(list []ObservedListener) string {
	offered, taken := 0, 0
	for _, a := range list {
		offered, taken = offered+a.Offered, taken+a.Accepted
	}
	text := fmt.Sprintf(": %s offered there, and ", record.Plural(offered, "connection was", "connections were"))
	switch {
	case offered == 0:
		return ""
	case taken == 0:
		return text + "nobody accepted"
	}
	return text + fmt.Sprintf("others accepted %d of them", taken)
}

// ReadinessAdvice is what to set where readiness was only assumed.
const ReadinessAdvice = "set ready: notify if the program says READY=1 in time, or http:/path, log:REGEX or delay:2s"
