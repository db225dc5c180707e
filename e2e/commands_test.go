package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The commands that talk to a running master.

// ask runs rota with the arguments against r.
func (r *rota) ask(args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	command := r.asking(args...)
	var out, messages bytes.Buffer
	command.Stdout, command.Stderr = &out, &messages
	_ = command.Run()
	return out.String(), messages.String(), command.ProcessState.ExitCode()
}

func (r *rota) asking(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	r.t.Cleanup(cancel)
	return exec.CommandContext(ctx, binary, append(args, "--admin", strings.TrimPrefix(r.admin, "http://"))...)
}

// answered has ask's JSON in a view.
func (r *rota) answered(into any, args ...string) {
	r.t.Helper()
	stdout, stderr, code := r.ask(append(args, "--json")...)
	require.Zero(r.t, code, stderr)
	require.NoError(r.t, json.Unmarshal([]byte(stdout), into), stdout)
}

func TestTheCommandsShowWhatTheAPISays(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	held := hold(t, "tcp", r.tcp, 3)
	var s status
	r.answered(&s, "status")
	require.Equal(t, r.command.Process.Pid, s.PID)
	var workers struct{ Workers []workerView }
	r.answered(&workers, "workers")
	require.Len(t, workers.Workers, 2)
	var found struct{ Connections []struct{ Remote string } }
	r.answered(&found, "connections", "--limit", "2")
	require.Len(t, found.Connections, 2)
	r.answered(&found, "connections")
	require.Len(t, found.Connections, 3)
	stdout, _, code := r.ask("connections", "--idle-for", "1h")
	require.Zero(t, code)
	require.NotContains(t, stdout, held[0].LocalAddr().String())

	stdout, _, code = r.ask("status")
	require.Zero(t, code)
	require.Contains(t, stdout, "2 of 2 ready")
	require.Contains(t, stdout, workers.Workers[0].ID)
	stdout, _, code = r.ask("workers", "slot:1")
	require.Zero(t, code)
	require.Contains(t, stdout, workers.Workers[1].ID)
	require.NotContains(t, stdout, workers.Workers[0].ID)
}

func TestAReloadByCommandEndsWithAVerdict(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	stdout, stderr, code := r.ask("reload", "--revision", "v7", "--reason", "test")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "is completed: generation 2 (v7) serves in 2 slots")
	require.Contains(t, stderr, "  completed  2/2 slots\n")
	require.NotContains(t, stderr, "\x1b")

	var list struct{ Reloads []reloadView }
	r.answered(&list, "history")
	require.Len(t, list.Reloads, 1)
	stdout, _, code = r.ask("history", list.Reloads[0].ID)
	require.Zero(t, code)
	require.Contains(t, stdout, "worker ready in slot 1")
	stdout, _, code = r.ask("reload", "--follow", list.Reloads[0].ID)
	require.Zero(t, code)
	require.Contains(t, stdout, "is completed")
}

func TestABrokenDeployFailsTheCommand(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2", "--ready", "delay:100ms", "--env", "PATH=/usr/bin:/bin", "--", "sh", "-c",
		`if [ "$ROTA_REVISION" = broken ]; then echo "no database" >&2; exit 3; fi; exec sleep 1000`)
	stdout, stderr, code := r.ask("reload", "--revision", "broken")
	require.Equal(t, 1, code, stderr)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "has failed")
	require.Contains(t, stderr, "The generation before still serves.")
	require.Contains(t, stderr, "no database")
	require.Equal(t, 1, r.status().Generation)
}

func TestConnectionsThatAreCutAreAnExitCode(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	hold(t, "tcp", r.tcp, 1)
	var view reloadView
	stdout, stderr, code := r.ask("reload", "--drain-timeout", "50ms", "--json")
	require.Equal(t, 4, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &view))
	require.Equal(t, "completed", view.State)
	require.Contains(t, stderr, "cut")
}

