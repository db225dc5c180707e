package master

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
)

// followed is a worker with one connection, 7, that a look has shown.
func followed(told bool, c kernel.TCPInfo) *ending {
	e := newEnding(told)
	e.take(look{began: time.Now()}, []Connection{{Connection: kernel.Connection{Cookie: 7, TCPState: "ESTABLISHED", TCP: &c}}})
	return e
}

func TestTheFateOfAConnection(t *testing.T) {
	answered := kernel.TCPInfo{BytesIn: 5, BytesOut: 9}
	asked := kernel.TCPInfo{BytesIn: 5, BytesOut: 9, Unanswered: true}
	peace := ended{Ending: kernel.Ending{Cookie: 7, BytesIn: 5, BytesOut: 9}}
	with := func(change func(*ended)) *ended { e := peace; change(&e); return &e }
	unread := with(func(e *ended) { e.Unread = 4 })
	aborted := with(func(e *ended) { e.Aborted = true })
	waits := with(func(e *ended) { e.Unanswered, e.BytesIn = true, 8 })
	early := with(func(e *ended) { e.Early, e.First = true, true })
	held := doom{certain: true, accepts: true, held: map[uint64]bool{7: true}}
	for _, c := range []struct {
		name     string
		info     kernel.TCPInfo
		end      *ended // nil: the kernel has not told
		over     bool   // the last look has not shown it any more
		leaves   bool
		death    death
		expected outcome
	}{
		{name: "it was answered", info: answered, end: &peace},
		{name: "it was reset with something unread", info: answered, end: unread, expected: wasLost},
		{name: "the same before the end", info: answered, end: unread, over: true, expected: wasLost},
		{name: "the worker reset it while it was busy", info: answered, end: aborted, expected: wasLost},
		{name: "the worker reset it when it was quiet", info: kernel.TCPInfo{Idle: time.Minute}, end: aborted},
		{name: "it was asked and did not answer", info: answered, end: waits, expected: wasWaiting},
		{name: "it was asked before, too", info: asked, end: &peace, leaves: true, expected: wasWaiting},
		{name: "it answered and closed it", info: asked, end: with(func(e *ended) { e.Early, e.First, e.BytesOut = true, true, 20 })},
		{name: "it said goodbye and so did the client", info: answered,
			end: with(func(e *ended) { e.Early, e.First, e.Unanswered, e.BytesIn, e.BytesOut = true, true, true, 8, 20 })},
		{name: "it was asked again, in turns, and closed it", info: asked,
			end: with(func(e *ended) { e.Early, e.First, e.MayBeUnanswered, e.BytesIn, e.BytesOut = true, true, true, 11, 20 }), expected: wasWaiting},
		{name: "it closed it without an answer", info: asked, end: early, over: true, expected: wasWaiting},
		{name: "the client had not waited", info: asked, end: with(func(e *ended) { e.BytesIn++ })},
		{name: "the client leaves", info: asked, end: with(func(e *ended) { e.Early = true }), over: true},
		{name: "its signal was not handled", info: answered, death: death{doom: held}, expected: wasLost},
		{name: "it ended before the signal did that", info: answered, end: early, death: death{doom: held}},
		{name: "it crashed", info: answered, end: &peace, death: death{manner: endedByCrash}, expected: wasLost},
		{name: "it crashed later", info: answered, end: &peace, over: true, death: death{manner: endedByCrash}},
		{name: "it failed", info: answered, end: &peace, leaves: true, death: death{manner: endedInError}, expected: wasLost},
		{name: "it failed having closed it", info: answered, end: early, leaves: true, death: death{manner: endedInError}},
		{name: "it failed when the client had left", info: answered, end: &peace, death: death{manner: endedInError}},
		{name: "it ended by its signal in the end", info: answered, end: &peace, leaves: true, death: death{manner: endedAsTold}, expected: wasOpen},
		{name: "it was killed, and that one was cut", info: asked, end: waits, death: death{killed: true}},
		{name: "it was killed having reset it", info: answered, end: unread, death: death{killed: true}, expected: wasLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := followed(true, c.info)
			if c.over {
				e.take(look{began: time.Now()}, nil)
			}
			if c.end != nil {
				e.note(*c.end)
			}
			s := remains{}
			if c.leaves {
				s.leaving = map[uint64]kernel.Leaving{7: {Over: true}}
			}
			known := e.known[7]
			require.Equal(t, c.expected, e.judge(&known, c.death, s))
			f := e.fate(c.death, s)
			require.Equal(t, c.expected == wasLost, f.Dropped == 1 && len(f.Connections) == 1)
			require.Equal(t, c.expected == wasWaiting || c.expected == wasOpen, f.Unsure == 1 && len(f.Doubts) == 1)
			require.Equal(t, SeenToldByKernel, f.Seen)
			require.Zero(t, e.fate(death{cut: map[uint64]bool{7: true}}, s).Dropped)
		})
	}
}

