package master

import (
	"slices"

	"rota/internal/kernel"
)

// sight is what was seen so far of how a worker serves the stream listeners that it inherits.
type sight struct {
	listeners []attended
	unseen    kernel.Unseen // why the worker may do what the kernel does not show; "" if it shows all
}

// attended is one of those listeners.
type attended struct {
	name       string
	address    string
	wanted     bool   // its predecessor in the slot was seen to serve it
	accepting  bool   // it was seen to
	open       bool   // the worker has a descriptor of it
	registered bool   // in an epoll set of the worker, which alone proves nothing
	closed     string // why no connection can come to it before the worker is ready; "" if one can

	offered int    // connections that rota made to find out who accepts
	taken   int    // of those, how many somebody accepted
	unknown int    // of those, how many were accepted by nobody knows whom
	blind   string // why the kernel does not tell who accepts; "" if it does

	outlasts bool // others of its generation were seen to accept in half of the time that this worker has had
	overdue  bool // it was registered so long ago that a connection should have come
}

// decision is a readiness, or the zero value for none yet.
type decision = Readied

// evidence is what is known besides what was seen.
type evidence struct {
	said  string // how it said that it is ready; "" if it did not
	lived string // how long it has lived, if that is long enough; "" if not
}

// decide says whether a worker is ready: by what was seen, and by the other evidence where seeing can't be
// enough.
func (s sight) decide(e evidence) decision {
	if len(s.listeners) == 0 {
		return e.withoutListeners()
	}
	lacking := s.lacking()
	if len(lacking) == 0 {
		return decision{By: BySight, Detail: "seen to accept connections on " + named(s.accepting())}
	}
	why := s.hindrance(lacking)
	switch {
	case e.said != "" && why == "" && overdue(lacking):
		why = "it has registered " + named(registeredOf(lacking)) + " but was not seen to accept from there"
	case e.lived != "" && why == "" && outlasting(lacking):
		why = "other workers take all connections to " + named(lacking) + ", which it has registered"
	case why == "" || e.said == "" && e.lived == "":
		return decision{}
	}
	assumed := e.said
	if assumed == "" {
		assumed = "it has lived " + e.lived
	}
	return decision{By: ByAssumption, Detail: assumedBy + assumed + ", and " + why, Why: why}
}

const assumedBy = "readiness was assumed, not seen: "

// withoutListeners decides about a worker that inherits no stream listener.
func (e evidence) withoutListeners() decision {
	switch {
	case e.said == saidReady:
		return decision{By: ByWord}
	case e.said != "":
		return decision{By: ByWord, Detail: e.said}
	case e.lived != "":
		return decision{By: ByLife, Detail: "it has lived " + e.lived + ", and has no stream listener on which it could be seen to accept"}
	}
	return decision{}
}

// How a worker says that it is ready.
const (
	saidReady = "it said READY=1"
	saidAck   = "it acknowledged in einhorn's way"
)

func (s sight) accepting() []attended { return s.those(func(a attended) bool { return a.accepting }) }

// lacking are the listeners on which the worker was not seen to accept, and should be: those that its
// predecessor served, or all, if it was seen on none.
func (s sight) lacking() []attended {
	none := len(s.accepting()) == 0
	wanted := s.those(func(a attended) bool { return a.wanted && !a.accepting })
	if len(wanted) == 0 && none {
		return s.listeners
	}
	return wanted
}

func registeredOf(list []attended) []attended {
	return sight{listeners: list}.those(func(a attended) bool { return a.registered })
}

func (s sight) those(fit func(attended) bool) (list []attended) {
	for _, a := range s.listeners {
		if fit(a) {
			list = append(list, a)
		}
	}
	return list
}

// overdue reports whether all listeners that the worker has registered are overdue, and it has registered all
// that its predecessor served.
func overdue(lacking []attended) bool {
	registered := false
	for _, a := range lacking {
		switch {
		case a.registered && a.overdue:
			registered = true
		case a.registered, a.wanted:
			return false
		}
	}
	return registered
}

// outlasting reports whether the worker has registered all of these, and others of its generation needed less
// time to be seen to accept from there.
func outlasting(lacking []attended) bool {
	return all(lacking, func(a attended) bool { return a.registered && a.outlasts })
}

// hindrance is why the worker may accept although that was not seen; "" if it would have been seen.
func (s sight) hindrance(lacking []attended) string {
	if s.unseen != "" {
		return "the program " + string(s.unseen)
	}
	for _, a := range lacking {
		switch {
		case !a.registered: // a worker that waits there in another way is seen
		case a.blind != "":
			return a.blind
		case a.closed != "":
			return a.closed
		case 2*a.unknown > a.taken:
			return "connections to " + named([]attended{a}) + " end before it can be seen who accepts them"
		}
	}
	return ""
}

func all[E any](list []E, are func(E) bool) bool {
	return !slices.ContainsFunc(list, func(e E) bool { return !are(e) })
}
