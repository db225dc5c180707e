package e2e

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A receipt is worth something only if it can say that connections were lost.

func TestAReceiptCanSayFalse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first    string
		settings []string
		during   func(*hooks, []net.Conn)
		loss     string
		judge    func(*receiptView)
	}{
		"dropped by a worker that does not drain": {first: "-die-on-term", loss: "4 connections were dropped by workers",
			judge: func(r *receiptView) {
				require.Equal(t, 4, r.Connections.Dropped)
				require.Equal(t, "dropped", r.CutConnections[0].How)
			}},
		"cut at the drain timeout": {settings: []string{"drain_timeout: 300ms"}, loss: "4 connections were cut",
			judge: func(r *receiptView) { require.Equal(t, 4, *r.Connections.Cut) }},
		"leaked by a worker": {first: "-leak", settings: []string{"drain_timeout: 300ms"},
			during: func(_ *hooks, held []net.Conn) {
				for _, c := range held { // its clients have left, and it does not mind
					_ = c.Close()
				}
			}, loss: "4 connections were cut",
			judge: func(r *receiptView) { require.Equal(t, 4, *r.Connections.Cut) }},
		"evicted": {during: func(h *hooks, _ []net.Conn) {
			for _, w := range waitingFor(h) {
				evicted := 0
				h.r.eventually("all are idle and evicted", func() bool { // a second after the last word
					var answer struct{ Evicted int }
					require.Equal(t, http.StatusOK, h.r.do(http.MethodPost, "/workers/"+w.WorkerID+"/evict?idle=0s", "", &answer))
					evicted += answer.Evicted
					return evicted == w.Connections
				})
			}
		}, loss: "4 connections were evicted", judge: func(r *receiptView) { require.Equal(t, 4, r.Connections.Evicted) }},
	} {
		t.Run(name, func(t *testing.T) {
			g := newStage(t, 2, c.first, c.settings...)
			held := g.hold("one")
			g.deploy("two", "")
			h := g.reloadTwice("--require=lossless")
			if c.during != nil {
				c.during(h, held)
			}
			told, exitCode := h.verdicts()
			require.Equal(t, http.StatusConflict, told.status)
			require.Equal(t, 4, exitCode)
			require.Contains(t, told.Detail, "the reload is completed, but it was not lossless: ")
			require.Contains(t, told.Detail, c.loss)
			require.Contains(t, h.stderr.String(), "--require=lossless is not met")
			v := h.now()
			require.Equal(t, "completed", v.State)
			requireReceipt(t, v)
			require.False(t, *v.Receipt.Lossless)
			c.judge(v.Receipt)
			remotes := []string{}
			for _, c := range held {
				remotes = append(remotes, c.LocalAddr().String())
			}
			for _, c := range v.Receipt.CutConnections {
				require.Contains(t, remotes, c.Remote)
			}
			list := g.eventsOf(h.id)
			last := list[len(list)-1]
			require.Equal(t, "reload.completed", last.Type)
			require.Equal(t, v.Receipt, last.Reload.Receipt, "the last event has the same receipt")
			g.requireServed("two", 2)
			g.requireNothingLeft()
		})
	}
}

// waitingFor is what a live reload's old workers still hold, once that is all there was.
func waitingFor(h *hooks) (list []holdingView) {
	h.r.t.Helper()
	h.until("all is seen", func(v reloadView) bool {
		var now waitingView
		h.r.get("/reloads/"+h.id, &now)
		list = now.WaitingFor
		n := 0
		for _, w := range list {
			n += w.Connections
		}
		return v.State == "live" && n == 4
	})
	return list
}

// rota is started with a socket that has the shortest queue, and its workers stand still for a moment.
func TestAFullQueueIsALoss(t *testing.T) {
	t.Parallel()
	socket, address := shortestQueue(t)
	command := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" run --admin 127.0.0.1:0 --workers 2 --canary 1 --probe-interval 0`, binary)
	command.ExtraFiles = []*os.File{socket}
	command.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=tcp")
	r := startCommand(t, command)
	h := r.reloadTwice("--require=lossless")
	h.until("canary", func(v reloadView) bool { return v.Paused != nil && v.Draining == 0 })

	workers := r.workers()
	for _, w := range workers {
		require.NoError(t, syscall.Kill(w.PID, syscall.SIGSTOP))
	}
	var clients sync.WaitGroup
	served := make([]error, 4)
	for i := range served { // who is turned away tries again
		clients.Go(func() { served[i] = once("tcp", address) })
	}
	h.until("somebody is turned away", func(v reloadView) bool { return *v.Receipt.ListenOverflows > 0 && len(v.Receipt.Losses) > 0 })
	for _, w := range workers {
		require.NoError(t, syscall.Kill(w.PID, syscall.SIGCONT))
	}
	clients.Wait()
	require.NoError(t, errors.Join(served...))
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reloads/"+h.id+"/promote", "", nil))
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusConflict, 4}, []any{told.status, exitCode})
	require.Contains(t, told.Detail, "found the accept queue full (ListenOverflows)")
	requireReceipt(t, told.reload)
	require.False(t, *told.reload.Receipt.Lossless)
}