// Where the kernel does not tell, only what is left of a connection, and whether some were reset on the machine, can be looked at.
func TestTheFateOfAConnectionThatNobodyTells(t *testing.T) {
	left := remains{leaving: map[uint64]kernel.Leaving{7: {Over: true}}}
	for _, c := range []struct {
		name            string
		death           death
		remains         remains
		dropped, doubts int
	}{
		{"it ended in peace", death{}, left, 0, 0},
		{"nothing is left and nothing was reset", death{}, remains{}, 0, 0},
		{"nothing is left and something was reset", death{}, remains{resets: 1}, 0, 1},
		{"its worker failed", death{manner: endedInError}, left, 0, 1},
		{"its worker crashed", death{manner: endedByCrash}, remains{}, 1, 0},
		{"the signal was not handled", death{signalled: true, doom: doom{certain: true, accepts: true, held: map[uint64]bool{7: true}}}, left, 1, 1},
		{"a wrapper did not handle it", death{signalled: true, doom: doom{certain: true}}, left, 0, 0},
		{"it ended by its signal, perhaps at once", death{signalled: true, manner: endedAsTold}, left, 0, 2},
		{"it was never ready, and had a connection", death{signalled: true, manner: endedAsTold, young: true}, left, 0, 2},
		{"it ended by its signal when it accepted no more", death{signalled: true, manner: endedAsTold, withdrew: true}, left, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := followed(false, kernel.TCPInfo{BytesIn: 5}).fate(c.death, c.remains)
			require.Equal(t, c.dropped, f.Dropped)
			require.Len(t, f.Doubts, c.doubts, f.Doubts)
			require.Equal(t, SeenByStates, f.Seen)
		})
	}
}

// What came and went between two looks may have been the worker's.
func TestConnectionsThatNoLookHasShownAreDoubts(t *testing.T) {
	stranger := func(e kernel.Ending) []ended { e.Cookie, e.Remote = 9, "192.0.2.1:1"; return []ended{{Ending: e}} }
	first := map[string]bool{"192.0.2.1:1": true}
	for _, c := range []struct {
		name      string
		strangers []ended
		peers     map[string]bool
		death     death
		doubts    int
	}{
		{"answered", stranger(kernel.Ending{BytesOut: 5}), first, death{}, 0},
		{"unread", stranger(kernel.Ending{Unread: 5}), nil, death{}, 1},
		{"unanswered", stranger(kernel.Ending{Unanswered: true, BytesOut: 5}), first, death{}, 1},
		{"unanswered, and the client had left", stranger(kernel.Ending{Unanswered: true, BytesOut: 5}), nil, death{}, 0},
		{"turned away", stranger(kernel.Ending{}), first, death{}, 1},
		{"a client that wanted nothing", stranger(kernel.Ending{}), nil, death{}, 0},
		{"the same at a crash", stranger(kernel.Ending{}), nil, death{manner: endedByCrash}, 1},
		{"of a worker that was killed", stranger(kernel.Ending{Unread: 5}), nil, death{killed: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newEnding(true).fate(c.death, remains{strangers: c.strangers, peers: c.peers})
			require.Len(t, f.Doubts, c.doubts, f.Doubts)
			require.Zero(t, f.Dropped)
		})
	}
}

func TestWhatComesAndGoesBetweenTwoLooksIsUnseen(t *testing.T) {
	e := newEnding(true)
	require.True(t, e.mayBeUnseen(e.begun.Add(time.Millisecond)))
	e.take(look{began: e.begun.Add(time.Minute)}, nil)
	require.True(t, e.mayBeUnseen(e.begun.Add(time.Millisecond)), "it may just have been accepted")
	require.False(t, e.mayBeUnseen(e.begun.Add(-time.Millisecond)))
	require.False(t, e.mayBeUnseen(e.begun.Add(2*unseenFor)))
	require.True(t, e.mayBeUnseen(e.begun.Add(2*time.Minute)))
}

func TestConnectionsThatVanishWhileOthersAreResetAreLookedFor(t *testing.T) {
	e := newEnding(false)
	e.take(look{before: 3}, []Connection{{Connection: kernel.Connection{Cookie: 7}}})
	require.Empty(t, e.take(look{before: 3, after: 3}, nil))
	e.take(look{before: 3}, []Connection{{Connection: kernel.Connection{Cookie: 8}}})
	require.Len(t, e.take(look{before: 3, after: 4}, nil), 1)
	told := newEnding(true)
	told.take(look{before: 3}, []Connection{{Connection: kernel.Connection{Cookie: 7}}})
	require.Empty(t, told.take(look{before: 3, after: 4}, nil), "the kernel tells")
}

func TestAReloadKeepsEachReasonForDoubtOnceAndTheWeakerWayOfSeeing(t *testing.T) {
	var r Reload
	r.addFate(Fate{Dropped: 2, Doubts: []string{"a"}, Seen: SeenToldByKernel})
	require.Equal(t, SeenToldByKernel, r.SeenBy)
	r.addFate(Fate{Doubts: []string{"a", "b"}, Seen: SeenByStates})
	r.addFate(Fate{Seen: SeenToldByKernel})
	require.Equal(t, []string{"a", "b"}, r.DropDoubts)
	require.Equal(t, SeenByStates, r.SeenBy)
	require.True(t, r.DropUnknown)
	require.Equal(t, 2, r.Dropped)
	for i := range 2 * mostDoubts {
		r.addFate(Fate{Doubts: []string{itoa(i)}})
	}
	require.Len(t, r.DropDoubts, mostDoubts)
}

func TestAWorkerThatNeverServedIsInNoDoubtWhenItsSignalEndsIt(t *testing.T) {
	e := newEnding(true)
	d := death{signalled: true, manner: endedAsTold, young: true}
	require.Empty(t, e.fate(d, remains{}).Doubts)
	e.accepts = true
	require.Len(t, e.fate(d, remains{}).Doubts, 1)
}
