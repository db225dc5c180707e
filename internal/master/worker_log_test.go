package master

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/process"
	"rota/internal/record"
)

// talks makes a fake process whose output the test gives, and which is ready and obeys.
func talks(p *fakeProcess) {
	soon(time.Millisecond)(p)
	p.printed = make(chan output.Chunk)
}

func (f *fakeProcess) says(text string) {
	f.printed <- output.Chunk{Stream: output.Stdout, Data: []byte(text + "\n")}
}

func TestAWorkersOutputCanBeReadAndFollowedToItsEnd(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, talks, func(b *bench) {
		time.Sleep(time.Second)
		id, p := b.status().Workers[0].ID, b.processes[0]
		p.says("one")
		s, err := b.FollowLog(id)
		require.NoError(b.t, err)
		require.Equal(b.t, []uint64{1}, numbers(s.Lines))
		left, err := b.FollowLog(id)
		require.NoError(b.t, err)
		left.Close()
		left.Close()
		_, open := <-left.C
		require.False(b.t, open)

		p.says("two")
		require.Equal(b.t, "two", (<-s.C).Lines[0].Text)
		log, err := b.WorkerLog(id)
		require.NoError(b.t, err)
		require.Equal(b.t, []uint64{1, 2}, numbers(log.Lines))

		go func() { p.says("the last words"); close(p.printed) }()
		p.exit(process.ExitStatus{Code: 5})
		require.Equal(b.t, "the last words", (<-s.C).Lines[0].Text)
		require.Equal(b.t, 5, (<-s.C).End.Exit.Code)
		_, open = <-s.C
		require.False(b.t, open)
		s.Close()

		gone, err := b.Worker(id)
		require.NoError(b.t, err)
		require.Equal(b.t, []string{"one", "two", "the last words"}, gone.Exit.Output)
		again, err := b.FollowLog(id)
		require.NoError(b.t, err)
		require.Len(b.t, again.Lines, 3)
		require.True(b.t, again.Gone)
		require.EqualValues(b.t, 3, (<-again.C).End.Printed)
		again.Close()
	})
}

func TestWhatAnOldWorkerPrintedIsForgotten(t *testing.T) {
	dies := func(p *fakeProcess) { p.exit(process.ExitStatus{Code: 1}) }
	inBubble(t, plan.Spec{Workers: 4}, dies, func(b *bench) {
		for b.status().Totals.WorkersDied <= keepJournals+4 {
			time.Sleep(time.Minute)
		}
		var gone []record.Worker
		require.NoError(b.t, b.ask(func(l *loop) {
			for _, e := range l.events.kept {
				if e.Type == record.EventWorkerExited {
					gone = append(gone, *e.Worker)
				}
			}
			require.Len(b.t, l.journals, keepJournals)
		}))
		for i, w := range gone {
			_, err := b.WorkerLog(w.ID)
			if i < len(gone)-keepJournals {
				require.ErrorIs(b.t, err, ErrLogGone)
			} else {
				require.NoError(b.t, err)
			}
		}
		_, err := b.FollowLog(gone[0].ID)
		require.ErrorIs(b.t, err, ErrLogGone)
		_, err = b.WorkerLog("no such id")
		require.ErrorIs(b.t, err, record.ErrNoWorker)
		b.Kill()
		<-b.done
		_, err = b.WorkerLog(gone[0].ID)
		require.ErrorIs(b.t, err, ErrStopped)
	})
}

func TestAWorkerThatCouldNotBeStartedHasPrintedNothing(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, talks, func(b *bench) {
		time.Sleep(time.Second)
		b.failing(os.ErrNotExist)
		failed := b.wait(b.askReload().ID, record.ReloadLive)
		require.Equal(b.t, record.ReloadFailed, failed.State)
		log, err := b.WorkerLog(failed.Failure.WorkerID)
		require.NoError(b.t, err)
		require.Zero(b.t, log)
	})
}

// Whoever asks while a worker goes gets its output from the minder or from the loop, never nothing.
func TestOutputCanBeAskedForAtAnyMoment(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2}, "good")
	r.ready(2)
	stop := make(chan struct{})
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			var known []string
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := r.Status()
				require.NoError(t, err)
				for _, w := range s.Workers {
					if !slices.Contains(known, w.ID) {
						known = append(known, w.ID)
					}
				}
				for _, id := range known {
					_, err := r.WorkerLog(id)
					require.NoError(t, err)
				}
			}
		})
	}
	for range 3 {
		require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	}
	close(stop)
	askers.Wait()
}

func TestAWorkerThatFloodsItsOutputSlowsNobody(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2}, "one-floods")
	r.ready(2)
	workers, _ := r.workers()
	flooding, other := workers[0], workers[1]
	printed := func(w record.Worker) output.WorkerLog {
		log, err := r.WorkerLog(w.ID)
		require.NoError(t, err)
		return log
	}
	require.Eventually(t, func() bool { return printed(flooding).Unlogged > 50_000 }, patience, time.Millisecond)

	for i := range 20 {
		c, err := net.Dial("tcp", r.listening()[0].Address) // which asks for the status
		require.NoError(t, err)
		defer c.Close()
		greeted := fmt.Sprint("greeted ", c.LocalAddr())
		require.Eventually(t, func() bool {
			lines := printed(other).Lines
			return len(lines) == i+1 && lines[i].Text == greeted
		}, patience, time.Millisecond, "the flood does not end before it is told to")
		require.Contains(t, r.log.String(), greeted)
	}
	require.Zero(t, printed(other).Unlogged)

	require.NoError(t, syscall.Kill(flooding.PID, syscall.SIGTERM))
	for r.next(record.EventWorkerExited).Worker.ID != flooding.ID {
	}
	log := printed(flooding)
	require.Equal(t, fmt.Sprint("printed ", log.Printed), log.Lines[output.KeptLines-1].Text, "each line is counted")
	require.Greater(t, log.Unlogged, uint64(50_000))
	require.Equal(t, log.Printed-log.Unlogged, r.countLogged(flooding.ID, "info"))
	require.Equal(t, log.Unlogged, r.countLogged(flooding.ID, "warn"), "what is not logged is said")
}

// countLogged counts the lines of the worker's output in the log; those of level warn say that there are more.
func (r *running) countLogged(worker, level string) (n uint64) {
	for line := range strings.Lines(r.log.String()) {
		var entry struct {
			Level  string
			Worker string `json:"worker_id"`
			Stream string
			Lines  uint64
		}
		require.NoError(r.t, json.Unmarshal([]byte(line), &entry))
		if entry.Worker == worker && entry.Stream == "stdout" && entry.Level == level {
			n += max(1, entry.Lines)
		}
	}
	return n
}

func TestALineThatSaysReadyIsSeenAmongVeryMany(t *testing.T) {
	ready, err := plan.ParseReadiness(`log:^listening on port \d+$`)
	require.NoError(t, err)
	r := runMaster(t, plan.Spec{Workers: 1, Ready: ready}, "chatty-start")
	require.Contains(t, r.next(record.EventWorkerReady).Message, "it printed a line that matches")
	require.NotContains(t, r.log.String(), `"message":"listening on port`, "it was over the budget")
}

func numbers(lines []output.LogLine) (list []uint64) {
	for _, l := range lines {
		list = append(list, l.Number)
	}
	return list
}
