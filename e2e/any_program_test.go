package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A worker may be any program. Here it is a shell script that becomes a worker of rota's own, or
// a few lines of shell.

// site is a settings file and what it names.
type site struct {
	t    *testing.T
	dir  string
	file string
}

func newSite(t *testing.T) site {
	t.Helper()
	dir := t.TempDir()
	return site{t: t, dir: dir, file: filepath.Join(dir, "rota.yaml")}
}

// write fills the settings file; the listeners are as given, the admin API's port is any. Programs have no
// trial unless a line says so, or is notSet.
func (s site) write(lines ...string) {
	s.t.Helper()
	if !slices.ContainsFunc(lines, func(line string) bool { return line == notSet || strings.HasPrefix(line, "soak:") }) {
		lines = append(lines, "soak: 0s")
	}
	content := "admin: 127.0.0.1:0\n" + strings.Join(lines, "\n") + "\n"
	require.NoError(s.t, os.WriteFile(s.file, []byte(content), 0o644))
}

func (s site) start() *rota {
	s.t.Helper()
	return startCommand(s.t, exec.Command(binary, "run", "--config", s.file))
}

// notSet stands for the trial that programs have by default.
const notSet = "# soak: by default"

// release writes a release: a script that says its version and serves hello world.
func (s site) release(version string) string {
	s.t.Helper()
	dir := filepath.Join(s.dir, version)
	require.NoError(s.t, os.MkdirAll(dir, 0o755))
	script := fmt.Sprintf("#!/bin/sh\necho \"version %s color $COLOR dir $PWD args $*\"\nexec '%s' worker\n", version, binary)
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "app"), []byte(script), 0o755))
	return dir
}

func (s site) current(version string) {
	s.t.Helper()
	next := filepath.Join(s.dir, "next")
	require.NoError(s.t, os.Symlink(version, next))
	require.NoError(s.t, os.Rename(next, filepath.Join(s.dir, "current")))
}

// logs waits until the log has a line with the text.
func (r *rota) logs(text string) {
	r.t.Helper()
	r.eventually(text, func() bool { return strings.Contains(r.log.String(), text) })
}

func TestADeployOfAnyProgram(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, two := s.release("one"), s.release("two")
	s.current("one")
	address := freeAddress(t)
	settings := func(color, workers string) []string {
		return []string{"listen: ['" + address + "']", "workers: " + workers, "dir: " + filepath.Join(s.dir, "current"),
			"command: [./app, 'slot={slot}', 'fd={fd:tcp}']", "env: {COLOR: " + color + "}", "ready: notify"}
	}
	s.write(settings("blue", "2")...)
	r := s.start()
	load := startChurn(4, func() error { return once("tcp", address) })
	worker := r.workers()[0]
	require.Equal(t, filepath.Join(one, "app"), worker.Program.Path)
	require.Equal(t, one, worker.Program.Directory)
	require.Equal(t, []string{"slot={slot}", "fd={fd:tcp}"}, worker.Program.Arguments)
	require.Contains(t, worker.Program.Environment, "COLOR")
	content, err := os.ReadFile(filepath.Join(one, "app"))
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), worker.Program.SHA256)
	r.logs("version one color blue dir " + one + " args slot=0 fd=3")

	s.current("two")
	s.write(settings("crimson", "3")...)
	view := r.reload("")
	require.Equal(t, 3, view.Replaced)
	r.logs("version two color crimson dir " + two + " args slot=2 fd=3")
	require.Len(t, r.workers(), 3)

	s.write(append(settings("crimson", "many"), "wokers: 3")...)
	var p problem
	require.Equal(t, http.StatusInternalServerError, r.do(http.MethodPost, "/reload?wait=live", "", &p))
	require.Contains(t, p.Detail, s.file+":3: workers: ")
	require.Contains(t, p.Detail, s.file+":8: wokers: unknown key; did you mean workers?")
	require.Len(t, p.Reload.Error.Complaints, 2)
	require.Len(t, r.workers(), 3)
	require.Equal(t, 2, r.status().Generation)
	load.stop(t)

	var raw any
	require.Equal(t, http.StatusOK, r.get("/workers", &raw))
	require.NotContains(t, fmt.Sprint(raw), "crimson", "values of variables are nobody's business")
}

func TestACrashAfterTheReleaseIsGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one := s.release("one")
	s.write("listen: ['127.0.0.1:0']", "workers: 1", "dir: "+one, "command: [./app]", "ready: notify")
	r := s.start()
	require.NoError(t, os.RemoveAll(one))
	r.eventually("it is reported before it is needed", func() bool { return len(r.status().Missing) == 2 })
	before := r.workers()[0]
	require.NoError(t, syscall.Kill(before.PID, syscall.SIGKILL))
	r.eventually("the pinned program is started all the same", func() bool {
		list := r.workers()
		return len(list) == 1 && list[0].ID != before.ID && list[0].State == "ready"
	})
	var p problem
	require.Equal(t, http.StatusInternalServerError, r.do(http.MethodPost, "/reload?wait=live", "", &p), "but there is nothing to reload")
	require.Contains(t, p.Detail, "working directory")
}

func TestAListenerMovesInAReload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old, next := freeAddress(t), freeAddress(t)
	s.write("listen: ['" + old + "']")
	r := s.start()
	held := hold(t, "tcp", old, 2)
	s.write("listen: ['" + next + "']")
	var view reloadView
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", &view))
	require.NoError(t, once("tcp", next))
	for _, c := range held {
		require.NoError(t, say(c), "who came by the old address is still served, and listed")
	}
	var connections struct{ Connections []struct{ Listener string } }
	r.eventually("the one that has just left is not", func() bool {
		return r.get("/connections", &connections) == http.StatusOK && len(connections.Connections) == 2
	})
	for _, c := range held {
		require.NoError(t, leave(c))
	}
	r.eventually("the old address is given up", func() bool {
		_, err := net.Dial("tcp", old)
		return err != nil
	})
}

func TestAProgramThatForksIsOneWorker(t *testing.T) {
	t.Parallel()
	script := fmt.Sprintf(`LISTEN_PID= ; '%s' worker & sleep 1000 & wait`, binary)
	script = strings.Replace(script, "'"+binary+"' worker", `sh -c 'LISTEN_PID=$$ exec "$0" worker' '`+binary+`'`, 1)
	r := start(t, "--workers", "1", "--stop-group", "--ready", "notify", "--", "sh", "-c", script)
	held := hold(t, "tcp", r.tcp, 3)
	w := r.workers()[0]
	require.Equal(t, 3, w.Connections, "those of its children are its own")
	require.GreaterOrEqual(t, len(w.Processes), 3)
	family := make([]process, 0, len(w.Processes))
	for _, p := range w.Processes {
		family = append(family, findProcess(p.PID))
	}
	var view reloadView
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", &view))
	for _, c := range held {
		require.NoError(t, say(c), "the shell is gone, its child serves on")
		require.NoError(t, leave(c))
	}
	r.eventually("completed", func() bool {
		r.get("/reloads/"+view.ID, &view)
		return view.State == "completed" && view.ConnectionsCut == 0
	})
	for _, p := range family {
		require.False(t, p.lives(), "nothing of it is left")
	}
}

func TestAMissedWatchdogIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("listen: ['127.0.0.1:0']", "workers: 1", "watchdog: 1s", "ready: notify",
		"command: [sh, -c, 'exec "+binary+" worker']") // which says READY=1 and nothing after that
	r := s.start()
	first := r.workers()[0].ID
	r.eventually("aborted and replaced", func() bool {
		var w workerView
		r.get("/workers/"+first, &w)
		return w.State == "exited" && r.workers()[0].ID != first
	})
	r.logs("missed its watchdog: it said nothing for 1s")
	r.logs("SIGABRT: abort") // as the Go runtime calls it
}

func TestALaunchThatCannotBeHadIsOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flag, value, complaint string }{
		{"--open-files", "1073741824", "cannot set the limit of open files (open_files)"},
		{"--dir", "/no/such/place", "working directory: lstat /no"},
		{"--user", "no-such-user", "user: unknown user no-such-user"},
		{"--group", "no-such-group", "group: unknown group no-such-group"},
	} {
		t.Run(c.flag, func(t *testing.T) {
			command := exec.Command(binary, "run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json", c.flag, c.value, "--", "sleep", "1000")
			stderr, err := command.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, command.Start())
			defer command.Wait()
			defer command.Process.Signal(syscall.SIGQUIT)
			said := false
			for lines := bufio.NewScanner(stderr); !said && lines.Scan(); {
				said = strings.Contains(lines.Text(), c.complaint)
			}
			go io.Copy(io.Discard, stderr)
			require.True(t, said, c.complaint)
		})
	}
}

func TestAWorkerRunsAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can start a worker as somebody else; that others can't is a test of the launch step")
	}
	s := newSite(t)
	require.NoError(t, os.Chmod(filepath.Dir(binary), 0o755))
	s.write("listen: ['127.0.0.1:0']", "workers: 1", "user: nobody", "umask: 027", "open_files: 321", "no_new_privileges: true", "ready: notify",
		`command: [sh, -c, "echo as $(id -un) umask $(umask) files $(ulimit -n) home $HOME $(grep NoNewPrivs /proc/self/status); exec `+binary+` worker"]`)
	r := s.start()
	r.logs(`as nobody umask 0027 files 321 home /nonexistent NoNewPrivs: 1`)
	hold(t, "tcp", r.tcp, 2)
	require.Equal(t, 2, r.workers()[0].Connections, "root sees them")
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", nil))
}

// As systemd does it: the sockets come from descriptor 3 on.
func TestSocketsThatRotaIsStartedWithAreServedAndPassedOn(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	command := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" run --admin 127.0.0.1:0 --workers 2`, binary)
	command.ExtraFiles = []*os.File{file}
	command.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=front")
	r := startCommand(t, command)
	listeners := r.status().Listeners
	require.Len(t, listeners, 1, "the default address is not opened besides")
	require.Equal(t, "front", listeners[0].Name)
	load := startChurn(4, func() error { return once("tcp", l.Addr().String()) })
	require.Equal(t, 2, r.reload("").Replaced)
	load.stop(t)
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
	c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
	require.NoError(t, err, "whoever started rota still listens")
	c.Close()
}

func TestUDPIsAnsweredByTheBuiltInWorker(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2", "--listen", "127.0.0.1:0", "--listen", "udp:127.0.0.1:0")
	at := ""
	for _, l := range r.status().Listeners {
		if l.Network == "udp" {
			at = l.Address
		}
	}
	c, err := net.Dial("udp", at)
	require.NoError(t, err)
	defer c.Close()
	ask := func() {
		buffer := make([]byte, 100)
		r.eventually("answered", func() bool {
			_, _ = c.Write([]byte("ping"))
			_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			n, err := c.Read(buffer)
			return err == nil && string(buffer[:n]) == hello
		})
	}
	ask()
	require.Equal(t, 2, r.reload("").Replaced)
	ask()
}

func TestTheFDOfAListenerCanBeNamedInArguments(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--listen", "web=127.0.0.1:0", "--listen", "127.0.0.1:0", "--env", "PORT={port:web}", "--ready", "delay:100ms", "--",
		"sh", "-c", `echo "arguments $0 $1 port $PORT"; trap 'exit 0' TERM; while :; do sleep 0.1; done`, "fd={fd:web}", "worker={worker_id}")
	w := r.workers()[0]
	_, port, err := net.SplitHostPort(r.status().Listeners[0].Address)
	require.NoError(t, err)
	_, err = strconv.Atoi(port)
	require.NoError(t, err)
	r.logs("arguments fd=3 worker=" + w.ID + " port " + port)
}