// The held connection keeps the reload from being completed.
func TestAWaitCanEndBeforeItsReload(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	held := hold(t, "tcp", r.tcp, 1)
	stdout, stderr, code := r.ask("reload", "--wait=live")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "is live")
	var list struct{ Reloads []reloadView }
	r.answered(&list, "history")
	id := list.Reloads[0].ID

	_, stderr, code = r.ask("reload", "--follow", id, "--timeout", "50ms")
	require.Equal(t, 124, code)
	require.Contains(t, stderr, "rota reload --follow "+id)

	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command := r.asking("reload", "--follow", id)
		messages, err := command.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		lines := bufio.NewScanner(messages)
		require.True(t, lines.Scan(), "it follows")
		require.NoError(t, command.Process.Signal(signal))
		said := ""
		for lines.Scan() {
			said = lines.Text()
		}
		_ = command.Wait()
		require.Equal(t, 128+int(signal), command.ProcessState.ExitCode(), said)
		require.Contains(t, said, "it goes on. Follow it with: rota reload --follow "+id)
	}

	var view reloadView
	r.get("/reloads/"+id, &view)
	require.Equal(t, "live", view.State, "nothing has become of it")
	require.NoError(t, leave(held[0]))
	_, stderr, code = r.ask("reload", "--follow", id)
	require.Zero(t, code, stderr)
}

// The held connection keeps the reload going until the log's reader has left.
func TestALogThatNobodyReadsEndsNoWait(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--probe-interval", "0")
	held := hold(t, "tcp", r.tcp, 1)
	command := r.asking("reload")
	messages, err := command.StderrPipe()
	require.NoError(t, err)
	command.Stdout = command.Stderr
	require.NoError(t, command.Start())
	require.True(t, bufio.NewScanner(messages).Scan(), "it follows")
	require.NoError(t, messages.Close())
	require.NoError(t, leave(held[0]))
	_ = command.Wait()
	require.Zero(t, command.ProcessState.ExitCode(), command.ProcessState)
}

// Its second worker never says that it is ready.
func TestWhoWaitsIsToldThatTheMasterStops(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--ready", "log:ready", "--start-timeout", "2m", "--", "sh", "-c",
		`[ "$ROTA_GENERATION" = 1 ] && echo ready; exec sleep 1000`)
	said, ended := r.follow("reload", "--json")
	r.eventually("reload rolls", func() bool { return r.rolling() != "" })
	r.signal(syscall.SIGTERM)
	require.Equal(t, 5, ended())
	require.Contains(t, said.String(), `"state":"aborted"`)
	require.Zero(t, r.exitCode())
}

func TestEventsAndLogsAreFollowed(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--ready", "delay:100ms", "--", "sh", "-c", `echo "here is $ROTA_GENERATION"; exec sleep 1000`)
	events, _ := r.follow("events", "--after", "0")
	logs, _ := r.follow("logs", "-f")
	require.NotEmpty(t, events.find(r.exited, "worker.ready"))
	require.NotEmpty(t, logs.find(r.exited, "0 | here is 1"))
	r.reload("")
	require.NotEmpty(t, events.find(r.exited, "reload.completed"))
	require.NotEmpty(t, logs.find(r.exited, "0 | here is 2"), "also of a worker that came later")

	stdout, stderr, code := r.ask("logs", "--tail", "1")
	require.Zero(t, code, stderr)
	require.Equal(t, "0 | here is 2\n", stdout)
}

// follow runs a command and collects what it prints. ended waits for its end and returns its
// exit code; the test's end stops it.
func (r *rota) follow(args ...string) (said *logBuffer, ended func() int) {
	r.t.Helper()
	command := r.asking(args...)
	output, err := command.StdoutPipe()
	require.NoError(r.t, err)
	command.Stderr = command.Stdout
	require.NoError(r.t, command.Start())
	said = newLogBuffer()
	over := make(chan struct{})
	go func() {
		defer close(over)
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			said.add(lines.Text())
		}
		_ = command.Wait()
	}()
	r.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-over
	})
	return said, func() int {
		<-over
		return command.ProcessState.ExitCode()
	}
}

