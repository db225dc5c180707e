package master

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// converse tells each client its generation, and, when the client has finished, how many bytes it has sent.
func converse() {
	listeners, err := activation.Listeners()
	if err != nil {
		os.Exit(5)
	}
	terminated := whenTerminated()
	generation := os.Getenv("ROTA_GENERATION")
	for _, l := range listeners {
		if l == nil { // datagrams
			continue
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					fmt.Fprintf(c, "generation %s\n", generation)
					n, _ := io.Copy(io.Discard, c)
					fmt.Fprintf(c, "%d bytes\n", n)
				}()
			}
		}()
	}
	sayReady()
	<-terminated
}

// canaryUp starts a pool of three that listens at two addresses, and a reload whose canary is up.
func canaryUp(t *testing.T) (*running, record.Reload) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	r := runMaster(t, plan.Spec{
		Workers: 3, Command: []string{os.Args[0], "converses"},
		Listen:   []listen.Spec{loopback, {Name: "local", Network: "unix", Address: path}, {Name: "udp", Network: "udp", Address: "127.0.0.1:0"}},
		Strategy: record.Strategy{Canary: 1},
	}, "")
	r.ready(3)
	asked, err := r.Reload(record.ReloadRequest{})
	require.NoError(t, err)
	reload, err := r.WaitCanary(t.Context(), asked.ID)
	require.NoError(t, err)
	require.True(t, reload.CanaryReached(), "%v", reload.Failure)
	return r, reload
}

// talk says something over a connection of its own, and returns all that is answered.
func talk(address, words string) (string, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, words); err != nil {
		return "", err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}

func TestOnlyTheCanaryAnswersAtItsAddress(t *testing.T) {
	r, reload := canaryUp(t)
	require.Len(t, reload.CanaryAddress, 2, "one for each stream listener")
	for i, name := range []string{"tcp", "local"} {
		require.Equal(t, name, reload.CanaryAddress[i].Listener)
		require.True(t, strings.HasPrefix(reload.CanaryAddress[i].Address, "127.0.0.1:"))
		for range 30 {
			answer, err := talk(reload.CanaryAddress[i].Address, "hello")
			require.NoError(t, err, r.log)
			require.Equal(t, "generation 2\n5 bytes\n", answer, "and the ends are passed on")
		}
	}
	for e := range r.eventsOf(reload.ID) {
		require.Equal(t, e.Reload.CanaryAt.IsZero(), e.Reload.CanaryAddress == nil, e.Message)
	}
}

// eventsOf are those of a reload up to now.
func (r *running) eventsOf(reload string) map[*record.Event]bool {
	r.t.Helper()
	s, err := r.Subscribe(0)
	require.NoError(r.t, err)
	defer s.Cancel()
	list := map[*record.Event]bool{}
	for _, e := range s.Backlog {
		if e.Reload != nil && e.Reload.ID == reload {
			list[&e] = true
		}
	}
	return list
}

// Many at a time, and much to say: nothing is lost or mixed up.
func TestTheCanaryIsAskedByMany(t *testing.T) {
	r, reload := canaryUp(t)
	long := strings.Repeat("x", 1<<20)
	var all sync.WaitGroup
	errs := make(chan error, 128) // more than are forwarded at a time
	for range cap(errs) {
		all.Go(func() {
			answer, err := talk(reload.CanaryAddress[0].Address, long)
			if want := fmt.Sprintf("generation 2\n%d bytes\n", len(long)); err == nil && answer != want {
				err = errors.New(answer)
			}
			errs <- err
		})
	}
	all.Wait()
	for range cap(errs) {
		require.NoError(t, <-errs, r.log)
	}
}

func TestTheCanarysAddressIsClosedWithItsTrial(t *testing.T) {
	for name, end := range map[string]func(*running, string){
		"promoted": func(r *running, id string) { r.tell(id, record.VerbPromote) },
		"aborted":  func(r *running, id string) { r.tell(id, record.VerbAbort) },
		"its worker dies": func(r *running, _ string) {
			workers, _ := r.workers()
			for _, w := range workers {
				if w.Generation == 2 {
					require.NoError(r.t, syscall.Kill(w.PID, syscall.SIGKILL))
				}
			}
		},
		"the master stops": func(r *running, _ string) { r.Shutdown() },
	} {
		t.Run(name, func(t *testing.T) {
			r, reload := canaryUp(t)
			address := reload.CanaryAddress[0].Address
			open, err := net.DialTimeout("tcp", address, patience)
			require.NoError(t, err)
			defer open.Close()
			require.NoError(t, open.SetDeadline(time.Now().Add(patience)))
			greeting := make([]byte, len("generation 2\n"))
			_, err = io.ReadFull(open, greeting)
			require.NoError(t, err)

			end(r, reload.ID)
			_, err = io.ReadAll(open)
			require.False(t, errors.Is(err, os.ErrDeadlineExceeded), "who is there is sent away")
			require.Eventually(t, func() bool {
				_, err := talk(address, "")
				return errors.Is(err, syscall.ECONNREFUSED)
			}, patience, time.Millisecond)
			if now, err := r.ReloadByID(reload.ID); err == nil {
				require.Nil(t, now.CanaryAddress)
			}
		})
	}
}

func (r *running) tell(id string, verb record.Verb) {
	r.t.Helper()
	_, err := r.Control(id, verb, "")
	require.NoError(r.t, err)
}

// A smoke test whose connections are open when the trial ends is no loss, also where the canary keeps its ends until it is killed:
// it is a client of rota's.
func TestWhoAsksTheCanaryIsNotCountedAsLost(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2, DrainTimeout: time.Millisecond, Strategy: record.Strategy{Canary: 1}}, "holds-connections")
	r.ready(2)
	asked, err := r.Reload(record.ReloadRequest{})
	require.NoError(t, err)
	reload, err := r.WaitCanary(t.Context(), asked.ID)
	require.NoError(t, err)
	for range 4 {
		c, err := net.DialTimeout("tcp", reload.CanaryAddress[0].Address, patience)
		require.NoError(t, err)
		defer c.Close()
		_, err = io.ReadFull(c, make([]byte, 1))
		require.NoError(t, err)
	}
	r.tell(reload.ID, record.VerbAbort)
	var now record.Reload
	require.Eventually(t, func() bool {
		now, err = r.ReloadByID(reload.ID)
		return err == nil && now.State == record.ReloadAborted && now.Leaving == 0
	}, patience, time.Millisecond)
	require.Equal(t, []int{0, 0, 0}, []int{now.Drained, now.Dropped, now.ConnectionsCut})
}
