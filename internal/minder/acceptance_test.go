package minder

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/record"
)

func TestWhenAWorkerIsReadyByWhatWasSeen(t *testing.T) {
	t.Parallel()
	var none record.ReadyProof
	seen := func(on string) record.ReadyProof {
		return record.ReadyProof{By: record.BySight, Detail: "seen to accept connections on the listener" + on}
	}
	assumed := func(by, why string) record.ReadyProof {
		return record.ReadyProof{By: record.ByAssumption, Detail: "readiness was assumed, not seen: " + by + ", and " + why, Why: why}
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
	ready, long := evidence{claim: saidReady}, evidence{lifetime: "2s"}
	a := func(change func(*ObservedListener)) ObservedListener {
		one := ObservedListener{Name: "a", Address: ":1", Open: true}
		change(&one)
		return one
	}
	idle := a(func(*ObservedListener) {})
	accepts := a(func(a *ObservedListener) { a.Accepting = true })
	registered := a(func(a *ObservedListener) { a.Registered = true })
	overdue := a(func(a *ObservedListener) { a.Registered, a.overdue = true, true })
	b := func(one ObservedListener) ObservedListener { one.Name = "b"; return one }
	wanted := func(one ObservedListener) ObservedListener { one.Wanted = true; return one }
	both := evidence{claim: saidReady, lifetime: "2s"}

	for name, c := range map[string]struct {
		listeners []ObservedListener
		unseen    kernel.Unseen
		evidence  evidence
		want      record.ReadyProof
	}{
		"it accepts":                                   {[]ObservedListener{accepts}, "", evidence{}, seen(" a")},
		"it accepts, whatever can't be seen":           {[]ObservedListener{accepts}, kernel.UnseenRing, evidence{}, seen(" a")},
		"it does nothing":                              {[]ObservedListener{idle}, "", evidence{}, none},
		"it does nothing for long":                     {[]ObservedListener{idle}, "", long, none},
		"it says so, and does nothing":                 {[]ObservedListener{idle}, "", both, none},
		"it has registered":                            {[]ObservedListener{registered}, "", evidence{}, none},
		"it has registered, and says so":               {[]ObservedListener{registered}, "", both, none},
		"it has registered for long":                   {[]ObservedListener{overdue}, "", long, none},
		"it has registered for long, and says so":      {[]ObservedListener{overdue}, "", both, assumed(said, late)},
		"others accept what it has registered":         {[]ObservedListener{a(func(a *ObservedListener) { a.Registered, a.Outlasts = true, true })}, "", long, assumed(lived, rest)},
		"others accept, and it has not registered":     {[]ObservedListener{a(func(a *ObservedListener) { a.Outlasts = true })}, "", long, none},
		"it can't be seen":                             {[]ObservedListener{idle}, kernel.UnseenRing, evidence{}, none},
		"it can't be seen, and says so":                {[]ObservedListener{idle}, kernel.UnseenRing, ready, assumed(said, ring)},
		"it can't be seen, and lives":                  {[]ObservedListener{idle}, kernel.UnseenRing, long, assumed(lived, ring)},
		"it acknowledges":                              {[]ObservedListener{idle}, kernel.UnseenRing, evidence{claim: saidAck}, assumed(saidAck, ring)},
		"one of two":                                   {[]ObservedListener{idle, b(accepts)}, "", evidence{}, seen(" b")},
		"two":                                          {[]ObservedListener{accepts, b(accepts)}, "", evidence{}, seen("s a and b")},
		"one of two that are wanted":                   {[]ObservedListener{wanted(idle), b(wanted(accepts))}, "", both, none},
		"both that are wanted":                         {[]ObservedListener{wanted(accepts), b(wanted(accepts))}, "", evidence{}, seen("s a and b")},
		"another than the wanted one":                  {[]ObservedListener{wanted(idle), b(accepts)}, "", both, none},
		"another than the wanted one, which is unseen": {[]ObservedListener{wanted(idle), b(accepts)}, kernel.UnseenRing, long, assumed(lived, ring)},
		"the wanted one is registered for long":        {[]ObservedListener{wanted(overdue), b(accepts)}, "", ready, assumed(said, late)},
		"one is registered for long, none is wanted":   {[]ObservedListener{overdue, b(idle)}, "", ready, assumed(said, "it has registered the listener a but was not seen to accept from there")},
		"one is registered for long, another wanted":   {[]ObservedListener{overdue, b(wanted(idle))}, "", ready, none},
		"connections end at once":                      {[]ObservedListener{a(func(a *ObservedListener) { a.Registered, a.Accepted, a.Unknown = true, 3, 2 })}, "", long, assumed(lived, ends)},
		"one connection ended at once":                 {[]ObservedListener{a(func(a *ObservedListener) { a.Registered, a.Accepted, a.Unknown = true, 3, 1 })}, "", long, none},
		"others end connections while it loads":        {[]ObservedListener{a(func(a *ObservedListener) { a.Accepted, a.Unknown = 3, 3 })}, "", both, none},
		"the kernel is mute":                           {[]ObservedListener{a(func(a *ObservedListener) { a.Registered, a.Blind = true, mute })}, "", ready, assumed(said, mute)},
		"nobody can come there yet":                    {[]ObservedListener{a(func(a *ObservedListener) { a.Registered, a.Closed = true, shut })}, "", ready, assumed(said, shut)},
		"there is nothing to see":                      {nil, "", evidence{}, none},
		"there is nothing to see, and it says so":      {nil, "", ready, record.ReadyProof{By: record.ByWord}},
		"there is nothing to see, and it acknowledges": {nil, "", evidence{claim: saidAck}, record.ReadyProof{By: record.ByWord, Detail: saidAck}},
		"there is nothing to see, and it lives": {nil, "", long,
			record.ReadyProof{By: record.ByLife, Detail: "it has lived 2s, and has no stream listener on which it could be seen to accept"}},
	} {
		got := Acceptance{Listeners: c.listeners, Unseen: c.unseen}.decide(c.evidence)
		require.Equal(t, c.want, got, name)
	}
}

func TestWhatWasNotSeenIsSaidAtTheTimeout(t *testing.T) {
	t.Parallel()
	idle := ObservedListener{Name: "a", Address: "127.0.0.1:1"}
	offered := ObservedListener{Name: "a", Address: "127.0.0.1:1", Registered: true, Offered: 12}
	taken := ObservedListener{Name: "a", Address: "127.0.0.1:1", Registered: true, Offered: 12, Accepted: 12}
	other := ObservedListener{Name: "b", Address: "/b", Accepting: true}
	wanted := ObservedListener{Name: "c", Address: "/c", Wanted: true}
	for want, c := range map[string]struct {
		listeners []ObservedListener
		said      string
	}{
		"nobody waits for connections on the listener a (127.0.0.1:1)":                                                                             {[]ObservedListener{idle}, ""},
		"it said READY=1, but nobody waits for connections on the listener a (127.0.0.1:1)":                                                        {[]ObservedListener{idle}, saidReady},
		"nobody waits for connections on the listeners a (127.0.0.1:1) and c (/c)":                                                                 {[]ObservedListener{idle, {Name: "c", Address: "/c"}}, ""},
		"it was not seen to accept connections on the listener a (127.0.0.1:1): 12 connections were offered there, and nobody accepted":            {[]ObservedListener{offered}, ""},
		"it was not seen to accept connections on the listener a (127.0.0.1:1): 12 connections were offered there, and others accepted 12 of them": {[]ObservedListener{taken}, ""},
		"it does not accept connections on the listener c (/c), as the worker before it in slot 3 did: " +
			"remove what is not served any more from listen, or set ready to how it can be told": {[]ObservedListener{other, wanted}, ""},
		"it did not say READY=1, and has no stream listener on which it could be seen to accept": {nil, ""},
	} {
		require.Equal(t, want, Acceptance{Listeners: c.listeners}.missing(evidence{claim: c.said}, 3))
	}
}