// shortestQueue is a listening socket in whose queue there is room for one.
func shortestQueue(t *testing.T) (socket *os.File, address string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	require.NoError(t, err)
	socket = os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { socket.Close() })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 0))
	name, err := unix.Getsockname(fd)
	require.NoError(t, err)
	return socket, "127.0.0.1:" + itoa(name.(*unix.SockaddrInet4).Port)
}

// What a failed reload has taken back still drains when its verdict is known, so whether somebody is cut is not.
func TestAFailedReloadDoesNotBoastOfWhatMayStillBeLost(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "", "pause_between: 1h", "drain_timeout: 2s")
	g.deploy("two", "-only-slot 1 -exit-at-once 3")
	h := g.reloadTwice()
	h.until("one slot has changed", func(v reloadView) bool { return v.Replaced == 1 && v.Paused != nil })
	held := g.holdOne("two")
	require.Equal(t, http.StatusAccepted, g.post(t.Context(), "/reloads/"+h.id+"/abort", "").status)
	_, exitCode := h.verdicts()
	require.Equal(t, 5, exitCode)
	require.Nil(t, h.now().Receipt.Lossless, "it has a worker that drains")
	list := g.eventsOf(h.id)
	require.Nil(t, list[len(list)-1].Reload.Receipt.Lossless)
	h.until("cut", func(v reloadView) bool { return v.Receipt.Lossless != nil })
	require.False(t, *h.now().Receipt.Lossless)
	require.Equal(t, 1, h.now().ConnectionsCut)
	requireReceipt(t, h.now())
	held.Close()
}

func TestAReloadThatLosesNothingSaysSo(t *testing.T) {
	t.Parallel()
	for _, faults := range []string{"", "-chatter", "-child"} {
		t.Run("worker"+faults, func(t *testing.T) {
			g := newStage(t, 2, faults)
			load := g.serveClients("one")
			g.deploy("two", faults)
			h := g.reloadTwice("--require=lossless")
			h.until("live", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
			load.allLeave("one")
			told, exitCode := h.verdicts()
			requireLossless(t, told.reload)
			require.Equal(t, []any{http.StatusOK, 0}, []any{told.status, exitCode})
			require.Positive(t, told.reload.Receipt.Probes.OK)
			g.requireServed("two", 2)
			g.deploy("three", "")
			g.reload("")
			g.requireNothingLeft()
		})
	}
}

func TestTheOldestOfTooManyGenerationsIsCut(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "", "max_draining: 1", "drain_timeout: 1h")
	names := []string{"one", "two", "three", "four"}
	var held [][]net.Conn
	var ids []string
	for i, name := range names[:3] {
		held = append(held, g.hold(name))
		g.deploy(names[i+1], "")
		v := g.post(t.Context(), "/reload?wait=live", "")
		require.Equal(t, http.StatusOK, v.status, v.Detail)
		ids = append(ids, v.reload.ID)
		g.logs("version " + name + " accepts nobody any more")
	}
	for i, id := range ids[:2] {
		var p problem
		require.Equal(t, http.StatusConflict, g.get("/reloads/"+id+"?wait=completed&require=lossless", &p))
		require.Equal(t, "completed", p.Reload.State)
		require.Equal(t, 4, p.Reload.ConnectionsCut)
		requireReceipt(t, *p.Reload)
		killed := false
		for _, s := range p.Reload.Steps {
			killed = killed || s.Action == "killed"
		}
		require.True(t, killed)
		_, stderr, code := g.ask("reload", "--follow", id)
		require.Equal(t, 4, code, stderr)
		for _, c := range held[i] {
			_, err := askVersion(c)
			require.Error(t, err)
		}
	}
	g.farewell(held[2], "three")
	var last reloadView
	require.Equal(t, http.StatusOK, g.get("/reloads/"+ids[2]+"?wait=completed", &last))
	requireLossless(t, last)
	if drained := last.Receipt.Connections.Drained; drained != nil {
		require.Equal(t, 4, *drained)
	}
	g.requireNothingLeft()
}

func TestWorkersThatDieAfterTheVerdictDoNotChangeIt(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	g.deploy("two", "-exit-when "+g.path("now"))
	h := g.reloadTwice()
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusOK, 0}, []any{told.status, exitCode})
	before := h.now()
	g.deploy("three", "") // which nobody has asked for
	g.touch("now")
	g.eventually("all have died", func() bool { return g.status().Totals.WorkersDied >= 2 })
	require.Equal(t, before, h.now())
	g.remove("now")
	g.requireServed("two", 2)
	require.Equal(t, "reload.completed", g.eventsOf(h.id)[len(g.eventsOf(h.id))-1].Type)
	require.Equal(t, "application/json", told.contentType)
}
