package master

import (
	"slices"

	"rota/internal/kernel"
)

// sight is what was seen so far of how a worker serves the stream listeners that it has inherited.
type sight struct {
	listeners []attended
	unseen    kernel.Unseen // why it may do what was not seen
}

// attended is one of those listeners.
type attended struct {
	name       string
	address    string
	wanted     bool   // its predecessor in the slot was seen to serve it
	accepting  bool   // it was seen to
	open       bool   // it has a descriptor of it
	registered bool   // in an epoll set of its own, which alone proves nothing
	closed     string // why no connection can come to it before the worker is ready; "" if one can

	offered int    // connections that rota made while it looked for who accepts
	taken   int    // of which somebody has accepted so many
	unknown int    // of which nobody can tell who has accepted so many
	blind   string // why the kernel does not tell who accepts; "" if it does

	outlasts bool // others of its generation, which were seen to accept in half of the time that it has had
	overdue  bool // has been registered for so long that a connection should have come to it
}

// decision is a readiness, or the zero value for none yet.
type decision = Readied

// evidence is what is known besides what was seen.
type evidence struct {
	said  string // how it said that it is ready; "" if it did not
	lived string // how long it has lived, if that is long enough; "" if not
}

// decide says whether a worker is ready, by what was seen of it and, where that can't be enough, by the rest.
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

// withoutListeners is about a worker that inherits none, or only datagram sockets.
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

// The ways to say it.
const (
	saidReady = "it said READY=1"
	saidAck   = "it acknowledged in einhorn's way"
)

func (s sight) accepting() []attended { return s.those(func(a attended) bool { return a.accepting }) }

// lacking are the listeners on which it was not seen to accept, and ought to be: those of its predecessor, or, if it
// was not seen on any, all.
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

// overdue reports whether all that it has registered of the listeners is, and, of those that its predecessor served, nothing is missing.
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

// outlasting reports whether it has registered all of those, and others of its generation needed less time to be seen to accept from there.
func outlasting(lacking []attended) bool {
	return all(lacking, func(a attended) bool { return a.registered && a.outlasts })
}

// hindrance is why it may well accept although that was not seen; "" if it would have been.
func (s sight) hindrance(lacking []attended) string {
	if s.unseen != "" {
		return "the program " + string(s.unseen)
	}
	for _, a := range lacking {
		switch {
		case !a.registered: // whoever is to wait there will be seen to
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
