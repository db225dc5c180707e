package master

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/plan"
	"rota/internal/process"
	"rota/internal/reach"
	"rota/internal/record"
)

var (
	auto       = plan.Readiness{Kind: plan.ReadyAuto}
	waiting    = kernel.Wait{Open: true, Blocked: true}
	registered = kernel.Wait{Open: true, Registered: true}
	inherited2 = []listen.Spec{{Name: "a", Network: "tcp", Address: "127.0.0.1:0"}, {Name: "b", Network: "tcp", Address: "127.0.0.1:0"}}
)

// waits shows how it waits after a while, and obeys SIGTERM.
func waits(after time.Duration, how ...kernel.Wait) func(*fakeProcess) {
	return func(p *fakeProcess) {
		p.obeys = true
		time.AfterFunc(after, func() { p.shows("", how...) })
	}
}

// firstReady is the first worker that got ready, and when. Everybody has a minute.
func (b *bench) firstReady() record.Worker {
	b.t.Helper()
	s, err := b.Subscribe(0)
	require.NoError(b.t, err)
	defer s.Close()
	over := func(e record.Event) bool {
		return e.Type == record.EventWorkerReady || e.Type == record.EventWorkerDraining
	}
	for _, e := range s.Backlog {
		if over(e) {
			return *e.Worker
		}
	}
	for e := range s.C {
		if over(e) {
			return *e.Worker
		}
	}
	return record.Worker{}
}

func TestAWorkerIsReadyWhenItIsSeenToAccept(t *testing.T) {
	t.Parallel()
	for _, takes := range []time.Duration{0, 3 * time.Millisecond, 30 * time.Second} {
		inBubble(t, plan.Spec{Workers: 1, Ready: auto}, waits(takes, waiting), func(b *bench) {
			w := b.firstReady()
			require.Equal(t, record.ReadyProof{By: record.BySight, Detail: "seen to accept connections on the listener tcp"}, w.ReadyProof)
			after := w.ReadyAt.Sub(w.StartedAt)
			require.GreaterOrEqual(t, after, takes)
			require.LessOrEqual(t, after, max(2*takes, 2*minder.FirstLook), "looks are close together at first")
			require.LessOrEqual(t, after, takes+2*minder.LastLook)
		})
	}
}

func TestAWorkerThatSaysItIsReadyAndDoesNotAcceptIsNot(t *testing.T) {
	t.Parallel()
	inBubble(t, plan.Spec{Workers: 1, Ready: auto}, soon(0), func(b *bench) {
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		defer s.Close()
		for e := range s.C {
			require.NotEqual(t, record.EventWorkerReady, e.Type)
			if e.Type == record.EventWorkerDraining {
				require.Contains(t, e.Message, "was not ready in 1m0s: it said READY=1, but nobody waits for connections on the listener tcp (127.0.0.1:")
				return
			}
		}
	})
}

// A program may say READY=1 and begin to accept a moment later. It is looked at again soon.
func TestAWordMakesTheMasterLookAgainSoon(t *testing.T) {
	t.Parallel()
	said := 20 * time.Second
	inBubble(t, plan.Spec{Workers: 1, Ready: auto}, func(p *fakeProcess) {
		waits(said, waiting)(p)
		time.AfterFunc(said, func() { p.noted <- process.Note{Ready: true} })
	}, func(b *bench) {
		w := b.firstReady()
		require.Less(t, w.ReadyAt.Sub(w.StartedAt), said+2*minder.FirstLook)
	})
}

func TestWhatIsAssumedIsSaidOnceToEverybody(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	early := func(p *fakeProcess) {
		soon(0)(p)
		p.shows("", registered)
	}
	inBubble(t, plan.Spec{Workers: 2, Ready: auto}, early, func(b *bench) {
		b.options.Log = zerolog.New(&log)
		w := b.firstReady()
		require.Equal(t, record.ByAssumption, w.ReadyProof.By)
		require.Equal(t, "readiness was assumed, not seen: it said READY=1, and it has registered the listener tcp but was not seen to accept from there", w.ReadyProof.Detail)
		require.GreaterOrEqual(t, w.ReadyAt.Sub(w.StartedAt), minder.MostPatience)
		require.LessOrEqual(t, w.ReadyAt.Sub(w.StartedAt), minder.MostPatience+2*minder.LastLook)

		r := b.wait(b.askReload().ID, record.ReloadLive)
		require.Equal(t, []string{"it has registered the listener tcp but was not seen to accept from there"}, r.Assumed)
		synctest.Wait()
		b.status()
		for _, generation := range []string{`"generation":1,`, `"generation":2,`} {
			warnings := 0
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, `"level":"warn"`) && strings.Contains(line, generation) && strings.Contains(line, "readiness was assumed, not seen") {
					warnings++
				}
			}
			require.Equal(t, 1, warnings, generation)
		}
	})
}

