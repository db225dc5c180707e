package losses

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/record"
)

// followed is a worker with one connection, 7, that a look has shown.
func followed(told bool, c kernel.TCPInfo) *Tracker {
	e := NewTracker(told)
	e.AddLook(Look{Began: time.Now()}, []listen.Connection{{Connection: kernel.Connection{Cookie: 7, TCPState: "ESTABLISHED", TCP: &c}}})
	return e
}

func TestTheFateOfAConnection(t *testing.T) {
	answered := kernel.TCPInfo{BytesIn: 5, BytesOut: 9}
	asked := kernel.TCPInfo{BytesIn: 5, BytesOut: 9, Unanswered: true}
	peace := ConnectionEnd{Ending: kernel.Ending{Cookie: 7, BytesIn: 5, BytesOut: 9}}
	with := func(change func(*ConnectionEnd)) *ConnectionEnd { e := peace; change(&e); return &e }
	unread := with(func(e *ConnectionEnd) { e.Unread = 4 })
	aborted := with(func(e *ConnectionEnd) { e.Aborted = true })
	waits := with(func(e *ConnectionEnd) { e.Unanswered, e.BytesIn = true, 8 })
	early := with(func(e *ConnectionEnd) { e.WorkerLived, e.WorkerFirst = true, true })
	held := minder.StopForecast{Unhandled: true, Accepts: true, Held: map[uint64]bool{7: true}}
	for _, c := range []struct {
		name     string
		info     kernel.TCPInfo
		end      *ConnectionEnd // nil: the kernel has not told
		over     bool           // the last look has not shown it any more
		leaves   bool
		death    minder.Death
		expected outcome
	}{
		{name: "it was answered", info: answered, end: &peace},
		{name: "it was reset with something unread", info: answered, end: unread, expected: wasLost},
		{name: "the same before the end", info: answered, end: unread, over: true, expected: wasLost},
		{name: "the worker reset it while it was busy", info: answered, end: aborted, expected: wasLost},
		{name: "the worker reset it when it was quiet", info: kernel.TCPInfo{Idle: time.Minute}, end: aborted},
		{name: "it was asked and did not answer", info: answered, end: waits, expected: wasWaiting},
		{name: "it was asked before, too", info: asked, end: &peace, leaves: true, expected: wasWaiting},
		{name: "it answered and closed it", info: asked, end: with(func(e *ConnectionEnd) { e.WorkerLived, e.WorkerFirst, e.BytesOut = true, true, 20 })},
		{name: "it said goodbye and so did the client", info: answered,
			end: with(func(e *ConnectionEnd) {
				e.WorkerLived, e.WorkerFirst, e.Unanswered, e.BytesIn, e.BytesOut = true, true, true, 8, 20
			})},
		{name: "it was asked again, in turns, and closed it", info: asked,
			end: with(func(e *ConnectionEnd) {
				e.WorkerLived, e.WorkerFirst, e.MayBeUnanswered, e.BytesIn, e.BytesOut = true, true, true, 11, 20
			}), expected: wasWaiting},
		{name: "it closed it without an answer", info: asked, end: early, over: true, expected: wasWaiting},
		{name: "the client had not waited", info: asked, end: with(func(e *ConnectionEnd) { e.BytesIn++ })},
		{name: "the client leaves", info: asked, end: with(func(e *ConnectionEnd) { e.WorkerLived = true }), over: true},
		{name: "its signal was not handled", info: answered, death: minder.Death{Forecast: held}, expected: wasLost},
		{name: "it ended before the signal did that", info: answered, end: early, death: minder.Death{Forecast: held}},
		{name: "it crashed", info: answered, end: &peace, death: minder.Death{Manner: minder.EndedByCrash}, expected: wasLost},
		{name: "it crashed later", info: answered, end: &peace, over: true, death: minder.Death{Manner: minder.EndedByCrash}},
		{name: "it failed", info: answered, end: &peace, leaves: true, death: minder.Death{Manner: minder.EndedInError}, expected: wasLost},
		{name: "it failed having closed it", info: answered, end: early, leaves: true, death: minder.Death{Manner: minder.EndedInError}},
		{name: "it failed when the client had left", info: answered, end: &peace, death: minder.Death{Manner: minder.EndedInError}},
		{name: "it ended by its signal in the end", info: answered, end: &peace, leaves: true, death: minder.Death{Manner: minder.EndedAsTold}, expected: wasOpen},
		{name: "it was killed, and that one was cut", info: asked, end: waits, death: minder.Death{Killed: true}},
		{name: "it was killed having reset it", info: answered, end: unread, death: minder.Death{Killed: true}, expected: wasLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := followed(true, c.info)
			if c.over {
				e.AddLook(Look{Began: time.Now()}, nil)
			}
			if c.end != nil {
				e.AddEnd(*c.end)
			}
			s := Remains{}
			if c.leaves {
				s.Leaving = map[uint64]kernel.Leaving{7: {Over: true}}
			}
			known := e.Known[7]
			require.Equal(t, c.expected, e.judge(&known, c.death, s))
			f := e.Fate(c.death, s)
			require.Equal(t, c.expected == wasLost, f.Dropped == 1 && len(f.Connections) == 1)
			require.Equal(t, c.expected == wasWaiting || c.expected == wasOpen, f.Unsure == 1 && len(f.Doubts) == 1)
			require.Equal(t, record.SeenToldByKernel, f.Seen)
			require.Zero(t, e.Fate(minder.Death{Cut: map[uint64]bool{7: true}}, s).Dropped)
		})
	}
}

