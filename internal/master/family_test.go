package master

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/plan"
	"rota/internal/record"
)

// A program that forks is one worker.

// wrap runs another of the children and is deaf, or dies of SIGTERM as a shell does.
func wrap() {
	listeners := activation.Files(false)
	inner := exec.Command(os.Args[0], "serves-until-told")
	inner.ExtraFiles = listeners
	inner.Stdout, inner.Stderr = os.Stdout, os.Stderr
	inner.Env = append(os.Environ(), "LISTEN_PID=")
	if err := inner.Start(); err != nil {
		os.Exit(6)
	}
	_ = inner.Wait()
}

// serveUntilTold serves the first inherited listener: it echoes; told to drain it closes the listener and
// leaves when its connections have.
func serveUntilTold() {
	f := os.NewFile(3, "listener")
	l, err := net.FileListener(f)
	if err != nil {
		fmt.Println(err)
		os.Exit(5)
	}
	f.Close()
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGUSR2)
	connections := make(chan struct{})
	open := 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections <- struct{}{}
			go func() { _, _ = io.Copy(c, c); c.Close(); connections <- struct{}{} }()
		}
	}()
	sayReady()
	draining := false
	for count := 0; !draining || open > 0; {
		select {
		case <-told:
			draining = true
			l.Close()
		case <-connections:
			count++
			open = count % 2 // of one connection: it comes and goes
		}
	}
}

// held connects to the master's listener and makes sure that a worker has the connection.
func (r *running) held() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.listening()[0].Address)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { c.Close() })
	r.echo(c)
	return c
}

func (r *running) echo(c net.Conn) {
	r.t.Helper()
	require.NoError(r.t, c.SetDeadline(time.Now().Add(patience)))
	_, err := c.Write([]byte("x"))
	require.NoError(r.t, err)
	_, err = io.ReadFull(c, make([]byte, 1))
	require.NoError(r.t, err)
}

func TestConnectionsOfAWorkersChildrenAreItsOwn(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, StopGroup: true}, "wraps")
	r.ready(1)
	r.held()
	workers, _ := r.workers()
	listing, err := r.Connections()
	require.NoError(t, err)
	require.Len(t, listing.Connections, 1)
	require.Equal(t, workers[0].ID, listing.Connections[0].WorkerID)
	require.Len(t, listing.Families[workers[0].ID], 2)
}

// As sh -c does that did not exec: the signal ends it at once, and the program under it
// drains on.
func TestAProgramDrainsOnWhenItsWrapperIsGone(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, StopGroup: true}, "wraps")
	r.ready(1)
	c := r.held()
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
	workers, _ := r.workers()
	old := workers[1]
	require.Equal(t, record.WorkerDraining, old.State)
	requireGone(t, old.PID)
	r.echo(c)
	reload, err := r.ReloadByID(reload.ID)
	require.NoError(t, err)
	require.Equal(t, record.ReloadLive, reload.State, "it is not over while somebody is served")
	c.Close()
	require.Equal(t, record.EventReloadCompleted, r.next(record.EventReloadCompleted).Type)
	reload, err = r.ReloadByID(reload.ID)
	require.NoError(t, err)
	require.Zero(t, reload.ConnectionsCut)
}

func TestAStopSignalThatAWrapperDoesNotPassOnIsPassedOn(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "wraps")
	r.ready(1)
	c := r.held()
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "has not passed it on, so rota does") }, patience, time.Millisecond)
	require.Eventually(t, func() bool {
		workers, _ := r.workers()
		return slices.ContainsFunc(workers, func(w record.Worker) bool { return !w.StoppedAcceptingAt.IsZero() })
	}, patience, time.Millisecond, "and it has heard it")
	r.echo(c)
	for range 20 { // the old one accepts nobody any more
		r.held().Close()
	}
	c.Close()
	r.next(record.EventReloadCompleted)
	reload, err := r.ReloadByID(reload.ID)
	require.NoError(t, err)
	require.Zero(t, reload.ConnectionsCut)
}

func TestADrainTimeoutEndsTheWholeFamilyAndCountsWhatItCut(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, StopGroup: true, DrainTimeout: 500 * time.Millisecond}, "wraps")
	r.ready(1)
	c := r.held()
	reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
	require.Equal(t, 1, reload.ConnectionsCut)
	_, err := io.ReadAll(c)
	_ = err // EOF or a reset: it is over
}

func TestTheStopSignalCanBeAnother(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, StopSignal: unix.SIGUSR2}, "tells-signals")
	r.ready(1)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	require.Contains(t, r.log.String(), "told by user defined signal 2")
}

// tellSignals says which signal it left for.
func tellSignals() {
	told := make(chan os.Signal, 1)
	signal.Notify(told)
	sayReady()
	for s := range told {
		if s == syscall.SIGUSR2 || s == syscall.SIGTERM {
			fmt.Println("told by", s)
			return
		}
	}
}

// A program that makes a daemon of itself is gone as soon as it is up.
func TestAProgramThatLeavesTheForegroundIsToldToStay(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{"/bin/sh", "-c", "sleep 1000 & exit 0"}, Ready: plan.Readiness{Kind: plan.ReadyAuto}}, "")
	require.Contains(t, r.next(record.EventWorkerReady, record.EventWorkerExited).Message,
		"worker of slot 0 exited with code 0 before it was ready; a worker has to stay in the foreground")
}
