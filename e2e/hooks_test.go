package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Deploy hooks that ask at the same instant, or again.

// atOnce lets several ask for a reload at the same instant.
func (g *stage) atOnce(n int, header ...string) []verdict {
	list := make([]verdict, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range list {
		group.Go(func() {
			<-start
			list[i] = g.post(context.Background(), "/reload?wait=completed", "", header...)
		})
	}
	close(start)
	group.Wait()
	return list
}

func statuses(list []verdict) map[int]int {
	counts := map[int]int{}
	for _, v := range list {
		counts[v.status]++
	}
	return counts
}

func TestHooksAtTheSameInstant(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	g.deploy("two", "")

	two := g.atOnce(2)
	require.Equal(t, map[int]int{http.StatusOK: 2}, statuses(two))
	generation := max(two[0].reload.Generation, two[1].reload.Generation)
	require.Equal(t, generation, g.status().Generation)

	for range 3 {
		before := g.status().Generation
		told := g.atOnce(4, "If-Match", `"`+itoa(before)+`"`)
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: 3}, statuses(told))
		require.Equal(t, before+1, g.status().Generation)
	}

	before := g.status().Generation
	told := g.atOnce(4, "Idempotency-Key", "job 7")
	require.Equal(t, map[int]int{http.StatusOK: 4}, statuses(told))
	for _, v := range told {
		require.Equal(t, told[0].reload.ID, v.reload.ID)
		require.Len(t, v.reload.Callers, 1)
	}
	require.Equal(t, before+1, g.status().Generation)
	require.Equal(t, http.StatusUnprocessableEntity,
		g.post(t.Context(), "/reload", `{"revision":"other"}`, "Idempotency-Key", "job 7").status)
	require.Equal(t, before+1, g.status().Generation)
}

func TestAHookThatIsTriedAgainHasOneReload(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "")
	g.deploy("two", "-ready-when "+g.path("gate"))
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan verdict)
	go func() { gone <- g.post(ctx, "/reload?wait=completed", "", "Idempotency-Key", "job 8", "If-Match", "1") }()
	g.eventually("reload rolls", func() bool { return g.rolling() != "" })
	id := g.rolling()
	hangUp()
	require.Zero(t, (<-gone).status)
	require.Equal(t, id, g.rolling(), "it goes on")

	again := make(chan verdict)
	go func() {
		again <- g.post(t.Context(), "/reload?wait=completed", "", "Idempotency-Key", "job 8", "If-Match", "1")
	}()
	require.Equal(t, http.StatusPreconditionFailed, g.post(t.Context(), "/reload", "", "If-Match", "1").status, "another hook")
	g.touch("gate")
	told := <-again
	require.Equal(t, http.StatusOK, told.status, told.Detail)
	require.Equal(t, id, told.reload.ID)
	late := g.post(t.Context(), "/reload?wait=completed", "", "Idempotency-Key", "job 8", "If-Match", "1")
	require.Equal(t, http.StatusOK, late.status, "also when it is long over")
	require.Equal(t, id, late.reload.ID)
	require.Equal(t, 2, g.status().Generation)

	// A broken deploy stays broken, however often its hook is tried.
	g.deploy("three", "-exit-at-once 3")
	for range 2 {
		told := g.post(t.Context(), "/reload?wait=completed", "", "Idempotency-Key", "job 9")
		require.Equal(t, http.StatusInternalServerError, told.status)
		require.Equal(t, 3, told.reload.Generation)
	}
	g.requireServed("two", 2)
}

// thinWire is a way to the admin API that breaks.
type thinWire struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
	came  int
}

func newThinWire(t *testing.T, to string) *thinWire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &thinWire{Listener: l}
	var lanes sync.WaitGroup
	lanes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			w.mu.Lock()
			w.conns, w.came = append(w.conns, c, up), w.came+1
			w.mu.Unlock()
			lanes.Go(func() { _, _ = io.Copy(up, c); up.Close() })
			lanes.Go(func() { _, _ = io.Copy(c, up); c.Close() })
		}
	})
	t.Cleanup(func() { l.Close(); w.snap(); lanes.Wait() })
	return w
}

// snap breaks every connection, and returns how many have come up to now.
func (w *thinWire) snap() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
	return w.came
}

func (w *thinWire) carried() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.came
}

func TestACommandOutlastsAWireThatBreaks(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "")
	g.deploy("two", "-ready-when "+g.path("gate"))
	wire := newThinWire(t, strings.TrimPrefix(g.admin, "http://"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, "reload", "--admin", wire.Addr().String())
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	require.NoError(t, command.Start())
	g.eventually("reload rolls", func() bool { return g.rolling() != "" })
	id := g.rolling()
	for range 3 {
		came := wire.snap()
		g.eventually("it comes again", func() bool { return wire.carried() > came })
	}
	g.touch("gate")
	_ = command.Wait()
	require.Zero(t, command.ProcessState.ExitCode(), said.String())
	require.Contains(t, said.String(), id+" is completed")
	require.Equal(t, 2, g.status().Generation)
}