// Where the kernel does not tell, only what is left of a connection, and whether some were reset on the machine, can be looked at.
func TestTheFateOfAConnectionThatNobodyTells(t *testing.T) {
	left := Remains{Leaving: map[uint64]kernel.Leaving{7: {Over: true}}}
	for _, c := range []struct {
		name            string
		death           minder.Death
		remains         Remains
		dropped, doubts int
	}{
		{"it ended in peace", minder.Death{}, left, 0, 0},
		{"nothing is left and nothing was reset", minder.Death{}, Remains{}, 0, 0},
		{"nothing is left and something was reset", minder.Death{}, Remains{Resets: 1}, 0, 1},
		{"its worker failed", minder.Death{Manner: minder.EndedInError}, left, 0, 1},
		{"its worker crashed", minder.Death{Manner: minder.EndedByCrash}, Remains{}, 1, 0},
		{"the signal was not handled", minder.Death{Signalled: true, Forecast: minder.StopForecast{Unhandled: true, Accepts: true, Held: map[uint64]bool{7: true}}}, left, 1, 1},
		{"a wrapper did not handle it", minder.Death{Signalled: true, Forecast: minder.StopForecast{Unhandled: true}}, left, 0, 0},
		{"it ended by its signal, perhaps at once", minder.Death{Signalled: true, Manner: minder.EndedAsTold}, left, 0, 2},
		{"it was never ready, and had a connection", minder.Death{Signalled: true, Manner: minder.EndedAsTold, NeverReady: true}, left, 0, 2},
		{"it ended by its signal when it accepted no more", minder.Death{Signalled: true, Manner: minder.EndedAsTold, StoppedAccepting: true}, left, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := followed(false, kernel.TCPInfo{BytesIn: 5}).Fate(c.death, c.remains)
			require.Equal(t, c.dropped, f.Dropped)
			require.Len(t, f.Doubts, c.doubts, f.Doubts)
			require.Equal(t, record.SeenByStates, f.Seen)
		})
	}
}

// What came and went between two looks may have been the worker's.
func TestConnectionsThatNoLookHasShownAreDoubts(t *testing.T) {
	stranger := func(e kernel.Ending) []ConnectionEnd {
		e.Cookie, e.Remote = 9, "192.0.2.1:1"
		return []ConnectionEnd{{Ending: e}}
	}
	first := map[string]bool{"192.0.2.1:1": true}
	for _, c := range []struct {
		name      string
		strangers []ConnectionEnd
		peers     map[string]bool
		death     minder.Death
		doubts    int
	}{
		{"answered", stranger(kernel.Ending{BytesOut: 5}), first, minder.Death{}, 0},
		{"unread", stranger(kernel.Ending{Unread: 5}), nil, minder.Death{}, 1},
		{"unanswered", stranger(kernel.Ending{Unanswered: true, BytesOut: 5}), first, minder.Death{}, 1},
		{"unanswered, and the client had left", stranger(kernel.Ending{Unanswered: true, BytesOut: 5}), nil, minder.Death{}, 0},
		{"turned away", stranger(kernel.Ending{}), first, minder.Death{}, 1},
		{"a client that wanted nothing", stranger(kernel.Ending{}), nil, minder.Death{}, 0},
		{"the same at a crash", stranger(kernel.Ending{}), nil, minder.Death{Manner: minder.EndedByCrash}, 1},
		{"of a worker that was killed", stranger(kernel.Ending{Unread: 5}), nil, minder.Death{Killed: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewTracker(true).Fate(c.death, Remains{Strangers: c.strangers, Peers: c.peers})
			require.Len(t, f.Doubts, c.doubts, f.Doubts)
			require.Zero(t, f.Dropped)
		})
	}
}

func TestWhatComesAndGoesBetweenTwoLooksIsUnseen(t *testing.T) {
	e := NewTracker(true)
	require.True(t, e.MayBeUnseen(e.begun.Add(time.Millisecond)))
	e.AddLook(Look{Began: e.begun.Add(time.Minute)}, nil)
	require.True(t, e.MayBeUnseen(e.begun.Add(time.Millisecond)), "it may just have been accepted")
	require.False(t, e.MayBeUnseen(e.begun.Add(-time.Millisecond)))
	require.False(t, e.MayBeUnseen(e.begun.Add(2*unseenFor)))
	require.True(t, e.MayBeUnseen(e.begun.Add(2*time.Minute)))
}

func TestConnectionsThatVanishWhileOthersAreResetAreLookedFor(t *testing.T) {
	e := NewTracker(false)
	e.AddLook(Look{Before: 3}, []listen.Connection{{Connection: kernel.Connection{Cookie: 7}}})
	require.Empty(t, e.AddLook(Look{Before: 3, After: 3}, nil))
	e.AddLook(Look{Before: 3}, []listen.Connection{{Connection: kernel.Connection{Cookie: 8}}})
	require.Len(t, e.AddLook(Look{Before: 3, After: 4}, nil), 1)
	told := NewTracker(true)
	told.AddLook(Look{Before: 3}, []listen.Connection{{Connection: kernel.Connection{Cookie: 7}}})
	require.Empty(t, told.AddLook(Look{Before: 3, After: 4}, nil), "the kernel tells")
}

func TestAWorkerThatNeverServedIsInNoDoubtWhenItsSignalEndsIt(t *testing.T) {
	e := NewTracker(true)
	d := minder.Death{Signalled: true, Manner: minder.EndedAsTold, NeverReady: true}
	require.Empty(t, e.Fate(d, Remains{}).Doubts)
	e.Accepts = true
	require.Len(t, e.Fate(d, Remains{}).Doubts, 1)
}
