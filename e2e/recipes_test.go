package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recipe is a folder of ../recipes, and how to prove it.
type recipe struct {
	name  string
	needs string                                     // the program that is not in the folder
	lines bool                                       // it speaks TCP hello world; else HTTP
	set   func(t *testing.T, folder string) []string // makes what is not in the folder, returns flags
	loses error                                      // what a drain may do to its clients; nil: nothing
}

var recipes = []recipe{
	{name: "gunicorn", needs: "gunicorn"},
	{name: "uwsgi", needs: "uwsgi"},
	{name: "puma", needs: "puma"},
	{name: "node-http", needs: "node"},
	{name: "node-net", needs: "node", lines: true},
	{name: "python-socketserver", needs: "/usr/bin/python3", lines: true},
	{name: "python-asyncio", needs: "/usr/bin/python3", lines: true},
	{name: "go", needs: "go", set: buildServer},
	{name: "caddy", needs: "go", set: buildCaddy, loses: errUnanswered},
	{name: "haproxy", needs: "haproxy", set: serveBackend},
	{name: "starlet", needs: "plackup"},
}

// Each program is rotated under load, replaced when it dies, and stopped, and nobody notices
// but those of whom the recipe says so.
func TestRecipes(t *testing.T) {
	t.Parallel()
	for _, c := range recipes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.installed(t)
			c.prove(t)
		})
	}
}

func TestEveryRecipeIsProven(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../recipes/*/rota.yaml")
	require.NoError(t, err)
	var there, proven []string
	for _, file := range files {
		there = append(there, filepath.Base(filepath.Dir(file)))
	}
	for _, c := range recipes {
		proven = append(proven, c.name)
	}
	require.ElementsMatch(t, there, proven)
}

// installed fails where make check would have installed the program, and skips where it can't.
func (c recipe) installed(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(c.needs); err == nil {
		return
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skipf("there is no %s here, nor apt-get to install it", c.needs)
	}
	require.FailNow(t, c.needs+" is not installed: make check does it, or tools/check install_for_check")
}

func (c recipe) prove(t *testing.T) {
	r, address := c.start(t)
	r.keepsItsQueues()

	load := c.load(address)
	for range 2 {
		reloadUntilLive(r)
	}
	var held []net.Conn
	if c.lines {
		held = hold(t, "tcp", address, 4)
	}
	reloadUntilLive(r)
	for _, conn := range held {
		require.NoError(t, say(conn), "a connection outlives the reload")
		require.NoError(t, leave(conn))
	}
	r.eventually("every reload completed", func() bool { return r.status().Totals.ReloadsCompleted == 3 })
	load.stop(t, 3*2)
	drainedWell(r)

	killOne(r)
	for range 50 {
		require.NoError(t, c.visit(address))
	}
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
}

func reloadUntilLive(r *rota) {
	r.t.Helper()
	var view reloadView
	require.Equal(r.t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live&timeout=60s", "", &view), r.log)
	require.Equal(r.t, 2, view.Replaced)
}

// drainedWell sees that all workers left by themselves, and as soon as they could: those that only the
// programs' own timeouts end, of 25 s in all recipes, are held by something the recipe should know.
func drainedWell(r *rota) {
	r.t.Helper()
	var history struct {
		Reloads []struct {
			LiveAt     time.Time `json:"live_at"`
			FinishedAt time.Time `json:"finished_at"`
		}
	}
	require.Equal(r.t, http.StatusOK, r.get("/reloads", &history))
	for _, reload := range history.Reloads {
		require.Less(r.t, reload.FinishedAt.Sub(reload.LiveAt), 20*time.Second)
	}
	require.Zero(r.t, r.status().Totals.WorkersDied)
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, `"event":"worker.exited"`) {
			require.Contains(r.t, line, `exited with code 0"`, "and no connection was cut")
		}
	}
}

// start runs a copy of the recipe, because programs like to write beside what they run.
func (c recipe) start(t *testing.T) (r *rota, address string) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join("../recipes", c.name))))
	listener := "web"
	if c.lines {
		listener = "tcp"
	}
	args := []string{"--config", filepath.Join(folder, "rota.yaml"), "--dir", folder, "--listen", listener + "=127.0.0.1:0"}
	if c.set != nil {
		args = append(args, c.set(t, folder)...)
	}
	r = start(t, args...)
	status := r.status()
	require.Equal(t, 2, status.Pool.Ready)
	return r, status.Listeners[0].Address
}

// visit is one client's.
func (c recipe) visit(address string) error {
	if c.lines {
		return once("tcp", address)
	}
	return getOnce(address, "/", 0)
}

// killOne has a worker die without a word. All that it had started goes with it.
func killOne(r *rota) {
	r.t.Helper()
	victim := r.workers()[0]
	descendants := descendantsOf(victim.PID)
	require.NoError(r.t, syscall.Kill(victim.PID, syscall.SIGKILL))
	r.eventually("another worker in its place", func() bool {
		list := r.workers()
		return len(list) == 2 && list[0].ID != victim.ID && list[0].State == "ready" && list[1].State == "ready"
	})
	for _, p := range descendants {
		r.eventually("what it had started is gone", func() bool { return !p.lives() })
	}
}

func buildServer(t *testing.T, folder string) []string {
	t.Helper()
	run(t, "go", "build", "-o", filepath.Join(folder, "server"), "rota/recipes/go")
	return nil
}

// buildCaddy makes what Debian's package is too old for. tools/check has done so before, or it takes minutes.
func buildCaddy(t *testing.T, folder string) []string {
	t.Helper()
	run(t, "../recipes/caddy/build/build.sh")
	bin, err := filepath.Abs("../bin")
	require.NoError(t, err)
	return []string{
		"--env", "PATH=" + bin + ":" + os.Getenv("PATH"),
		"--env", "XDG_DATA_HOME=" + folder, "--env", "XDG_CONFIG_HOME=" + folder, // not the home of whoever runs the tests
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, output)
}

// serveBackend is what the proxy passes requests on to.
func serveBackend(t *testing.T, _ string) []string {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/slow" {
			time.Sleep(500 * time.Millisecond) // the work of a slow request
		}
		_, _ = w.Write([]byte(webHello))
	}))
	t.Cleanup(backend.Close)
	return []string{"--env", "BACKEND=" + backend.Listener.Addr().String()}
}