func TestAWorkerThatCanNotBeSeenIsBelievedOrHasToLive(t *testing.T) {
	t.Parallel()
	unseen := func(says bool) func(*fakeProcess) {
		return func(p *fakeProcess) {
			p.obeys = true
			p.shows(kernel.UnseenRing, kernel.Wait{Open: true})
			if says {
				p.noted <- process.Note{Ready: true}
			}
		}
	}
	inBubble(t, plan.Spec{Workers: 1, Ready: auto}, unseen(true), func(b *bench) {
		w := b.firstReady()
		require.Less(t, w.ReadyAt.Sub(w.StartedAt), minder.MostPatience/2)
		require.Equal(t, "readiness was assumed, not seen: it said READY=1, and the program uses io_uring, and may accept through that", w.ReadyProof.Detail)
	})
	inBubble(t, plan.Spec{Workers: 1, Ready: auto, StartTimeout: 2 * time.Second}, unseen(false), func(b *bench) {
		w := b.firstReady()
		require.Less(t, w.ReadyAt.Sub(w.StartedAt), 2*time.Second, "half of a short start timeout is enough")
		require.Contains(t, w.ReadyProof.Detail, "it has lived 1s, and the program uses io_uring")
	})
}

func TestAWorkerWithoutStreamListenersIsBelievedOrHasToLive(t *testing.T) {
	t.Parallel()
	datagrams := []listen.Spec{{Name: "udp", Network: "udp", Address: "127.0.0.1:0"}}
	inBubble(t, plan.Spec{Workers: 1, Ready: auto, Listen: datagrams}, soon(time.Second), func(b *bench) {
		w := b.firstReady()
		require.Equal(t, time.Second, w.ReadyAt.Sub(w.StartedAt))
		require.Equal(t, record.ReadyProof{By: record.ByWord}, w.ReadyProof)
	})
	inBubble(t, plan.Spec{Workers: 1, Ready: auto, Listen: datagrams}, func(p *fakeProcess) { p.obeys = true }, func(b *bench) {
		w := b.firstReady()
		require.Equal(t, minder.MostPatience, w.ReadyAt.Sub(w.StartedAt))
		require.Equal(t, record.ByLife, w.ReadyProof.By)
	})
}

func TestAReleaseHasToServeWhatItsPredecessorServed(t *testing.T) {
	t.Parallel()
	inBubble(t, plan.Spec{Workers: 2, Ready: auto, Listen: inherited2}, waits(time.Second, waiting, waiting), func(b *bench) {
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, b.status().Ready)
		b.from(waits(time.Second, waiting, registered))
		r := b.wait(b.askReload().ID, record.ReloadLive)
		require.Equal(t, record.ReloadFailed, r.State)
		require.Contains(t, r.Failure.Message, "it does not accept connections on the listener b (127.0.0.1:")
		require.Contains(t, r.Failure.Message, "as the worker before it in slot 0 did: remove what is not served any more from listen, or set ready")

		b.from(waits(time.Second, registered, waiting)) // of another generation that is started after a crash, that is wanted as well
		b.processes[0].exit(process.ExitStatus{Code: 1})
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, b.status().Ready)
		b.from(waits(time.Second, waiting, waiting))
		time.Sleep(2 * time.Minute)
		require.Equal(t, 2, b.status().Ready)
	})
}

