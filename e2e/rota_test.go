// Package e2e drives the built binary as its users do: processes, signals, sockets, HTTP
// and a browser. Nothing here sleeps to synchronise; every wait is for something to be seen,
// and only its patience is a time.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// patience is how long something that will happen may take on a noisy machine.
const patience = 60 * time.Second

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "rota-e2e")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "rota")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=v0.1.0-test", "-o", binary, "rota/cmd/server")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// rota is a running master.
type rota struct {
	t       *testing.T
	command *exec.Cmd
	log     *logBuffer
	admin   string // http://127.0.0.1:port
	tcp     string // host:port of the listener called tcp
	exited  chan struct{}
}

// logBuffer keeps what the master logs.
type logBuffer struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed at the next line
}

func (l *logBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	close(l.more)
	l.more = make(chan struct{})
}

// find waits for a line that contains all the texts and returns it, or "" once done is closed.
func (l *logBuffer) find(done <-chan struct{}, texts ...string) string {
	for {
		l.mu.Lock()
		more := l.more
		for _, line := range l.lines {
			if containsAll(line, texts) {
				l.mu.Unlock()
				return line
			}
		}
		l.mu.Unlock()
		select {
		case <-more:
		case <-done:
			return ""
		}
	}
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

func containsAll(s string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(s, text) {
			return false
		}
	}
	return true
}

// start runs `rota run` with args on free ports and waits until its workers are ready.
func start(t *testing.T, args ...string) *rota {
	t.Helper()
	return startProgram(t, binary, nil, args...)
}

func startProgram(t *testing.T, program string, sys *syscall.SysProcAttr, args ...string) *rota {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--listen") {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	r := &rota{t: t, log: &logBuffer{more: make(chan struct{})}, exited: make(chan struct{})}
	if !strings.Contains(strings.Join(args, " "), "--admin") {
		args = append(args, "--admin", "127.0.0.1:0")
	}
	r.command = exec.Command(program, append([]string{"run"}, args...)...)
	r.command.SysProcAttr = sys
	stderr, err := r.command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, r.command.Start())
	go r.read(stderr)
	t.Cleanup(r.kill)

	var started struct{ Admin string }
	line := r.log.find(r.exited, `"message":"rota starts"`)
	require.NotEmpty(t, line, "rota did not start:\n%s", r.log)
	require.NoError(t, json.Unmarshal([]byte(line), &started))
	r.admin = started.Admin
	r.eventually("ready", func() bool { return r.get("/readyz", nil) == http.StatusOK })
	status := r.status()
	r.eventually("full", func() bool { status = r.status(); return status.Pool.Ready == status.Pool.Size })
	for _, l := range status.Listeners {
		if l.Name == "tcp" {
			r.tcp = l.Address
		}
	}
	return r
}

// freeAddress is one that nobody listens on, and that will most likely still be free in a
// moment: its port is below those that the kernel gives to clients.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_240+rand.IntN(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	require.FailNow(t, "no port is free")
	return ""
}

func (r *rota) read(stderr io.Reader) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r.log.add(lines.Text())
	}
	_ = r.command.Wait()
	close(r.exited)
}

// kill ends the master and its workers, if a test has not, and sees that nothing is left.
func (r *rota) kill() {
	workers := r.workerPIDsOrNone()
	_ = r.command.Process.Signal(syscall.SIGQUIT)
	select {
	case <-r.exited:
	case <-time.After(patience):
		_ = r.command.Process.Kill()
		r.t.Errorf("the master did not stop at SIGQUIT:\n%s", r.log)
		<-r.exited
	}
	for _, pid := range workers {
		r.eventually("worker gone", func() bool { return !isRota(pid) })
	}
	if r.t.Failed() {
		r.t.Logf("log of rota:\n%s", r.log)
	}
}

func (r *rota) signal(s syscall.Signal) {
	r.t.Helper()
	require.NoError(r.t, r.command.Process.Signal(s))
}

func (r *rota) exitCode() int {
	r.t.Helper()
	select {
	case <-r.exited:
	case <-time.After(patience):
		require.FailNow(r.t, "rota does not end", r.log.String())
	}
	return r.command.ProcessState.ExitCode()
}

// eventually waits until condition holds.
func (r *rota) eventually(what string, condition func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			require.FailNow(r.t, "never: "+what, r.log.String())
		}
		time.Sleep(2 * time.Millisecond) // the pause of a poll; nothing relies on its length
	}
}

// isRota reports whether the pid is that of a process of the binary under test.
func isRota(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// The API's shapes, as far as the tests look at them.

type status struct {
	PID        int
	Generation int
	Stopping   bool
	Pool       struct{ Size, Ready, Starting, Draining int }
	Listeners  []struct {
		Name, Network, Address string
		Backlog                int
	}
	Waiting []struct {
		Slot int
		Last struct{ Exit struct{ Signal string } }
	}
	Totals struct {
		WorkersDied      int `json:"workers_died"`
		ReloadsCompleted int `json:"reloads_completed"`
	}
}

type workerView struct {
	ID          string
	Slot        int
	Generation  int
	PID         int
	State       string
	Connections int
	Revision    string
}

type reloadView struct {
	ID                   string
	State                string
	Generation           int
	Replaced, Total      int
	Draining             int
	ConnectionsRemaining int `json:"connections_remaining"`
	ConnectionsCut       int `json:"connections_cut"`
	Trigger              string
	Callers              []any
	Error                *struct {
		Message string
		Output  []string
	}
}

type problem struct {
	Status int
	Title  string
	Detail string
	Field  string
	Output []string
	Reload *reloadView
}

// get fills into from the answer and returns its status; 0 if there was none.
func (r *rota) get(path string, into any) int {
	r.t.Helper()
	return r.do(http.MethodGet, path, "", into)
}

func (r *rota) do(method, path, body string, into any) int {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.admin+path, strings.NewReader(body))
	require.NoError(r.t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	if into != nil {
		require.NoError(r.t, json.NewDecoder(bytes.NewReader(content)).Decode(into), "%s %s: %s", method, path, content)
	}
	return response.StatusCode
}

func (r *rota) status() (s status) {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.get("/status", &s))
	return s
}

func (r *rota) workers() []workerView {
	r.t.Helper()
	var list struct{ Workers []workerView }
	require.Equal(r.t, http.StatusOK, r.get("/workers", &list))
	return list.Workers
}

func (r *rota) workerPIDsOrNone() (pids []int) {
	var list struct{ Workers []workerView }
	if r.admin != "" && r.get("/workers", &list) == http.StatusOK {
		for _, w := range list.Workers {
			pids = append(pids, w.PID)
		}
	}
	return pids
}

// reload asks for one and waits until it is completed.
func (r *rota) reload(body string) reloadView {
	r.t.Helper()
	var view reloadView
	require.Equal(r.t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=completed&timeout=60s", body, &view), r.log)
	require.Equal(r.t, "completed", view.State)
	return view
}