// rolling is the id of the reload under way; "" when there is none.
func (r *rota) rolling() string {
	r.t.Helper()
	var s struct{ Reload *reloadView }
	r.get("/status", &s)
	if s.Reload == nil || s.Reload.State != "rolling" {
		return ""
	}
	return s.Reload.ID
}

func TestAReloadIsHeldPromotedAndTakenBackByCommand(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "3", "--probe-interval", "0")
	_, ended := r.follow("reload", "--canary", "1", "--revision", "good")
	r.eventually("canary waits", func() bool { stdout, _, _ := r.ask("status"); return strings.Contains(stdout, "until rota promote") })
	stdout, stderr, code := r.ask("promote")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, r.rolling())
	require.Zero(t, ended())

	said, ended := r.follow("reload", "--canary", "1", "--revision", "bad")
	r.eventually("canary waits", func() bool { stdout, _, _ := r.ask("status"); return strings.Contains(stdout, "until rota promote") })
	for _, verb := range []string{"pause", "resume"} {
		_, stderr, code = r.ask(verb)
		require.Zero(t, code, verb+stderr)
	}
	_, stderr, code = r.ask("abort", "--reason", "looks odd")
	require.Zero(t, code, stderr)
	require.Equal(t, 5, ended(), said)
	require.Contains(t, said.String(), "was aborted: ")
	require.Contains(t, said.String(), "looks odd")
	_, stderr, code = r.ask("abort")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no reload is running")
	for _, w := range r.workers() {
		require.True(t, w.Revision == "good" || w.State == "draining", "%s %s", w.Revision, w.State)
	}
}

func TestAReloadOnTrialCanBeTakenBackByCommand(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--probe-interval", "0")
	said, ended := r.follow("reload", "--soak", "1h")
	r.eventually("on trial", func() bool {
		stdout, _, _ := r.ask("status")
		return strings.Contains(stdout, "on trial, 1/1 slots, until")
	})
	_, stderr, code := r.ask("abort")
	require.Zero(t, code, stderr)
	require.Equal(t, 5, ended(), said)
}

func TestARepeatedDeployIsOneReload(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--probe-interval", "0")
	for range 2 {
		_, stderr, code := r.ask("reload", "--idempotency-key", "job-7", "--if-match", "1")
		require.Zero(t, code, stderr)
	}
	require.Equal(t, 2, r.status().Generation)
	_, stderr, code := r.ask("reload", "--idempotency-key", "job-7", "--revision", "another")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "key")
	_, stderr, code = r.ask("reload", "--if-match", "1")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "not started: ")
}

func TestThePoolIsChangedByCommand(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	stdout, stderr, code := r.ask("scale", "2")
	require.Zero(t, code, stderr)
	require.Equal(t, "2 workers, before 1\n", stdout)
	r.eventually("two are ready", func() bool { return r.status().Pool.Ready == 2 })
	_, _, code = r.ask("scale", "0")
	require.Equal(t, 2, code)

	first := r.workers()[0].ID
	stdout, stderr, code = r.ask("rotate", "slot:0")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "in slot 0, in place of "+first)
	r.eventually("replaced", func() bool { w := r.workers(); return len(w) == 2 && w[0].ID != first && w[0].State == "ready" })
}

func TestConnectionsAreEvictedByCommand(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	held := hold(t, "tcp", r.tcp, 2)
	var found struct{ Connections []struct{ ID string } }
	r.answered(&found, "connections")
	require.Len(t, found.Connections, 2)
	stdout, stderr, code := r.ask("evict", "--connection", found.Connections[0].ID)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "closed")
	r.eventually("the other is idle", func() bool { r.answered(&found, "connections", "--state", "idle"); return len(found.Connections) == 1 })
	stdout, stderr, code = r.ask("evict", "slot:0", "--idle=0s")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, " of worker ")
	for _, c := range held {
		n, err := c.Read(make([]byte, 1))
		require.Zero(t, n)
		require.ErrorIs(t, err, io.EOF)
	}
	_, _, code = r.ask("evict", "--connection", "fffffff0")
	require.Equal(t, 1, code)
}
