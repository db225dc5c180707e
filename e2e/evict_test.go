package e2e

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

type holdingView struct {
	WorkerID    string `json:"worker_id"`
	Generation  int
	Connections int
	Idle        int
	Oldest      struct{ ID, Remote string }
	Peers       []string
}

type waitingView struct {
	State      string
	WaitingFor []holdingView `json:"waiting_for"`
}

// requireEOF fails for a reset.
func requireEOF(t *testing.T, c net.Conn) {
	t.Helper()
	rest, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Empty(t, rest)
}

func TestAConnectionThatHoldsUpAReloadIsSeenAndClosed(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--drain-timeout", "1h")
	held := hold(t, "tcp", r.tcp, 2)
	var asked reloadView
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", &asked))

	var reload waitingView
	require.Equal(t, http.StatusOK, r.get("/reloads/"+asked.ID, &reload))
	require.Len(t, reload.WaitingFor, 1)
	waiting := reload.WaitingFor[0]
	require.Equal(t, 1, waiting.Generation)
	require.Equal(t, 2, waiting.Connections)
	require.ElementsMatch(t, []string{held[0].LocalAddr().String(), held[1].LocalAddr().String()}, waiting.Peers)
	var worker struct {
		WaitingFor holdingView `json:"waiting_for"`
	}
	require.Equal(t, http.StatusOK, r.get("/workers/"+waiting.WorkerID, &worker))
	require.Equal(t, 2, worker.WaitingFor.Connections)

	require.NoError(t, say(held[0]))
	require.Equal(t, http.StatusOK, r.do(http.MethodDelete, "/connections/"+waiting.Oldest.ID, "", nil))
	stays := held[0]
	if held[0].LocalAddr().String() == waiting.Oldest.Remote {
		stays = held[1]
	}
	for _, c := range held {
		if c != stays {
			requireEOF(t, c)
		}
	}
	require.NoError(t, say(stays), "the other is still answered")
	require.NoError(t, leave(stays))
	r.eventually("completed", func() bool {
		r.get("/reloads/"+asked.ID, &asked)
		return asked.State == "completed" && asked.ConnectionsCut == 0
	})
}

func TestTheConnectionsOfAHungWorkerAreEvicted(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--drain-timeout", "1h")
	held := hold(t, "tcp", r.tcp, 3)
	old := r.workers()[0]
	require.NoError(t, syscall.Kill(old.PID, syscall.SIGSTOP))
	var asked reloadView
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", &asked))

	evicted := 0
	r.eventually("all are idle and evicted", func() bool { // a second after the last word
		var answer struct{ Evicted int }
		require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/workers/"+old.ID+"/evict?idle=0s", "", &answer))
		evicted += answer.Evicted
		return evicted == len(held)
	})
	for _, c := range held {
		requireEOF(t, c)
		require.NoError(t, c.Close())
	}
	require.NoError(t, syscall.Kill(old.PID, syscall.SIGCONT))
	r.eventually("completed", func() bool {
		r.get("/reloads/"+asked.ID, &asked)
		return asked.State == "completed" && asked.ConnectionsCut == 0
	})
}
