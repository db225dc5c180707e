package master

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/record"
)

// command runs a line as the trial does, in the crew.
func (r *running) command(ctx context.Context, line string, env ...string) (output []string, err error) {
	r.t.Helper()
	ended := make(chan struct{})
	r.background.Go(func() {
		defer close(ended)
		output, err = r.shell.Run(ctx, line, env)
	})
	<-ended
	return output, err
}

func TestACommandsExitCodeDecides(t *testing.T) {
	r := runMaster(t, plan.Spec{}, "good")
	r.ready(2)
	output, err := r.command(t.Context(), "echo out; echo err >&2")
	require.NoError(t, err)
	require.Equal(t, []string{"out", "err"}, output)
	_, err = r.command(t.Context(), "exit 3")
	require.EqualError(t, err, "it exited with code 3")
	_, err = r.command(t.Context(), "kill -KILL $$")
	require.EqualError(t, err, "it was ended by signal SIGKILL")
	output, err = r.command(t.Context(), "rota-no-such-program")
	require.EqualError(t, err, "it exited with code 127")
	require.Contains(t, strings.Join(output, "\n"), "not found")
}

func TestACommandHasTheMastersEnvironmentAndNothingOfAWorkers(t *testing.T) {
	t.Setenv("COLOUR", "blue")
	t.Setenv("ROTA_WORKER_ID", "somebody")
	r := runMaster(t, plan.Spec{}, "good")
	output, err := r.command(t.Context(), `echo "$COLOUR $ROTA_GENERATION [$ROTA_WORKER_ID$LISTEN_FDS$NOTIFY_SOCKET]"`, "ROTA_GENERATION=7")
	require.NoError(t, err)
	require.Equal(t, []string{"blue 7 []"}, output)
}

func TestTheLastLinesOfACommandAreKept(t *testing.T) {
	r := runMaster(t, plan.Spec{}, "good")
	printed, err := r.command(t.Context(), "seq 1 100000; printf the\\ end")
	require.NoError(t, err)
	require.Len(t, printed, output.RecordLines)
	require.Equal(t, []string{"99982", "100000", "the end"}, []string{printed[0], printed[18], printed[19]})
}

func TestACommandThatTakesTooLongEndsWithAllOfItsGroup(t *testing.T) {
	r := runMaster(t, plan.Spec{}, "good")
	path := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if text, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(text), "\n") {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	output, err := r.command(ctx, "trap '' TERM; echo begun; sleep 1000 & echo $! >"+path+"; wait; sleep 1000")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"begun"}, output)
	requireGone(t, pidIn(t, path))
}

func pidIn(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	return pid
}

func TestWhatACommandLeavesBehindNeitherHoldsItUpNorStays(t *testing.T) {
	r := runMaster(t, plan.Spec{}, "good")
	path := filepath.Join(t.TempDir(), "pid")
	began := time.Now()
	output, err := r.command(t.Context(), "sleep 1000 & echo $! >"+path+"; echo done")
	require.NoError(t, err)
	require.Equal(t, []string{"done"}, output)
	requireGone(t, pidIn(t, path))

	// Who goes into a session of its own holds the output.
	output, err = r.command(t.Context(), "setsid sleep 1000 & echo $! >"+path+"; until [ $(ps -o sid= -p $!) = $! ]; do :; done; echo done")
	require.NoError(t, err)
	require.Equal(t, []string{"done"}, output)
	require.Less(t, time.Since(began), patience)
	require.NoError(t, syscall.Kill(pidIn(t, path), syscall.SIGKILL))
	requireGone(t, pidIn(t, path)) // reaped by the master
}

// Commands, reloads and crashes at the same time: everybody gets the end of its own child.
func TestCommandsAndWorkersAreNotTakenForEachOther(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 3}, "good")
	r.ready(3)
	var lanes sync.WaitGroup
	for lane := range 4 {
		lanes.Go(func() {
			for i := range 25 {
				code := lane*25 + i + 1
				_, err := r.command(t.Context(), "exit "+strconv.Itoa(code))
				if err == nil || err.Error() != "it exited with code "+strconv.Itoa(code) {
					t.Errorf("exit %d: %v", code, err)
				}
			}
		})
	}
	for range 5 {
		require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	}
	lanes.Wait()
	workers, _ := r.workers()
	require.Len(t, workers, 3)
	s, err := r.Status()
	require.NoError(t, err)
	require.Zero(t, s.Totals.WorkersDied)
}

// A master that is told to stop calls the trial off, and that ends the command.
func TestACommandIsOverBeforeTheMasterIs(t *testing.T) {
	r := runMaster(t, plan.Spec{}, "good")
	r.ready(2)
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{})
	ended := make(chan error, 1)
	r.background.Go(func() {
		close(begun)
		_, err := r.shell.Run(ctx, "sleep 1000", nil)
		ended <- err
	})
	<-begun
	r.Kill()
	<-r.done
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
