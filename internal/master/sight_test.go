package master

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
)

func TestWhenAWorkerIsReadyByWhatWasSeen(t *testing.T) {
	t.Parallel()
	var none Readied
	seen := func(on string) Readied {
		return Readied{By: BySight, Detail: "seen to accept connections on the listener" + on}
	}
	assumed := func(by, why string) Readied {
		return Readied{By: ByAssumption, Detail: "readiness was assumed, not seen: " + by + ", and " + why, Why: why}
	}
	const (
		said  = "it said READY=1"
		lived = "it has lived 2s"
		ring  = "the program uses io_uring, and may accept through that"
		late  = "it has registered the listener a but was not seen to accept from there"
		ends  = "connections to the listener a end before it can be seen who accepts them"
		mute  = "the kernel does not tell who accepts connections"
		rest  = "other workers take all connections to the listener a, which it has registered"
		shut  = "clients are turned away"
	)
	ready, long := evidence{said: saidReady}, evidence{lived: "2s"}
	a := func(change func(*attended)) attended {
		one := attended{name: "a", address: ":1", open: true}
		change(&one)
		return one
	}
	idle := a(func(*attended) {})
	accepts := a(func(a *attended) { a.accepting = true })
	registered := a(func(a *attended) { a.registered = true })
	overdue := a(func(a *attended) { a.registered, a.overdue = true, true })
	b := func(one attended) attended { one.name = "b"; return one }
	wanted := func(one attended) attended { one.wanted = true; return one }
	both := evidence{said: saidReady, lived: "2s"}

	for name, c := range map[string]struct {
		listeners []attended
		unseen    kernel.Unseen
		evidence  evidence
		want      Readied
	}{
		"it accepts":                                   {[]attended{accepts}, "", evidence{}, seen(" a")},
		"it accepts, whatever can't be seen":           {[]attended{accepts}, kernel.UnseenRing, evidence{}, seen(" a")},
		"it does nothing":                              {[]attended{idle}, "", evidence{}, none},
		"it does nothing for long":                     {[]attended{idle}, "", long, none},
		"it says so, and does nothing":                 {[]attended{idle}, "", both, none},
		"it has registered":                            {[]attended{registered}, "", evidence{}, none},
		"it has registered, and says so":               {[]attended{registered}, "", both, none},
		"it has registered for long":                   {[]attended{overdue}, "", long, none},
		"it has registered for long, and says so":      {[]attended{overdue}, "", both, assumed(said, late)},
		"others accept what it has registered":         {[]attended{a(func(a *attended) { a.registered, a.outlasts = true, true })}, "", long, assumed(lived, rest)},
		"others accept, and it has not registered":     {[]attended{a(func(a *attended) { a.outlasts = true })}, "", long, none},
		"it can't be seen":                             {[]attended{idle}, kernel.UnseenRing, evidence{}, none},
		"it can't be seen, and says so":                {[]attended{idle}, kernel.UnseenRing, ready, assumed(said, ring)},
		"it can't be seen, and lives":                  {[]attended{idle}, kernel.UnseenRing, long, assumed(lived, ring)},
		"it acknowledges":                              {[]attended{idle}, kernel.UnseenRing, evidence{said: saidAck}, assumed(saidAck, ring)},
		"one of two":                                   {[]attended{idle, b(accepts)}, "", evidence{}, seen(" b")},
		"two":                                          {[]attended{accepts, b(accepts)}, "", evidence{}, seen("s a and b")},
		"one of two that are wanted":                   {[]attended{wanted(idle), b(wanted(accepts))}, "", both, none},
		"both that are wanted":                         {[]attended{wanted(accepts), b(wanted(accepts))}, "", evidence{}, seen("s a and b")},
		"another than the wanted one":                  {[]attended{wanted(idle), b(accepts)}, "", both, none},
		"another than the wanted one, which is unseen": {[]attended{wanted(idle), b(accepts)}, kernel.UnseenRing, long, assumed(lived, ring)},
		"the wanted one is registered for long":        {[]attended{wanted(overdue), b(accepts)}, "", ready, assumed(said, late)},
		"one is registered for long, none is wanted":   {[]attended{overdue, b(idle)}, "", ready, assumed(said, "it has registered the listener a but was not seen to accept from there")},
		"one is registered for long, another wanted":   {[]attended{overdue, b(wanted(idle))}, "", ready, none},
		"connections end at once":                      {[]attended{a(func(a *attended) { a.registered, a.taken, a.unknown = true, 3, 2 })}, "", long, assumed(lived, ends)},
		"one connection ended at once":                 {[]attended{a(func(a *attended) { a.registered, a.taken, a.unknown = true, 3, 1 })}, "", long, none},
		"others end connections while it loads":        {[]attended{a(func(a *attended) { a.taken, a.unknown = 3, 3 })}, "", both, none},
		"the kernel is mute":                           {[]attended{a(func(a *attended) { a.registered, a.blind = true, mute })}, "", ready, assumed(said, mute)},
		"nobody can come there yet":                    {[]attended{a(func(a *attended) { a.registered, a.closed = true, shut })}, "", ready, assumed(said, shut)},
		"there is nothing to see":                      {nil, "", evidence{}, none},
		"there is nothing to see, and it says so":      {nil, "", ready, Readied{By: ByWord}},
		"there is nothing to see, and it acknowledges": {nil, "", evidence{said: saidAck}, Readied{By: ByWord, Detail: saidAck}},
		"there is nothing to see, and it lives": {nil, "", long,
			Readied{By: ByLife, Detail: "it has lived 2s, and has no stream listener on which it could be seen to accept"}},
	} {
		got := sight{listeners: c.listeners, unseen: c.unseen}.decide(c.evidence)
		require.Equal(t, c.want, got, name)
	}
}

func TestWhatWasNotSeenIsSaidAtTheTimeout(t *testing.T) {
	t.Parallel()
	idle := attended{name: "a", address: "127.0.0.1:1"}
	offered := attended{name: "a", address: "127.0.0.1:1", registered: true, offered: 12}
	taken := attended{name: "a", address: "127.0.0.1:1", registered: true, offered: 12, taken: 12}
	other := attended{name: "b", address: "/b", accepting: true}
	wanted := attended{name: "c", address: "/c", wanted: true}
	for want, c := range map[string]struct {
		listeners []attended
		said      string
	}{
		"nobody waits for connections on the listener a (127.0.0.1:1)":                                                                             {[]attended{idle}, ""},
		"it said READY=1, but nobody waits for connections on the listener a (127.0.0.1:1)":                                                        {[]attended{idle}, saidReady},
		"nobody waits for connections on the listeners a (127.0.0.1:1) and c (/c)":                                                                 {[]attended{idle, {name: "c", address: "/c"}}, ""},
		"it was not seen to accept connections on the listener a (127.0.0.1:1): 12 connections were offered there, and nobody accepted":            {[]attended{offered}, ""},
		"it was not seen to accept connections on the listener a (127.0.0.1:1): 12 connections were offered there, and others accepted 12 of them": {[]attended{taken}, ""},
		"it does not accept connections on the listener c (/c), as the worker before it in slot 3 did: " +
			"remove what is not served any more from listen, or set ready to how it can be told": {[]attended{other, wanted}, ""},
		"it did not say READY=1, and has no stream listener on which it could be seen to accept": {nil, ""},
	} {
		require.Equal(t, want, sight{listeners: c.listeners}.missing(evidence{said: c.said}, 3))
	}
}
