package master

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/transitions.txt anew; read what changed before you commit it")

// situations are the states the pool can be in, each on two slots.
var situations = []struct {
	name  string
	reach func() *world
}{
	{"starting", func() *world { return newWorld(2) }},
	{"steady", func() *world { return newWorld(2).up() }},
	{"died once", func() *world {
		w := newWorld(2).up()
		w.apply(exited{worker: w.pool.slots[0].duty.ID, exit: Exit{Code: 1}})
		return w.up()
	}},
	{"backing off", func() *world {
		w := newWorld(2).up()
		for range 2 {
			w.apply(exited{worker: w.pool.slots[0].duty.ID, exit: Exit{Code: 1}})
		}
		return w
	}},
	{"preparing", func() *world { w := newWorld(2).up(); w.ask(); return w }},
	{"rolling, none changed", func() *world { w := newWorld(2).up(); w.ask(); return w.prepare(nil) }},
	{"rolling, one changed", func() *world {
		w := newWorld(2).up()
		w.ask()
		w.prepare(nil).ready(w.next())
		return w
	}},
	{"rolling, one queued", func() *world { w := newWorld(2).up(); w.ask(); w.prepare(nil); w.ask(); return w }},
	{"reverting", func() *world {
		w := newWorld(2).up()
		w.ask()
		w.prepare(nil).ready(w.next())
		w.apply(exited{worker: w.next().ID, exit: Exit{Code: 1}})
		return w
	}},
	{"live", func() *world {
		w := newWorld(2).up()
		w.ask()
		w.prepare(nil)
		for w.next() != nil {
			w.ready(w.next())
		}
		return w
	}},
	{"live, a slot backs off, one older worker drains", func() *world {
		w := newWorld(2).up()
		w.live()
		w.dies()
		w.up().dies()
		w.apply(exited{worker: w.in(WorkerDraining)[0].ID})
		return w
	}},
	{"surge of two, one ready", func() *world {
		w := newWorld(3).up().with(Strategy{Surge: Surge{Number: 2}})
		return w.ready(w.next())
	}},
	{"canary comes up", func() *world { return newWorld(3).up().with(Strategy{Canary: 1}) }},
	{"canary is checked", func() *world {
		w := newWorld(3).up()
		w.under(func(t *terms) { t.checks, t.strategy = true, Strategy{Canary: 1} })
		return w.ready(w.next())
	}},
	{"canary waits", func() *world {
		w := newWorld(3).up().with(Strategy{Canary: 1})
		return w.ready(w.next())
	}},
	{"canary soaks, paused by a caller", func() *world {
		w := newWorld(3).up().with(Strategy{Canary: 1, CanarySoak: time.Minute})
		w.ready(w.next())
		w.apply(controlReload{reload: w.last().ID, verb: VerbPause})
		return w
	}},
	{"canary waits in a pool of its size", func() *world {
		w := newWorld(3).up().with(Strategy{Canary: 2})
		w.over().apply(scaleBy{delta: -1})
		return w
	}},
	{"paused by a caller when every slot has changed", func() *world {
		w := newWorld(2).up().with(Strategy{Surge: Surge{Number: 2}})
		w.apply(controlReload{reload: w.last().ID, verb: VerbPause})
		return w.over()
	}},
	{"pause between", func() *world {
		w := newWorld(2).up().with(Strategy{PauseBetween: time.Second})
		return w.ready(w.next())
	}},
	{"checked before the second", func() *world {
		w := newWorld(2).up()
		w.under(func(t *terms) { t.checks = true })
		return w.ready(w.next())
	}},
	{"live on trial", func() *world { return newWorld(2).up().with(Strategy{Soak: time.Minute}).over() }},
	{"going back from live", func() *world {
		w := newWorld(2).up().with(Strategy{Soak: time.Minute}).over()
		w.apply(exited{worker: w.pool.slots[1].duty.ID, exit: Exit{Code: 1}})
		return w
	}},
	{"went back, and is checked", func() *world {
		w := newWorld(2).up()
		w.checkedReload()
		w.over().check(Result{Message: "not well"})
		return w.ready(w.next())
	}},
	{"one worker renewed", func() *world {
		w := newWorld(2).up()
		w.apply(renewWorker{worker: w.pool.slots[0].duty.ID})
		return w
	}},
	{"stopping", func() *world { w := newWorld(2).up(); w.ask(); w.prepare(nil); w.apply(stopMaster{}); return w }},
}

