package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
)

// The API's shapes, as far as the tests look at them.

type status struct {
	PID        int
	Generation int
	Stopping   bool
	Pool       struct{ Size, Ready, Starting, Draining int }
	Listeners  []struct {
		Name, Network, Address string
		Backlog                int
	}
	CrashLooping []int `json:"crash_looping"`
	Missing      []string
	Waiting      []struct {
		Slot int
		Last struct{ Exit struct{ Signal string } }
	}
	Totals struct {
		WorkersDied      int `json:"workers_died"`
		ReloadsCompleted int `json:"reloads_completed"`
		ReloadsFailed    int `json:"reloads_failed"`
	}
}

type workerView struct {
	ID          string
	Slot        int
	Generation  int
	PID         int
	State       string
	Connections int
	Revision    string
	RSSBytes    int `json:"rss_bytes"`
	Readiness   struct{ By, Detail string }
	Processes   []struct{ PID int }
	Program     struct {
		Path, Directory        string
		Arguments, Environment []string
		SHA256                 string
	}
}

type reloadView struct {
	ID                   string
	State                string
	Generation           int
	Replaced, Total      int
	Assumed              []string
	Draining             int
	ConnectionsRemaining int `json:"connections_remaining"`
	ConnectionsCut       int `json:"connections_cut"`
	Trigger              string
	Callers              []any
	OnTrial              bool `json:"on_trial"`
	Paused               *struct{ Why string }
	Strategy             *struct {
		SurgeWorkers int `json:"surge_workers"`
		Soak         string
	}
	Receipt *receiptView
	Error   *struct {
		Code         string
		Message      string
		Output       []string
		Complaints   []string
		Slot         *int
		RevertFailed bool `json:"revert_failed"`
		CheckFailed  bool `json:"revert_check_failed"`
	}
	Steps []struct {
		Action string
		Slot   int
	}
}

type receiptView struct {
	Probes          struct{ Sent, OK, Refused, Reset, Unanswered int }
	ListenOverflows *int `json:"listen_overflows"`
	ListenDrops     *int `json:"listen_drops"`
	Connections     struct {
		Drained          *int // nil: a busy machine may not count in time
		Dropped, Evicted int
		Cut              *int
	}
	CutConnections []struct{ How, Remote string } `json:"cut_connections"`
	WorkersDied    int                            `json:"workers_died"`
	Checks         struct {
		Passed, Failed int
		Of, Reached    *int
		NotReached     []struct{ Slot int } `json:"not_reached"`
	}
	Lossless *bool
	Losses   []string
}

type problem struct {
	Status int
	Title  string
	Detail string
	Field  string
	Output []string
	Reload *reloadView
}

// get fills into from the answer and returns its status; 0 if there was none.
func (r *rota) get(path string, into any) int {
	r.t.Helper()
	return r.do(http.MethodGet, path, "", into)
}

func (r *rota) do(method, path, body string, into any) int {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.admin+path, strings.NewReader(body))
	require.NoError(r.t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	if into != nil {
		require.NoError(r.t, json.NewDecoder(bytes.NewReader(content)).Decode(into), "%s %s: %s", method, path, content)
	}
	return response.StatusCode
}

func (r *rota) status() (s status) {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.get("/status", &s))
	return s
}

func (r *rota) workers() []workerView {
	r.t.Helper()
	var list struct{ Workers []workerView }
	require.Equal(r.t, http.StatusOK, r.get("/workers", &list))
	return list.Workers
}

// reload asks for one and waits until it is completed.
func (r *rota) reload(body string) reloadView {
	r.t.Helper()
	var view reloadView
	require.Equal(r.t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=completed&timeout=60s", body, &view), r.log)
	require.Equal(r.t, "completed", view.State)
	return view
}

func (r *rota) newestReload() reloadView {
	r.t.Helper()
	var history struct{ Reloads []reloadView }
	require.Equal(r.t, http.StatusOK, r.get("/reloads?limit=1", &history))
	require.Len(r.t, history.Reloads, 1)
	return history.Reloads[0]
}

// connectionOf is the id of the connection that a client has open.
func (r *rota) connectionOf(client net.Conn) string {
	r.t.Helper()
	var list struct{ Connections []struct{ ID, Remote string } }
	require.Equal(r.t, http.StatusOK, r.get("/connections", &list))
	for _, c := range list.Connections {
		if c.Remote == client.LocalAddr().String() {
			return c.ID
		}
	}
	require.Fail(r.t, "the connection is not listed", client.LocalAddr())
	return ""
}
