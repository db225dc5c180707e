package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenDeploy is one that has to fail, and to leave everything as it was.
type brokenDeploy struct {
	name      string
	faults    string // of the version two; {dir} is the stage's directory
	script    string // instead of faults
	mode      os.FileMode
	settings  []string
	onlyIn2   bool            // also tried with the fault in slot 2 only
	during    func(b *broken) // what happens meanwhile; nil: nothing has to
	message   string          // a part of the error's
	output    string          // a line of the failing worker's
	atAll     bool            // nobody is to blame
	anyone    bool            // or somebody is: whether a hung worker or nobody has accepted the check's connection is chance
	events    []string        // nil: the usual
	eventsIn2 []string        // nil: the same
	died      int             // workers that end while they serve
	lossy     bool            // clients may be let down
}

// broken is such a deploy under way.
type broken struct {
	*stage
	*hooks
}

// live waits until the new version serves every slot, on trial.
func (b *broken) live() {
	b.stage.rota.t.Helper()
	b.until("live on trial", func(v reloadView) bool { return v.State == "live" && v.OnTrial })
}

var faultyDeploys = []brokenDeploy{
	{name: "is not executable", script: "#!/bin/sh\nexec sleep 1000\n", mode: 0o644, message: "permission denied", atAll: true},
	{name: "is missing", message: "no such file", atAll: true},
	{name: "has no interpreter", script: "#!/no/such/shell\n", mode: 0o755, message: "exited with code 12"},
	{name: "can't be executed in slot 2", script: "#!/bin/sh\n[ \"$ROTA_SLOT\" = 2 ] && exec /no/such/program\nexec {self} -version two\n", mode: 0o755,
		message: "worker of slot 2 exited with code 127", output: "/no/such/program"},
	{name: "exits at once", faults: "-exit-at-once 3", onlyIn2: true, message: "exited with code 3", output: "no database"},
	{name: "exits at once as if all were well", faults: "-exit-at-once 0", onlyIn2: true,
		message: "exited with code 0 before it was ready; a worker has to stay in the foreground", output: "no database"},
	{name: "hangs before it is ready", faults: "-never-ready", settings: []string{"start_timeout: 2s"}, onlyIn2: true,
		message: "was not ready in", output: "still thinking"},
	{name: "exits after it was ready, while it rolls", faults: "-only-slot 0 -exit-when {dir}/now", settings: []string{"pause_between: 1h"},
		during: func(b *broken) {
			b.until("one slot has changed", func(v reloadView) bool { return v.Replaced == 1 && v.Paused != nil })
			b.touch("now")
		}, message: "worker of slot 0 exited with code 3", output: "out of luck", died: 1, lossy: true},
	{name: "exits while it soaks", faults: "-exit-when {dir}/now", settings: []string{"soak: 1h"}, onlyIn2: true,
		during: func(b *broken) { b.live(); b.touch("now") }, message: "exited with code 3", output: "out of luck",
		events: []string{"queued", "started", "live", "failed"}, died: 1, lossy: true},
	{name: "misses its watchdog", faults: "-hang-when {dir}/now", settings: []string{"soak: 1h", "watchdog: 1s", "drain_timeout: 300ms"}, onlyIn2: true,
		during: func(b *broken) { b.live(); b.touch("now") }, message: "missed its watchdog",
		events: []string{"queued", "started", "live", "failed"}, died: 1, lossy: true},
	{name: "hangs, and is asked over HTTP", faults: "-hang-when {dir}/now",
		settings: []string{"soak: 1h", "check: ['http:/']", "check_timeout: 1s", "drain_timeout: 300ms"},
		during:   func(b *broken) { b.live(); b.touch("now") }, message: "in 1s", anyone: true,
		events: []string{"queued", "started", "live", "failed"}, lossy: true},
	{name: "hangs, and is connected to", faults: "-hang-when {dir}/now",
		settings: []string{"soak: 1h", "check: [tcp]", "check_timeout: 1s", "drain_timeout: 300ms"},
		during:   func(b *broken) { b.live(); b.touch("now") }, message: "in 1s", anyone: true,
		events: []string{"queued", "started", "live", "failed"}, lossy: true},
	{name: "answers 500", faults: "-status 500", settings: []string{"check: ['http:/health']"}, onlyIn2: true, message: "500", eventsIn2: []string{"queued", "started", "live", "failed"}},
	{name: "accepts nothing in slot 2", faults: "-only-slot 2 -never-takes", settings: []string{"check: [tcp]", "check_timeout: 2s"},
		message: "the worker of slot 2 accepted none of", output: "version two", events: []string{"queued", "started", "live", "failed"}, lossy: true},
	{name: "accepts, and answers nothing in slot 2", faults: "-only-slot 2 -silent", settings: []string{"check: ['http:/health']", "check_timeout: 2s"},
		message: "the worker of slot 2 accepted the connection and did not answer GET", output: "version two",
		events: []string{"queued", "started", "live", "failed"}},
}

func TestABrokenDeployIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, d := range faultyDeploys {
		t.Run(d.name, func(t *testing.T) { t.Parallel(); d.run(t, false) })
		if d.onlyIn2 {
			t.Run(d.name+", in slot 2", func(t *testing.T) { t.Parallel(); d.run(t, true) })
		}
	}
}

func (d brokenDeploy) run(t *testing.T, in2 bool) {
	g := newStage(t, 3, "", d.settings...)
	load := g.serveClients("one")
	d.deploy(g, in2)
	b := &broken{g, g.reloadTwice()}
	if d.during != nil {
		d.during(b)
	}
	told, exitCode := b.verdicts()

	require.Equal(t, http.StatusInternalServerError, told.status)
	require.Equal(t, 1, exitCode)
	require.Contains(t, told.Detail, d.message)
	require.Contains(t, b.stderr.String(), "The generation before still serves.")
	d.judge(t, b.now(), in2)
	if in2 && d.eventsIn2 != nil {
		d.events = d.eventsIn2
	}
	d.readEvents(t, b)

	if d.lossy {
		load.giveUp()
	} else {
		load.allLeave("one")
	}
	g.requireServed("one", 1)
	g.requireNothingLeft()
	v := b.settled()
	requireReceipt(t, v)
	require.True(t, d.lossy || *v.Receipt.Lossless, v.Receipt.Losses)
	require.False(t, d.died > 0 && *v.Receipt.Lossless)
	if in2 {
		g.requireRepairable()
	}
}

func (d brokenDeploy) deploy(g *stage, in2 bool) {
	fill := strings.NewReplacer("{dir}", g.dir, "{self}", g.self())
	if d.faults == "" {
		g.deployScript("two", fill.Replace(d.script), d.mode)
		return
	}
	faults := fill.Replace(d.faults)
	if in2 {
		faults = "-only-slot 2 " + faults
	}
	g.deploy("two", faults)
}

// judge checks the reload as it is kept.
func (d brokenDeploy) judge(t *testing.T, v reloadView, in2 bool) {
	require.Equal(t, "failed", v.State)
	require.False(t, v.OnTrial)
	require.Nil(t, v.Paused)
	require.Zero(t, v.Replaced)
	require.Contains(t, v.Error.Message, d.message)
	require.False(t, v.Error.RevertFailed)
	if in2 {
		require.NotNil(t, v.Error.Slot)
		require.Equal(t, 2, *v.Error.Slot)
	}
	require.True(t, d.anyone || d.atAll == (v.Error.Slot == nil))
	if d.output != "" {
		require.Contains(t, strings.Join(v.Error.Output, "\n"), d.output)
	}
	require.GreaterOrEqual(t, v.Receipt.WorkersDied, d.died)
	if d.died > 0 {
		require.NotEmpty(t, v.Receipt.Losses)
	}
	if len(d.settings) > 0 && strings.Contains(strings.Join(d.settings, " "), "check:") {
		require.Equal(t, 1, v.Receipt.Checks.Failed)
	}
}

// readEvents checks their order, and that the last one tells what is kept.
func (d brokenDeploy) readEvents(t *testing.T, b *broken) {
	list := b.eventsOf(b.id)
	want := d.events
	if want == nil {
		want = []string{"queued", "started", "failed"}
	}
	require.Equal(t, want, types(list))
	last := list[len(list)-1]
	require.Equal(t, "reload.failed", last.Type)
	require.Contains(t, last.Message, d.message)
	require.Equal(t, "failed", last.Reload.State)
	require.NotNil(t, last.Reload.Receipt)
	require.NotEmpty(t, last.Reload.Callers)
	b.requireCovered(last)
}
