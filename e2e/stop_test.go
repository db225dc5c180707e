package e2e

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSignals(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	r.signal(syscall.SIGTTIN)
	r.eventually("two", func() bool { return r.status().Pool.Ready == 2 })
	r.signal(syscall.SIGTTOU)
	r.eventually("one", func() bool { s := r.status(); return s.Pool.Ready == 1 && s.Pool.Draining == 0 })
	r.signal(syscall.SIGTTOU)
	require.NotEmpty(t, r.log.find(r.exited, "signal not obeyed", "at least one worker and at most"))
	require.Equal(t, 1, r.status().Pool.Size)

	r.signal(syscall.SIGHUP)
	var history struct{ Reloads []reloadView }
	r.eventually("reloaded", func() bool {
		r.get("/reloads", &history)
		return len(history.Reloads) == 1 && history.Reloads[0].State == "completed"
	})
	require.Equal(t, "signal", history.Reloads[0].Trigger)
}

func TestTheFirstSIGTERMOrSIGINTLetsConnectionsEnd(t *testing.T) {
	t.Parallel()
	for _, first := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(first.String(), func(t *testing.T) {
			r := start(t, "--workers", "1")
			held := hold(t, "tcp", r.tcp, 2)
			r.signal(first)
			r.eventually("stopping", func() bool { return r.status().Stopping })
			r.eventually("refused", func() bool { return once("tcp", r.tcp) != nil })
			require.NoError(t, say(held[0]))
			require.Equal(t, http.StatusServiceUnavailable, r.do(http.MethodPost, "/reload", "", nil))
			for _, c := range held {
				require.NoError(t, leave(c))
			}
			require.Zero(t, r.exitCode())
			require.Contains(t, r.log.last(), `"message":"rota has stopped"`, "not a line of the log is lost")
		})
	}
}

// A health check that only connects, say: it has asked nothing, so it is owed nothing.
func TestASilentConnectionToTheAdminPortDoesNotSpoilTheStop(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	silent, err := net.Dial("tcp", strings.TrimPrefix(r.admin, "http://"))
	require.NoError(t, err)
	defer silent.Close()
	http.DefaultClient.CloseIdleConnections()
	require.Equal(t, http.StatusOK, r.get("/healthz", nil), "a later connection is served, so the silent one was accepted")
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
	require.Contains(t, r.log.last(), `"message":"rota has stopped"`)
}

// timeout(1), npm and supervisors send one order twice. Whoever is impatient does so later.
func TestAStopOrderThatArrivesTwiceCutsNobody(t *testing.T) {
	t.Parallel()
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(second.String(), func(t *testing.T) {
			t.Parallel()
			r := start(t, "--workers", "1")
			held := hold(t, "tcp", r.tcp, 1)
			r.signal(syscall.SIGTERM)
			require.NotEmpty(t, r.log.find(r.exited, "signal received")) // two that are pending are one
			r.signal(second)
			require.NotEmpty(t, r.log.find(r.exited, "taken for the same order"))
			r.eventually("stopping", func() bool { return r.status().Stopping })
			require.NoError(t, say(held[0]))

			r.eventually("has stopped", func() bool {
				select {
				case <-r.exited:
					return true
				default:
					_ = r.command.Process.Signal(second) // it may just have ended
					return false
				}
			})
			require.Zero(t, r.exitCode())
			require.NotEmpty(t, r.log.find(r.exited, "signal received again: stop at once"))
		})
	}
}

func TestSIGQUITDoesNotWait(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	hold(t, "tcp", r.tcp, 1)
	r.signal(syscall.SIGTERM)
	r.eventually("stopping", func() bool { return r.status().Stopping })
	r.signal(syscall.SIGQUIT)
	require.Zero(t, r.exitCode())
	require.Contains(t, r.log.last(), `"message":"rota has stopped"`)
}

func TestWhatIsQueuedAtAShutdownIsStillAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	worker := r.workers()[0].PID
	require.NoError(t, syscall.Kill(worker, syscall.SIGSTOP))
	var queued []net.Conn
	for range 5 { // the kernel accepts these on the stopped worker's behalf
		c, err := net.Dial("tcp", r.tcp)
		require.NoError(t, err)
		defer c.Close()
		queued = append(queued, c)
	}
	r.signal(syscall.SIGTERM)
	r.eventually("stopping", func() bool { return r.status().Stopping })
	require.NoError(t, syscall.Kill(worker, syscall.SIGCONT))
	for _, c := range queued {
		require.NoError(t, say(c))
		require.NoError(t, leave(c))
	}
	require.Zero(t, r.exitCode())
}

// A deploy that hangs holds the listening sockets like any other worker, and accepts nothing.
func TestAHungDeployDoesNotHoldUpTheShutdown(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "1", "--drain-timeout", "1h")
	deploy(t, program, "trap '' TERM\nwhile :; do sleep 1; done")
	require.Equal(t, http.StatusInternalServerError,
		r.do(http.MethodPost, "/reload?wait=completed", `{"start_timeout":"300ms"}`, nil))
	require.Equal(t, 1, r.status().Pool.Draining)
	held := hold(t, "tcp", r.tcp, 1)
	r.signal(syscall.SIGTERM)
	r.eventually("refused", func() bool { return once("tcp", r.tcp) != nil })
	require.NoError(t, say(held[0]))
	require.NoError(t, leave(held[0]))
	require.Zero(t, r.exitCode())
}

// Who connects while rota stops is served or refused, and nothing in between.
func TestAShutdownResetsNobody(t *testing.T) {
	t.Parallel()
	for range 5 {
		r := start(t, "--workers", "2")
		var visits atomic.Int64
		ends := make(chan error, 8)
		for range cap(ends) {
			go func() {
				for {
					if err := once("tcp", r.tcp); err != nil {
						ends <- err
						return
					}
					visits.Add(1)
				}
			}()
		}
		r.eventually("busy", func() bool { return visits.Load() > 200 })
		require.Equal(t, http.StatusAccepted, r.do(http.MethodPost, "/reload", "", nil))
		r.signal(syscall.SIGTERM)
		for range cap(ends) {
			require.ErrorIs(t, <-ends, syscall.ECONNREFUSED)
		}
		require.Zero(t, r.exitCode())
		require.Contains(t, r.log.last(), `"message":"rota has stopped"`)
	}
}
