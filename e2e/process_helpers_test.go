package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rota is a running master.
type rota struct {
	t       *testing.T
	command *exec.Cmd
	log     *logBuffer
	admin   string // http://127.0.0.1:port
	tcp     string // host:port of the listener called tcp
	exited  chan struct{}
}

// start runs `rota run` with args on free ports and waits until its workers are ready.
func start(t *testing.T, args ...string) *rota {
	t.Helper()
	return startProgram(t, binary, nil, args...)
}

func startProgram(t *testing.T, program string, sys *syscall.SysProcAttr, args ...string) *rota {
	t.Helper()
	if !slices.Contains(args, "--listen") {
		args = slices.Concat([]string{"--listen", "127.0.0.1:0"}, args) // in front: behind a -- is the workers' program
	}
	if !slices.Contains(args, "--admin") {
		args = slices.Concat([]string{"--admin", "127.0.0.1:0"}, args)
	}
	if slices.Contains(args, "--") || slices.Contains(args, "--config") {
		args = slices.Concat(noTrial, args)
	}
	command := exec.Command(program, append([]string{"run"}, args...)...)
	command.SysProcAttr = sys
	return startCommand(t, command)
}

// noTrial is for tests of programs that are about something else: no reload waits for the trial that programs
// have by default. A later flag wins.
var noTrial = []string{"--soak", "0s"}

// startCommand runs a rota and waits until its workers are ready.
func startCommand(t *testing.T, command *exec.Cmd) *rota {
	t.Helper()
	r := &rota{t: t, log: newLogBuffer(), exited: make(chan struct{}), command: command}
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

// startInto runs rota with its stderr in a file, which is closed here, and waits until its
// workers are ready.
func startInto(t *testing.T, stderr *os.File, args ...string) *rota {
	t.Helper()
	address := freeAddress(t)
	r := &rota{t: t, log: newLogBuffer(), exited: make(chan struct{}), admin: "http://" + address, tcp: freeAddress(t)}
	r.command = exec.Command(binary, append([]string{"--listen", r.tcp, "--admin", address}, args...)...)
	r.command.Stderr = stderr
	require.NoError(t, r.command.Start())
	stderr.Close()
	go func() { _ = r.command.Wait(); close(r.exited) }()
	t.Cleanup(r.kill)
	r.eventually("ready", func() bool { return r.get("/readyz", nil) == http.StatusOK })
	return r
}

var handedOut sync.Map // by freeAddress

// freeAddress is one that nobody listens on, and that will most likely still be free in a
// moment: its port is below those that the kernel gives to clients, and no other test has it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_240+rand.IntN(20_000))
		if _, taken := handedOut.LoadOrStore(address, true); taken {
			continue
		}
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
	workers := r.processes()
	_ = r.command.Process.Signal(syscall.SIGQUIT)
	select {
	case <-r.exited:
	case <-time.After(patience):
		_ = r.command.Process.Kill()
		r.t.Errorf("the master did not stop at SIGQUIT:\n%s", r.log)
		<-r.exited
	}
	for _, worker := range workers {
		r.eventually("worker gone", func() bool { return !worker.lives() })
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

// process is one that was seen: its pid alone may be another's by the time it is looked for.
type process struct {
	pid     int
	started string // by the kernel's clock; "" when it was gone already
}

func findProcess(pid int) process {
	_, started := statOf(pid)
	return process{pid: pid, started: started}
}

// lives reports whether the process is still there; a zombie is not.
func (p process) lives() bool {
	state, started := statOf(p.pid)
	return p.started != "" && started == p.started && state != "Z"
}

// statOf reads the state and the start time of the process that has the pid now.
func statOf(pid int) (state, started string) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before it may have spaces
	values := strings.Fields(rest)
	return values[0], values[19]
}

// processes are those of the workers; none when the master does not answer.
func (r *rota) processes() (list []process) {
	var answer struct{ Workers []workerView }
	if r.admin != "" && r.get("/workers", &answer) == http.StatusOK {
		for _, w := range answer.Workers {
			list = append(list, findProcess(w.PID))
		}
	}
	return list
}