// happenings is every fact there is, about the worker for which it means the most.
var happenings = []struct {
	name string
	make func(*world) happening
}{
	{"reload asked", func(*world) happening { return askReload{id: "rx"} }},
	{"abort", func(w *world) happening { return controlReload{reload: w.current(), verb: VerbAbort} }},
	{"pause", func(w *world) happening { return controlReload{reload: w.current(), verb: VerbPause} }},
	{"resume", func(w *world) happening { return controlReload{reload: w.current(), verb: VerbResume} }},
	{"promote", func(w *world) happening { return controlReload{reload: w.current(), verb: VerbPromote} }},
	{"promote without a canary", func(w *world) happening { return controlReload{reload: w.current(), verb: VerbSkipCanary} }},
	{"canary soaked", func(w *world) happening { return awake{reload: w.current(), why: canaryOver} }},
	{"pause between over", func(w *world) happening { return awake{reload: w.current(), why: pauseOver, count: 1} }},
	{"soak over", func(w *world) happening { return awake{reload: w.current(), why: soakOver} }},
	{"check passes", func(w *world) happening {
		return checked{reload: w.current(), batches: 1, result: Result{OK: true}}
	}},
	{"check fails", func(w *world) happening {
		return checked{reload: w.current(), result: Result{Message: "not well"}}
	}},
	{"check of the generation before fails", func(w *world) happening {
		return checked{reload: w.current(), back: true, result: Result{Message: "not well"}}
	}},
	{"renewal asked", func(w *world) happening { return renewWorker{worker: onDuty(w, 0)} }},
	{"one worker more", func(*world) happening { return scaleBy{delta: 1} }},
	{"one worker less", func(*world) happening { return scaleBy{delta: -1} }},
	{"stop", func(*world) happening { return stopMaster{} }},
	{"stop now", func(*world) happening { return stopMaster{now: true} }},
	{"program found", func(w *world) happening { return prepared{generation: w.pool.lastGeneration, terms: w.terms()} }},
	{"program missing", func(w *world) happening { return prepared{generation: w.pool.lastGeneration, err: errNotThere} }},
	{"starting worker forked", func(w *world) happening { return forked{worker: one(w, WorkerStarting), pid: 42} }},
	{"starting worker ready", func(w *world) happening { return becameReady{worker: one(w, WorkerStarting)} }},
	{"ready worker ready again", func(w *world) happening { return becameReady{worker: one(w, WorkerReady)} }},
	{"draining worker ready", func(w *world) happening { return becameReady{worker: one(w, WorkerDraining)} }},
	{"status", func(w *world) happening { return saidStatus{worker: one(w, WorkerReady), text: "fine"} }},
	{"starting worker too slow", func(w *world) happening { return startTimedOut{worker: one(w, WorkerStarting)} }},
	{"starting worker exits", func(w *world) happening { return exited{worker: one(w, WorkerStarting), exit: Exit{Code: 1}} }},
	{"ready worker of slot 0 exits", func(w *world) happening { return exited{worker: onDuty(w, 0), exit: Exit{Signal: "SIGKILL", Code: -1}} }},
	{"ready worker of slot 1 exits", func(w *world) happening { return exited{worker: onDuty(w, 1), exit: Exit{Signal: "SIGKILL", Code: -1}} }},
	{"ready worker of slot 0 misses its watchdog", func(w *world) happening { return wentSilent{worker: onDuty(w, 0), silence: time.Second} }},
	{"draining worker has stopped accepting", func(w *world) happening { return stoppedAccepting{worker: one(w, WorkerDraining), at: w.now} }},
	{"draining worker still accepts", func(w *world) happening {
		return stillAccepts{worker: one(w, WorkerDraining), listeners: "tcp", after: time.Minute}
	}},
	{"draining worker exits", func(w *world) happening { return exited{worker: one(w, WorkerDraining)} }},
	{"draining worker too slow", func(w *world) happening { return drainTimedOut{worker: one(w, WorkerDraining)} }},
	{"unknown worker exits", func(*world) happening { return exited{worker: "nobody"} }},
	{"back-off over", func(*world) happening { return retryDue{slot: 0} }},
	{"back-off of a slot that is gone over", func(*world) happening { return retryDue{slot: 7} }},
	{"canary addressed", func(w *world) happening {
		return addressed{reload: w.current(), canary: []CanaryAddress{{Listener: "tcp"}}}
	}},
	{"measured", func(w *world) happening { return measured{reload: w.current(), found: Measured{Drops: 1}} }},
	{"counted", func(w *world) happening { return counted{connections: map[string]int{one(w, WorkerDraining): 5}} }},
}

func one(w *world, state WorkerState) string {
	if w.next() != nil && state == WorkerStarting {
		return w.next().ID
	}
	if list := w.in(state); len(list) > 0 {
		return list[0].ID
	}
	return "nobody"
}

func onDuty(w *world, slot int) string {
	if m := w.pool.slots[slot].duty; m != nil && m.State == WorkerReady {
		return m.ID
	}
	return "nobody"
}

// TestEveryFactInEveryState compares what each fact does in each state with the table in
// testdata, which people read and agree on.
func TestEveryFactInEveryState(t *testing.T) {
	var b strings.Builder
	for _, s := range situations {
		fmt.Fprintf(&b, "%s [%s]\n%s\n", strings.ToUpper(s.name), s.reach(), cells(s.reach))
	}
	const path = "testdata/transitions.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

// cells says what each fact does in one state, after a list of those that change nothing.
func cells(reach func() *world) string {
	var ignored []string
	var rows strings.Builder
	for _, h := range happenings {
		w := reach()
		before := w.String()
		w.apply(h.make(w))
		did, gives := cmp.Or(w.did(), "-"), w.String()
		if gives == before {
			gives = "-"
		}
		if did == "-" && gives == "-" {
			ignored = append(ignored, h.name)
			continue
		}
		fmt.Fprintf(&rows, "  %s\n      does  %s\n      gives %s\n", h.name, did, gives)
	}
	return "  ignores\n" + inLines(ignored) + rows.String()
}

// inLines puts names into indented lines of at most 100 columns.
func inLines(names []string) string {
	var b strings.Builder
	line := "     "
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		if len(line)+1+len(name) > 100 {
			b.WriteString(line + "\n")
			line = "     "
		}
		line += " " + name
	}
	b.WriteString(line + "\n")
	return b.String()
}
