package pool

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
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
		w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1}})
		return w.up()
	}},
	{"backing off", func() *world {
		w := newWorld(2).up()
		for range 2 {
			w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1}})
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
		w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
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
		w.apply(Exited{Worker: w.in(record.WorkerDraining)[0].ID})
		return w
	}},
	{"surge of two, one ready", func() *world {
		w := newWorld(3).up().with(record.Strategy{Surge: record.Surge{Number: 2}})
		return w.ready(w.next())
	}},
	{"canary comes up", func() *world { return newWorld(3).up().with(record.Strategy{Canary: 1}) }},
	{"canary is checked", func() *world {
		w := newWorld(3).up()
		w.under(func(t *Terms) { t.Checks, t.Strategy = true, record.Strategy{Canary: 1} })
		return w.ready(w.next())
	}},
	{"canary waits", func() *world {
		w := newWorld(3).up().with(record.Strategy{Canary: 1})
		return w.ready(w.next())
	}},
	{"canary soaks, paused by a caller", func() *world {
		w := newWorld(3).up().with(record.Strategy{Canary: 1, CanarySoak: time.Minute})
		w.ready(w.next())
		w.apply(ControlReload{Reload: w.last().ID, Verb: record.VerbPause})
		return w
	}},
	{"canary waits in a pool of its size", func() *world {
		w := newWorld(3).up().with(record.Strategy{Canary: 2})
		w.over().apply(ScaleBy{Delta: -1})
		return w
	}},
	{"paused by a caller when every slot has changed", func() *world {
		w := newWorld(2).up().with(record.Strategy{Surge: record.Surge{Number: 2}})
		w.apply(ControlReload{Reload: w.last().ID, Verb: record.VerbPause})
		return w.over()
	}},
	{"pause between", func() *world {
		w := newWorld(2).up().with(record.Strategy{PauseBetween: time.Second})
		return w.ready(w.next())
	}},
	{"checked before the second", func() *world {
		w := newWorld(2).up()
		w.under(func(t *Terms) { t.Checks = true })
		return w.ready(w.next())
	}},
	{"live on trial", func() *world { return newWorld(2).up().with(record.Strategy{Soak: time.Minute}).over() }},
	{"going back from live", func() *world {
		w := newWorld(2).up().with(record.Strategy{Soak: time.Minute}).over()
		w.apply(Exited{Worker: w.pool.slots[1].duty.ID, Exit: record.Exit{Code: 1}})
		return w
	}},
	{"went back, and is checked", func() *world {
		w := newWorld(2).up()
		w.checkedReload()
		w.over().check(record.Result{Message: "not well"})
		return w.ready(w.next())
	}},
	{"one worker renewed", func() *world {
		w := newWorld(2).up()
		w.apply(RenewWorker{Worker: w.pool.slots[0].duty.ID})
		return w
	}},
	{"stopping", func() *world { w := newWorld(2).up(); w.ask(); w.prepare(nil); w.apply(StopMaster{}); return w }},
}

