package master

import (
	"context"
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
	"rota/internal/pool"
	"rota/internal/reach"
)

// converse tells each client its generation, and, when the client has said all, how much that was. A file whose name is the
// second argument has the workers of later generations accept nobody.
func converse() {
	listeners, err := activation.Listeners()
	if err != nil {
		os.Exit(5)
	}
	terminated := whenTerminated()
	generation := os.Getenv("ROTA_GENERATION")
	if _, err := os.Stat(os.Args[2]); err == nil && generation != "1" {
		listeners = nil
	}
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
func canaryUp(t *testing.T, silent bool) (*running, pool.Reload) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "silent")
	path := filepath.Join(t.TempDir(), "sock")
	r := runMaster(t, plan.Spec{
		Workers: 3, Command: []string{os.Args[0], "converses", file},
		Listen:   []listen.ListenAddress{loopback, {Name: "local", Network: "unix", Address: path}, {Name: "udp", Network: "udp", Address: "127.0.0.1:0"}},
		Strategy: pool.Strategy{Canary: 1},
	}, "")
	r.ready(3)
	if silent {
		require.NoError(t, os.WriteFile(file, nil, 0o600))
	}
	asked, err := r.Reload(pool.ReloadRequest{})
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
	r, reload := canaryUp(t, false)
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
func (r *running) eventsOf(reload string) map[*pool.Event]bool {
	r.t.Helper()
	s, err := r.Subscribe(0)
	require.NoError(r.t, err)
	defer s.Cancel()
	list := map[*pool.Event]bool{}
	for _, e := range s.Backlog {
		if e.Reload != nil && e.Reload.ID == reload {
			list[&e] = true
		}
	}
	return list
}

// Many at a time, and much to say: nothing is lost or mixed up.
func TestTheCanaryIsAskedByMany(t *testing.T) {
	r, reload := canaryUp(t, false)
	long := strings.Repeat("x", 1<<20)
	var all sync.WaitGroup
	errs := make(chan error, 2*reach.MostForwarded)
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
		"promoted": func(r *running, id string) { r.tell(id, pool.VerbPromote) },
		"aborted":  func(r *running, id string) { r.tell(id, pool.VerbAbort) },
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
			r, reload := canaryUp(t, false)
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

func (r *running) tell(id string, verb pool.Verb) {
	r.t.Helper()
	_, err := r.Control(id, verb, "")
	require.NoError(r.t, err)
}

// A smoke test whose connections are open when the trial ends is no loss, also where the canary keeps its ends until it is killed:
// it is a client of rota's.
func TestWhoAsksTheCanaryIsNotCountedAsLost(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2, DrainTimeout: time.Millisecond, Strategy: pool.Strategy{Canary: 1}}, "holds-connections")
	r.ready(2)
	asked, err := r.Reload(pool.ReloadRequest{})
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
	r.tell(reload.ID, pool.VerbAbort)
	var now pool.Reload
	require.Eventually(t, func() bool {
		now, err = r.ReloadByID(reload.ID)
		return err == nil && now.State == pool.ReloadAborted && now.Leaving == 0
	}, patience, time.Millisecond)
	require.Equal(t, []int{0, 0, 0}, []int{now.Drained, now.Dropped, now.ConnectionsCut})
}

// The client is told by a reset, and the operator by the log.
func TestACanaryThatAcceptsNobody(t *testing.T) {
	r, reload := canaryUp(t, true)
	f := r.loop.newForwarder(reload.Generation)
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	f.Context = ctx // which is not over as the canary's trial, but as somebody's patience
	_, err := f.ReachCanary(listen.ListenAddress{Name: "tcp", Network: "tcp", Address: r.listening()[0].Address})
	require.ErrorContains(t, err, "no worker of the canary has accepted a connection")
}

func TestWhoCannotBeLedToTheCanaryIsReset(t *testing.T) {
	r, reload := canaryUp(t, false)
	f := r.loop.newForwarder(reload.Generation)
	defer f.Close()
	door, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	r.background.Go(func() {
		f.Serve(door, listen.ListenAddress{Name: "gone", Network: "tcp", Address: free.Addr().String()})
	})
	_, err = talk(door.Addr().String(), "")
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Contains(t, r.log.String(), "sent away")
}

// Those that are too many wait for a seat, and the log says so.
func TestThereAreSeatsForSomeClientsOfTheCanary(t *testing.T) {
	r, reload := canaryUp(t, false)
	f := r.loop.newForwarder(reload.Generation)
	f.Seats = make(chan struct{}, 1)
	defer f.Close()
	door, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	r.background.Go(func() { f.Serve(door, r.listening()[0]) })
	first, err := net.DialTimeout("tcp", door.Addr().String(), patience)
	require.NoError(t, err)
	_, err = io.ReadFull(first, make([]byte, len("generation 2\n")))
	require.NoError(t, err)
	second := make(chan string, 1)
	go func() {
		answer, err := talk(door.Addr().String(), "hello")
		second <- fmt.Sprint(answer, err)
	}()
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "the next waits until one ends") }, patience, time.Millisecond)
	require.Empty(t, second)
	require.NoError(t, first.Close())
	require.Equal(t, "generation 2\n5 bytes\n<nil>", <-second)
}
