package minder

import (
	"slices"

	"rota/internal/kernel"
	"rota/internal/record"
)

// Acceptance is what was seen so far of how a worker serves the stream listeners that it inherits.
type Acceptance struct {
	Listeners []ObservedListener
	Unseen    kernel.Unseen // why the worker may do what the kernel does not show; "" if it shows all
}

// ObservedListener is one of those listeners.
type ObservedListener struct {
	Name       string
	Address    string
	Wanted     bool   // its predecessor in the slot was seen to serve it
	Accepting  bool   // it was seen to
	Open       bool   // the worker has a descriptor of it
	Registered bool   // in an epoll set of the worker, which alone proves nothing
	Closed     string // why no connection can come to it before the worker is ready; "" if one can

	Offered  int    // connections that rota made to find out who accepts
	Accepted int    // of those, how many somebody accepted
	Unknown  int    // of those, how many were accepted by nobody knows whom
	Blind    string // why the kernel does not tell who accepts; "" if it does

	Outlasts bool // others of its generation were seen to accept in half of the time that this worker has had
	overdue  bool // it was registered so long ago that a connection should have come
}

// decision is a readiness, or the zero value for none yet.
type decision = record.ReadyProof

// evidence is what is known besides what was seen.
type evidence struct {
	claim    string // how it said that it is ready; "" if it did not
	lifetime string // how long it has lived, if that is long enough; "" if not
}

// decide says whether a worker is ready: by what was seen, and by the other evidence where seeing can't be
// enough.
func (s Acceptance) decide(e evidence) decision {
	if len(s.Listeners) == 0 {
		return e.withoutListeners()
	}
	lacking := s.lacking()
	if len(lacking) == 0 {
		return decision{By: record.BySight, Detail: "seen to accept connections on " + named(s.accepting())}
	}
	why := s.hindrance(lacking)
	switch {
	case e.claim != "" && why == "" && overdue(lacking):
		why = "it has registered " + named(registeredOf(lacking)) + " but was not seen to accept from there"
	case e.lifetime != "" && why == "" && outlasting(lacking):
		why = "other workers take all connections to " + named(lacking) + ", which it has registered"
	case why == "" || e.claim == "" && e.lifetime == "":
		return decision{}
	}
	assumed := e.claim
	if assumed == "" {
		assumed = "it has lived " + e.lifetime
	}
	return decision{By: record.ByAssumption, Detail: assumedBy + assumed + ", and " + why, Why: why}
}

const assumedBy = "readiness was assumed, not seen: "

// withoutListeners decides about a worker that inherits no stream listener.
func (e evidence) withoutListeners() decision {
	switch {
	case e.claim == saidReady:
		return decision{By: record.ByWord}
	case e.claim != "":
		return decision{By: record.ByWord, Detail: e.claim}
	case e.lifetime != "":
		return decision{By: record.ByLife, Detail: "it has lived " + e.lifetime + ", and has no stream listener on which it could be seen to accept"}
	}
	return decision{}
}

// How a worker says that it is ready.
const (
	saidReady = "it said READY=1"
	saidAck   = "it acknowledged in einhorn's way"
)

func (s Acceptance) accepting() []ObservedListener {
	return s.those(func(a ObservedListener) bool { return a.Accepting })
}

// lacking are the listeners on which the worker was not seen to accept, and should be: those that its
// predecessor served, or all, if it was seen on none.
func (s Acceptance) lacking() []ObservedListener {
	none := len(s.accepting()) == 0
	wanted := s.those(func(a ObservedListener) bool { return a.Wanted && !a.Accepting })
	if len(wanted) == 0 && none {
		return s.Listeners
	}
	return wanted
}

func registeredOf(list []ObservedListener) []ObservedListener {
	return Acceptance{Listeners: list}.those(func(a ObservedListener) bool { return a.Registered })
}

func (s Acceptance) those(fit func(ObservedListener) bool) (list []ObservedListener) {
	for _, a := range s.Listeners {
		if fit(a) {
			list = append(list, a)
		}
	}
	return list
}

// overdue reports whether all listeners that the worker has registered are overdue, and it has registered all
// that its predecessor served.
func overdue(lacking []ObservedListener) bool {
	registered := false
	for _, a := range lacking {
		switch {
		case a.Registered && a.overdue:
			registered = true
		case a.Registered, a.Wanted:
			return false
		}
	}
	return registered
}

// outlasting reports whether the worker has registered all of these, and others of its generation needed less
// time to be seen to accept from there.
func outlasting(lacking []ObservedListener) bool {
	return !slices.ContainsFunc(lacking, func(a ObservedListener) bool { return !a.Registered || !a.Outlasts })
}

// hindrance is why the worker may accept although that was not seen; "" if it would have been seen.
func (s Acceptance) hindrance(lacking []ObservedListener) string {
	if s.Unseen != "" {
		return "the program " + string(s.Unseen)
	}
	for _, a := range lacking {
		switch {
		case !a.Registered: // a worker that waits there in another way is seen
		case a.Blind != "":
			return a.Blind
		case a.Closed != "":
			return a.Closed
		case 2*a.Unknown > a.Accepted:
			return "connections to " + named([]ObservedListener{a}) + " end before it can be seen who accepts them"
		}
	}
	return ""
}