// happenings is every fact there is, about the worker for which it means the most.
var happenings = []struct {
	name string
	make func(*world) happening
}{
	{"reload asked", func(*world) happening { return AskReload{ID: "rx"} }},
	{"abort", func(w *world) happening { return ControlReload{Reload: w.current(), Verb: record.VerbAbort} }},
	{"pause", func(w *world) happening { return ControlReload{Reload: w.current(), Verb: record.VerbPause} }},
	{"resume", func(w *world) happening { return ControlReload{Reload: w.current(), Verb: record.VerbResume} }},
	{"promote", func(w *world) happening { return ControlReload{Reload: w.current(), Verb: record.VerbPromote} }},
	{"promote without a canary", func(w *world) happening { return ControlReload{Reload: w.current(), Verb: record.VerbSkipCanary} }},
	{"canary soaked", func(w *world) happening { return Awake{Reload: w.current(), Why: canaryOver} }},
	{"pause between over", func(w *world) happening { return Awake{Reload: w.current(), Why: pauseOver, Count: 1} }},
	{"soak over", func(w *world) happening { return Awake{Reload: w.current(), Why: soakOver} }},
	{"check passes", func(w *world) happening {
		return Checked{Reload: w.current(), Batches: 1, Result: record.Result{OK: true}}
	}},
	{"check fails", func(w *world) happening {
		return Checked{Reload: w.current(), Result: record.Result{Message: "not well"}}
	}},
	{"check of the generation before fails", func(w *world) happening {
		return Checked{Reload: w.current(), Back: true, Result: record.Result{Message: "not well"}}
	}},
	{"renewal asked", func(w *world) happening { return RenewWorker{Worker: onDuty(w, 0)} }},
	{"one worker more", func(*world) happening { return ScaleBy{Delta: 1} }},
	{"one worker less", func(*world) happening { return ScaleBy{Delta: -1} }},
	{"stop", func(*world) happening { return StopMaster{} }},
	{"stop now", func(*world) happening { return StopMaster{Now: true} }},
	{"program found", func(w *world) happening { return Prepared{Generation: w.pool.lastGeneration, Terms: w.terms()} }},
	{"program missing", func(w *world) happening { return Prepared{Generation: w.pool.lastGeneration, Err: errNotThere} }},
	{"starting worker forked", func(w *world) happening { return Forked{Worker: one(w, record.WorkerStarting), PID: 42} }},
	{"starting worker ready", func(w *world) happening { return BecameReady{Worker: one(w, record.WorkerStarting)} }},
	{"ready worker ready again", func(w *world) happening { return BecameReady{Worker: one(w, record.WorkerReady)} }},
	{"draining worker ready", func(w *world) happening { return BecameReady{Worker: one(w, record.WorkerDraining)} }},
	{"status", func(w *world) happening { return SaidStatus{Worker: one(w, record.WorkerReady), Text: "fine"} }},
	{"starting worker too slow", func(w *world) happening { return StartTimedOut{Worker: one(w, record.WorkerStarting)} }},
	{"starting worker exits", func(w *world) happening {
		return Exited{Worker: one(w, record.WorkerStarting), Exit: record.Exit{Code: 1}}
	}},
	{"ready worker of slot 0 exits", func(w *world) happening {
		return Exited{Worker: onDuty(w, 0), Exit: record.Exit{Signal: "SIGKILL", Code: -1}}
	}},
	{"ready worker of slot 1 exits", func(w *world) happening {
		return Exited{Worker: onDuty(w, 1), Exit: record.Exit{Signal: "SIGKILL", Code: -1}}
	}},
	{"ready worker of slot 0 misses its watchdog", func(w *world) happening { return WentSilent{Worker: onDuty(w, 0), Silence: time.Second} }},
	{"draining worker has stopped accepting", func(w *world) happening { return StoppedAccepting{Worker: one(w, record.WorkerDraining), At: w.now} }},
	{"draining worker still accepts", func(w *world) happening {
		return StillAccepts{Worker: one(w, record.WorkerDraining), Listeners: "tcp", After: time.Minute}
	}},
	{"draining worker exits", func(w *world) happening { return Exited{Worker: one(w, record.WorkerDraining)} }},
	{"draining worker too slow", func(w *world) happening { return DrainTimedOut{Worker: one(w, record.WorkerDraining)} }},
	{"unknown worker exits", func(*world) happening { return Exited{Worker: "nobody"} }},
	{"back-off over", func(*world) happening { return RetryDue{Slot: 0} }},
	{"back-off of a slot that is gone over", func(*world) happening { return RetryDue{Slot: 7} }},
	{"canary addressed", func(w *world) happening {
		return Addressed{Reload: w.current(), Canary: []record.CanaryAddress{{Listener: "tcp"}}}
	}},
	{"measured", func(w *world) happening { return MeasuredNow{Reload: w.current(), Found: record.Measured{Drops: 1}} }},
	{"counted", func(w *world) happening {
		return Counted{Connections: map[string]int{one(w, record.WorkerDraining): 5}}
	}},
}

func one(w *world, state record.WorkerState) string {
	if w.next() != nil && state == record.WorkerStarting {
		return w.next().ID
	}
	if list := w.in(state); len(list) > 0 {
		return list[0].ID
	}
	return "nobody"
}

func onDuty(w *world, slot int) string {
	if m := w.pool.slots[slot].duty; m != nil && m.State == record.WorkerReady {
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