// What a worker begins to serve later is found out when it is replaced.
func TestWhatAWorkerServesLaterIsWantedOfItsSuccessor(t *testing.T) {
	t.Parallel()
	inBubble(t, plan.Spec{Workers: 1, Ready: auto, Listen: inherited2}, waits(0, waiting, registered), func(b *bench) {
		time.Sleep(time.Minute)
		b.processes[0].shows("", waiting, waiting)
		b.from(waits(0, waiting, registered))
		r := b.wait(b.askReload().ID, record.ReloadLive)
		require.Equal(t, record.ReloadFailed, r.State)
		require.Contains(t, r.Failure.Message, "the listener b (")
	})
}

// The older generation never served what the one that fails did.
func TestGoingBackNeedsOnlyWhatWasServedBefore(t *testing.T) {
	t.Parallel()
	inBubble(t, plan.Spec{Workers: 2, Ready: auto, Listen: inherited2}, waits(0, waiting, registered), func(b *bench) {
		time.Sleep(20 * time.Second)
		require.Equal(t, 2, b.status().Ready)
		b.from(func(p *fakeProcess) {
			switch {
			case p.spec.Generation == 1:
				waits(0, waiting, registered)(p)
			case p.spec.Slot == 0:
				waits(0, waiting, waiting)(p)
			}
		})
		r := b.wait(b.askReload().ID, record.ReloadLive)
		require.Equal(t, record.ReloadFailed, r.State)
		require.False(t, r.Failure.Stranded, r.Failure.Message)
		require.Equal(t, 2, b.status().Ready)
		require.Equal(t, 1, b.status().Generation)
	})
}

// A listener that is new was served by nobody, and one that is gone need not be.
func TestOnlyListenersThatBothHaveAreWanted(t *testing.T) {
	t.Parallel()
	a, b, c := inherited2[0], inherited2[1], listen.Spec{Name: "c", Network: "tcp", Address: "127.0.0.1:0"}
	inBubble(t, plan.Spec{Workers: 1, Ready: auto, Listen: []listen.Spec{a, b}}, waits(0, waiting, waiting), func(bench *bench) {
		time.Sleep(time.Second)
		bench.options.Reread = func() (plan.Spec, error) {
			s := bench.options.Spec
			s.Listen = []listen.Spec{b, c}
			return s, nil
		}
		bench.from(waits(0, waiting, kernel.Wait{Open: true}))
		r := bench.wait(bench.askReload().ID, record.ReloadLive)
		require.Equal(t, record.ReloadLive, r.State, r.Failure)
	})
}

// What a search has found counts, and it is looked at once more at once.
func TestAConnectionThatAWorkerHasAcceptedMakesItReady(t *testing.T) {
	t.Parallel()
	inBubble(t, plan.Spec{Workers: 1, Ready: auto}, waits(0, registered), func(b *bench) {
		time.Sleep(30 * time.Second)
		require.Zero(t, b.status().Ready)
		require.NoError(t, b.ask(func(l *loop) {
			for id, w := range l.minders {
				require.Len(t, l.sought(w.listeners[0].binding), 1)
				l.found(w.listeners[0].binding, reach.Found{Workers: []string{id}, Counts: reach.Counts{Offered: 1, Accepted: 1}}, nil)
				require.Empty(t, l.sought(w.listeners[0].binding))
			}
		}))
		time.Sleep(2 * minder.FirstLook)
		require.Equal(t, 1, b.status().Ready)
	})
}

// A program that loads for long after it has registered its listener has siblings that do.
func TestAWorkerThatNoConnectionReachesIsAssumedToBeAsItsSiblings(t *testing.T) {
	t.Parallel()
	inBubble(t, plan.Spec{Workers: 2, Ready: auto}, waits(0, registered), func(b *bench) {
		time.Sleep(10 * time.Second)
		require.Zero(t, b.status().Ready)
		require.NoError(t, b.ask(func(l *loop) {
			for id, w := range l.minders {
				if w.Start.Slot == 0 {
					l.found(w.listeners[0].binding, reach.Found{Workers: []string{id}, Counts: reach.Counts{Offered: 9, Accepted: 9}}, nil)
				}
			}
		}))
		time.Sleep(9 * time.Second)
		require.Equal(t, 1, b.status().Ready)
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, b.status().Ready)
		for _, w := range b.status().Workers {
			if w.Slot == 1 {
				require.Equal(t, "readiness was assumed, not seen: it has lived 2s, and other workers take all connections to the listener tcp, which it has registered", w.ReadyProof.Detail)
			}
		}
	})
}
