package master

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// newRelease makes a directory with a script that prints its version and what stands beside it, and is
// ready.
func newRelease(t *testing.T, parent, version string) string {
	t.Helper()
	directory := filepath.Join(parent, version)
	require.NoError(t, os.Mkdir(directory, 0o755))
	writeScript(t, filepath.Join(directory, "app"), version)
	require.NoError(t, os.WriteFile(filepath.Join(directory, "data"), []byte("data of "+version+"\n"), 0o644))
	return directory
}

func writeScript(t *testing.T, path, version string) {
	t.Helper()
	script := "#!/bin/sh\necho \"app " + version + ", $(cat data), setting $SETTING, in $PWD\"\nexec '" + os.Args[0] + "' good\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o755))
}

// crash kills the worker of a slot and returns the line that its replacement prints.
func (r *running) crash(slot int) string {
	r.t.Helper()
	workers, _ := r.workers()
	for _, w := range workers {
		if w.Slot == slot && w.State == record.WorkerReady {
			require.NoError(r.t, syscall.Kill(w.PID, syscall.SIGKILL))
			break
		}
	}
	for {
		e := r.next(record.EventWorkerReady)
		if e.Worker.Slot == slot {
			return r.said(e.Worker.ID)
		}
	}
}

// said is the line beginning with app that a worker printed.
func (r *running) said(worker string) string {
	r.t.Helper()
	said := ""
	require.Eventually(r.t, func() bool {
		for line := range strings.Lines(r.log.String()) {
			if strings.Contains(line, worker) && strings.Contains(line, `"message":"app `) {
				_, said, _ = strings.Cut(line, `"message":"`)
				said = strings.TrimSuffix(strings.TrimSpace(said), `"}`)
				return true
			}
		}
		return false
	}, patience, time.Millisecond)
	return said
}

func TestAGenerationRunsWhatItsReloadFound(t *testing.T) {
	parent := t.TempDir()
	one, two := newRelease(t, parent, "one"), newRelease(t, parent, "two")
	current := filepath.Join(parent, "current")
	switchTo(t, parent, "one")
	setting := "1"
	spec := func() (plan.Spec, error) {
		return plan.Spec{Listen: []listen.Spec{loopback}, Command: []string{"./app"}, Workers: 1,
			Directory: current, Env: []string{"SETTING=" + setting}}, nil
	}
	first, _ := spec()
	r := runMasterWith(t, Options{Spec: first, Reread: spec}, "")
	r.ready(1)
	was := "app one, data of one, setting 1, in " + one
	workers, _ := r.workers()
	require.Equal(t, was, r.said(workers[0].ID))
	content, err := os.ReadFile(filepath.Join(one, "app"))
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.Equal(t, filepath.Join(one, "app"), workers[0].Program.Path)
	require.Equal(t, one, workers[0].Program.Directory)
	require.Equal(t, hex.EncodeToString(sum[:]), workers[0].Program.SHA256)
	require.Contains(t, workers[0].Program.Environment, "SETTING")
	require.NotContains(t, workers[0].Program.Environment, "SETTING=1", "names at most")

	switchTo(t, parent, "two")
	setting = "2"
	require.Equal(t, was, r.crash(0), "a crash starts what its generation began with")
	writeScript(t, filepath.Join(one, "app"), "one, edited in place")
	require.Eventually(t, func() bool { s, err := r.Status(); return err == nil && len(s.Missing) == 1 }, patience, time.Millisecond,
		"which is reported, since what it looks for beside itself is not found by its copy")
	require.Equal(t, was, r.crash(0), "a script edited in place")
	require.NoError(t, os.Remove(filepath.Join(one, "app")))
	require.Equal(t, was, r.crash(0), "a script that is gone")

	reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
	require.Equal(t, record.ReloadCompleted, reload.State)
	require.Equal(t, filepath.Join(two, "app"), reload.Program.Path)
	workers, _ = r.workers()
	require.Equal(t, "app two, data of two, setting 2, in "+two, r.said(workers[0].ID))
}

func TestAReleaseThatWasDeletedIsReportedBeforeItIsNeeded(t *testing.T) {
	parent := t.TempDir()
	one := newRelease(t, parent, "one")
	r := runMaster(t, plan.Spec{Command: []string{"./app"}, Directory: one}, "")
	r.ready(2)
	s, err := r.Status()
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	require.NoError(t, os.RemoveAll(one))
	require.Eventually(t, func() bool { s, err = r.Status(); return err == nil && len(s.Missing) == 2 }, patience, time.Millisecond)
	require.Contains(t, s.Missing[0], "the working directory "+one+" has been deleted")
	require.Contains(t, s.Missing[1], "the script "+filepath.Join(one, "app")+" is not there any more as it was")
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "workers need what is no longer there") }, patience, time.Millisecond,
		"and in the log, unasked")
}

func TestABinaryThatIsReplacedOrRemovedIsStillThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app")
	require.NoError(t, exec.Command("cp", os.Args[0], path).Run())
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{path, "good"}}, "")
	r.ready(1)
	require.NoError(t, os.Remove(path))
	r.killOne()
	r.ready(1)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nexit 1\n"), 0o755))
	r.killOne()
	r.ready(1)
}

func (r *running) killOne() {
	r.t.Helper()
	workers, _ := r.workers()
	require.NoError(r.t, syscall.Kill(workers[0].PID, syscall.SIGKILL))
}

func TestAScriptThatWasOnlyTouchedFindsWhatStandsBesideIt(t *testing.T) {
	directory := t.TempDir()
	app := filepath.Join(directory, "app")
	script := "#!/bin/sh\necho \"app $(cat \"${0%/*}/data\")\"\nexec '" + os.Args[0] + "' good\n"
	require.NoError(t, os.WriteFile(app, []byte(script), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "data"), []byte("data\n"), 0o644))
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{app}}, "")
	r.ready(1)
	require.NoError(t, os.Link(app, filepath.Join(directory, "backup")))
	require.Equal(t, "app data", r.crash(0))
}

// switchTo lets the link current point to the release, at one stroke, as deploys do.
func switchTo(t *testing.T, parent, version string) {
	t.Helper()
	next := filepath.Join(parent, "next")
	require.NoError(t, os.Symlink(filepath.Join(parent, version), next))
	require.NoError(t, os.Rename(next, filepath.Join(parent, "current")))
}

func TestAWrongPlaceholderIsFoundBeforeAnythingStarts(t *testing.T) {
	_, err := New(Options{Spec: plan.Spec{Listen: []listen.Spec{loopback}, Command: []string{os.Args[0], "{fd:http}"}, Env: []string{"A=password@{port:x}"}}})
	require.ErrorContains(t, err, `"{fd:http}": {fd:http}: there is no listener of this name; there are tcp`)
	require.ErrorContains(t, err, "the variable A: {port:x}: there is no listener of this name")
	require.NotContains(t, err.Error(), "password", "values are nobody's business")
}
