package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "sleeps" {
		sleepers()
	}
	os.Exit(m.Run())
}

// sleepers is a program of 20 goroutines and its main one, which waits to be aborted.
func sleepers() {
	for range 20 {
		go func() { select {} }()
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
}

func TestMedian(t *testing.T) {
	values := []float64{9, 1, 5}
	require.InDelta(t, 5, median(values), 0)
	require.Equal(t, []float64{9, 1, 5}, values, "the caller's slice stays as it was")
	require.InDelta(t, 2.5, median([]float64{1, 2, 3, 4}), 0)
	require.True(t, math.IsNaN(median(nil)))
}

func TestCompareTakesTurnsAndLeavesOutTheFirstRound(t *testing.T) {
	order := ""
	side := func(name string, values ...float64) func() (float64, error) {
		return func() (float64, error) {
			order += name
			value := values[0]
			values = values[1:]
			return value, nil
		}
	}
	p, err := compare(t.Context(), 2, side("a", 1000, 2, 9), side("b", 1, 4, 3))
	require.NoError(t, err)
	require.Equal(t, "abbaab", order)
	require.Equal(t, []float64{0.5, 3}, p.ratios())
	require.InDelta(t, 1.75, p.row("", "", nil).Ratio, 0)
}

func TestCompareEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	_, err := compare(t.Context(), 3,
		func() (float64, error) { return 1, nil },
		func() (float64, error) { return 0, broken })
	require.ErrorIs(t, err, broken)
}

func TestWindowsCountWhatFallsIntoThem(t *testing.T) {
	w := newWindows()
	w.hit()
	w.hit()
	w.began = w.began.Add(-3 * windowLength)
	w.hit()
	require.Equal(t, []float64{2, 0, 0, 1}, w.between(0, 4))
	require.Empty(t, w.between(4, 2))
	w.began = w.began.Add(-time.Hour)
	w.hit() // far too late, which is no reason to panic
}

func TestGoals(t *testing.T) {
	require.True(t, atLeast(0.7).meets(0.7))
	require.False(t, atLeast(0.7).meets(0.69))
	require.True(t, atMost(0).meets(0))
	require.False(t, below(6).meets(6))
	for _, goal := range []*goal{atLeast(1), atMost(1), below(1)} {
		require.False(t, goal.meets(math.NaN()))
	}
	require.Equal(t, 1, countMissed([]row{{}, {Goal: below(1), Ratio: 2}, {Goal: below(1), Ratio: 0.5}}))
}

func TestABadControlLeavesARowUnjudged(t *testing.T) {
	missed := row{Goal: atMost(1.3), Ratio: 1.4}
	near := row{Ratio: 1.09}
	near.control(0.1, &missed)
	require.Equal(t, "MISSED", missed.verdict())
	far := row{Ratio: 0.8}
	far.control(0.1, &missed)
	require.Equal(t, "?", missed.verdict())
	require.NotEmpty(t, far.Note)
}

func TestSpreadIsTheLeastAndTheMost(t *testing.T) {
	require.Equal(t, "0.5 to 2", row{Ratios: []float64{1, 2, 0.5}}.spread())
	require.Empty(t, row{Ratios: []float64{1}}.spread())
}

func TestFailureClasses(t *testing.T) {
	for err, class := range map[error]string{
		fmt.Errorf("dial: %w", syscall.ECONNREFUSED):          "refused",
		&net.OpError{Op: "read", Err: syscall.ECONNRESET}:     "reset",
		&net.OpError{Op: "write", Err: syscall.EPIPE}:         "reset",
		&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}: "timeout",
		io.ErrUnexpectedEOF: "short",
		io.EOF:              "short",
		errWrongReply:       "other",
		fmt.Errorf("dial: %w", error(syscall.EADDRNOTAVAIL)): "other",
	} {
		require.Equal(t, class, failureClasses[failureClass(err)], "%v", err)
	}
}

func TestClientsAgainstTheReference(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go serveReference(listener)
	addr := listener.Addr().String()

	for name, rate := range map[string]func(context.Context, string, time.Duration) (float64, error){
		"churn": churnRate, "pingpong": pingpongRate,
	} {
		perSecond, err := rate(t.Context(), addr, 100*time.Millisecond)
		require.NoError(t, err, name)
		require.Positive(t, perSecond, name)
	}
}

func TestTheCServerIsMeasured(t *testing.T) {
	binary, cleanUp, err := buildC(t.Context())
	if errors.Is(err, errNoCompiler) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer cleanUp()
	for _, accepts := range []int{evenAccepts, 0} {
		s, err := startC(t.Context(), binary, 3, accepts)
		require.NoError(t, err)
		require.Len(t, s.pids, 3)
		seen, err := churnCost(t.Context(), s, 100*time.Millisecond)
		s.stop()
		require.NoError(t, err)
		require.Positive(t, seen.cpu)
		require.Positive(t, seen.switches)
		require.Positive(t, seen.rate)
	}
}

func TestChurnCountsAServerThatHangsUp(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	_, err = churnRate(t.Context(), listener.Addr().String(), 50*time.Millisecond)
	require.Error(t, err)
	listener.Close()
	_, err = churnRate(t.Context(), listener.Addr().String(), 50*time.Millisecond)
	require.ErrorContains(t, err, "connection refused")
}

func TestSpanIsTheMostToTheLeast(t *testing.T) {
	r := span("", "kB", []float64{100, 110, 90, 120}, atMost(1.1))
	require.InDelta(t, 120, r.Measured, 0)
	require.InDelta(t, 90, r.Reference, 0)
	require.Equal(t, "MISSED", r.verdict())
	require.InDelta(t, 4, slope([]float64{100, 110, 90, 120}), 1e-9)
	require.Zero(t, slope([]float64{7, 7, 7}))
}

func TestTheVersionBeforeTrialsNeedsTheHistory(t *testing.T) {
	t.Chdir(t.TempDir())
	_, _, err := buildBefore(t.Context())
	require.ErrorContains(t, err, "commit cb9d6db of the git history (or -before)")
	require.ErrorContains(t, err, "git archive")
}

// A Go program in its last moment tells of each goroutine.
func TestAbortedProgramsListTheirGoroutines(t *testing.T) {
	p := &process{cmd: exec.Command(os.Args[0], "sleeps"), exited: make(chan struct{})}
	r := &rota{process: p, dump: &dump{}}
	ready, output, err := os.Pipe()
	require.NoError(t, err)
	p.cmd.Stdout, p.cmd.Stderr = output, r.dump
	require.NoError(t, p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.exited) }()
	output.Close()
	_, err = firstLine(ready)
	require.NoError(t, err)
	n, err := r.goroutines()
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, 20.0)
	require.Less(t, n, 30.0)
}
