package admin

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/paging"
)

// manyConnections makes n of every kind, the same at each run.
func manyConnections(f *fakeMaster, n int) []listen.Connection {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]listen.Connection, 0, n)
	for i := range n {
		c := listen.Connection{WorkerID: f.workers[i%2].ID, Connection: kernel.Connection{
			Cookie: uint64(i+1) * 7, Inode: uint64(i), Listener: "tcp", TCPState: "ESTABLISHED",
			Remote: fmt.Sprintf("127.0.0.1:%d", 20000+random.IntN(n/2+1)), Local: "127.0.0.1:11111",
			TCP: &kernel.TCPInfo{Idle: time.Duration(random.IntN(20)) * time.Second, BytesIn: uint64(random.IntN(9)),
				BytesOut: uint64(i), RTT: time.Duration(random.IntN(5)) * time.Microsecond},
		}}
		switch i % 10 {
		case 7:
			c.TCPState = "CLOSE_WAIT"
		case 8:
			c.RecvQueue = 4
		case 9:
			c.Listener, c.Remote, c.Local, c.TCP = "unix", "", "/run/rota.sock", nil
		}
		list = append(list, c)
	}
	return list
}

func ids(view map[string]any) []string {
	var found []string
	for _, c := range view["connections"].([]any) {
		found = append(found, c.(object)["id"].(string))
	}
	return found
}

func TestConnectionShape(t *testing.T) {
	f := newFakeMaster()
	f.connections = []listen.Connection{
		{WorkerID: f.workers[0].ID, Connection: kernel.Connection{Cookie: 0xabc, Listener: "tcp", Remote: "127.0.0.1:50112",
			Local: "127.0.0.1:11111", TCPState: "ESTABLISHED", SendQueue: 3,
			TCP: &kernel.TCPInfo{Idle: 1840 * time.Millisecond, BytesIn: 4, BytesOut: 11, RTT: 38 * time.Microsecond}}},
		{WorkerID: f.workers[1].ID, Connection: kernel.Connection{Cookie: 0xabd, Listener: "unix", Local: "/run/rota.sock",
			TCPState: "ESTABLISHED"}},
	}
	view := get(t, newServer(f), "/connections").is(http.StatusOK)
	require.Nil(t, view["next"])
	rows := view["connections"].([]any)
	require.Equal(t, object{"id": "abc", "worker_id": f.workers[0].ID, "listener": "tcp", "remote": "127.0.0.1:50112",
		"local": "127.0.0.1:11111", "tcp_state": "ESTABLISHED", "state": "active", "idle_ms": 1840.0, "bytes_in": 4.0,
		"bytes_out": 11.0, "recv_queue": 0.0, "send_queue": 3.0, "rtt_us": 38.0}, rows[0])
	for _, name := range []string{"remote", "idle_ms", "bytes_in", "bytes_out", "rtt_us"} {
		require.Contains(t, rows[1], name)
		require.Nil(t, rows[1].(object)[name])
	}
}

func TestConnectionFilters(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 200)
	s := newServer(f)
	for query, wanted := range map[string]func(*listen.Connection) bool{
		"":                       func(*listen.Connection) bool { return true },
		"state=half-closed":      func(c *listen.Connection) bool { return c.TCPState == "CLOSE_WAIT" },
		"state=active":           func(c *listen.Connection) bool { return string(c.State()) == "active" },
		"listener=unix":          func(c *listen.Connection) bool { return c.TCP == nil },
		"worker=" + f.gone[0].ID: func(*listen.Connection) bool { return false },
		"state=idle&listener=tcp&worker=" + f.workers[0].ID: func(c *listen.Connection) bool {
			return string(c.State()) == "idle" && c.Listener == "tcp" && c.WorkerID == f.workers[0].ID
		},
	} {
		var want []string
		for i := range f.connections {
			if c := &f.connections[i]; wanted(c) {
				want = append(want, c.ID())
			}
		}
		require.Equal(t, want, ids(get(t, s, "/connections?limit=1000&"+query).is(http.StatusOK)), query)
	}
	of := get(t, s, "/workers/"+f.workers[1].ID+"/connections").is(http.StatusOK)
	require.Len(t, of["connections"], 100)
	get(t, s, "/workers/nobody/connections").problem(http.StatusNotFound, "")
	require.Equal(t, []any{}, get(t, s, "/workers/"+f.gone[0].ID+"/connections").is(http.StatusOK)["connections"])
}

func TestConnectionParametersAreChecked(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 20)
	s := newServer(f)
	next := get(t, s, "/connections?sort=remote&limit=3").is(http.StatusOK)["next"].(string)
	for query, field := range map[string]string{
		"state=asleep": "state", "listener=http": "listener", "worker=nobody": "worker", "sort=age": "sort", "sort=--id": "sort",
		"limit=0": "limit", "limit=10001": "limit", "limit=ten": "limit", "limit=": "limit", "limit=1&limit=2": "limit",
		"cursor=x": "cursor", "cursor=" + next: "cursor", "sort=-remote&cursor=" + next: "cursor",
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte(`{"o":"id","i":-1}`)):        "cursor",
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte(`{"o":"id","i":1,"x":1}`)):   "cursor",
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte(`{"o":"id","i":1}{"o":""}`)): "cursor",
		"wroker=1": "wroker", "sort=-idle_ms&cursor=" + next: "cursor", "sort=state&cursor=:": "cursor", "sort=state&cursor=x:-1": "cursor",
	} {
		get(t, s, "/connections?"+query).problem(http.StatusBadRequest, field)
	}
	require.Equal(t, []any{"active", "idle", "half-closed"}, get(t, s, "/connections?state=x").is(400)["allowed"])
	require.Equal(t, []any{"tcp", "unix"}, get(t, s, "/connections?listener=x").is(400)["allowed"])
	for _, query := range []string{"%zz", "a;b=1", "state=%"} {
		get(t, s, "/connections?"+query).problem(http.StatusBadRequest, "")
	}
	get(t, s, "/workers/"+f.workers[0].ID+"/connections?worker=x").problem(http.StatusBadRequest, "worker")
}

// In an order that never changes the pages together are the whole, sorted, without gaps or doubles. In
// one that does there is the first page alone.
func TestConnectionPages(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 230)
	s := newServer(f)
	for _, field := range paging.Fields() {
		for _, sign := range []string{"", "-"} {
			whole := ids(get(t, s, "/connections?limit=10000&sort="+sign+field).is(http.StatusOK))
			require.Len(t, whole, 230)
			var pieces []string
			target := "/connections?limit=23&sort=" + sign + field
			for cursor := ""; ; {
				page := get(t, s, target+cursor).is(http.StatusOK)
				pieces = append(pieces, ids(page)...)
				if page["next"] == nil {
					require.Equal(t, !slices.Contains(paging.FieldsWithPages(), field), page["truncated"] == true, field)
					break
				}
				require.NotContains(t, page, "truncated")
				cursor = "&cursor=" + url.QueryEscape(page["next"].(string))
			}
			if slices.Contains(paging.FieldsWithPages(), field) {
				require.Equal(t, whole, pieces, sign+field)
			} else {
				require.Equal(t, whole[:23], pieces, sign+field)
			}
			if sign == "-" {
				slices.Reverse(whole)
				require.Equal(t, ids(get(t, s, "/connections?limit=10000&sort="+field).is(http.StatusOK)), whole)
			}
		}
	}
}

func TestAnOrderThatMovesHasNoPages(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 20)
	s := newServer(f)
	next := get(t, s, "/connections?limit=3").is(http.StatusOK)["next"].(string)
	for _, target := range []string{"/connections", "/workers/" + f.workers[0].ID + "/connections"} {
		p := get(t, s, target+"?sort=-idle_ms&cursor="+next).problem(http.StatusBadRequest, "cursor")
		require.Contains(t, p["detail"], "sorted by idle_ms there are no pages")
		require.Contains(t, p["detail"], "sort by id, listener, local, remote, worker_id")
	}
	require.NotContains(t, get(t, s, "/connections?sort=-idle_ms&limit=20").is(http.StatusOK), "truncated", "these are all")
}

func TestConnectionOrder(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 100)
	s := newServer(f)
	last := -1.0
	for _, c := range get(t, s, "/connections?sort=idle_ms").is(http.StatusOK)["connections"].([]any) {
		if idle, known := c.(object)["idle_ms"].(float64); known {
			require.GreaterOrEqual(t, idle, last)
			last = idle
		} else {
			require.Equal(t, -1.0, last, "unknown ones come first")
		}
	}
	var before uint64
	for _, id := range ids(get(t, s, "/connections").is(http.StatusOK)) {
		cookie, err := strconv.ParseUint(id, 16, 64)
		require.NoError(t, err)
		require.Greater(t, cookie, before)
		before = cookie
	}
}

// A connection that comes or goes between two pages moves no other one.
func TestConnectionPagesByIDStandChange(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 20)
	s := newServer(f)
	first := get(t, s, "/connections?limit=10").is(http.StatusOK)
	f.connections = append(f.connections[5:15:15], f.connections[16:]...)
	rest := get(t, s, "/connections?limit=10&cursor="+first["next"].(string)).is(http.StatusOK)
	require.Equal(t, []string{"4d", "54", "5b", "62", "69", "77", "7e", "85", "8c"}, ids(rest))
}

func TestConnectionsThatTheKernelDoesNotShow(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 20)
	s := newServer(f)
	require.NotContains(t, get(t, s, "/connections").is(http.StatusOK), "unseen_workers")

	seen, unseen := f.workers[0].ID, f.workers[1].ID
	f.unseen = []string{"z", unseen}
	f.connections = slices.DeleteFunc(f.connections, func(c listen.Connection) bool { return c.WorkerID == unseen })
	for _, target := range []string{"/connections", "/connections?sort=-idle_ms&limit=3", "/connections?sort=id&limit=3"} {
		view := get(t, s, target).is(http.StatusOK)
		require.Equal(t, []any{unseen, "z"}, view["unseen_workers"])
		if view["next"] != nil {
			view = get(t, s, target+"&cursor="+view["next"].(string)).is(http.StatusOK)
			require.Equal(t, []any{unseen, "z"}, view["unseen_workers"], "on every page")
		}
	}
	for _, of := range []string{"/connections?worker=%s", "/workers/%s/connections"} {
		p := get(t, s, fmt.Sprintf(of, unseen)).problem(http.StatusServiceUnavailable, "")
		require.Contains(t, p["detail"], "does not show")
		view := get(t, s, fmt.Sprintf(of, seen)).is(http.StatusOK)
		require.Len(t, view["connections"], 10)
		require.NotContains(t, view, "unseen_workers", "nothing is missing in this one")
	}
}

func BenchmarkTenThousandConnections(b *testing.B) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 10_000)
	s := newServer(f)
	for _, query := range []string{"limit=10000", "limit=100", "limit=100&sort=-idle_ms", "limit=10000&sort=remote"} {
		b.Run(query, func(b *testing.B) {
			w := &discard{header: http.Header{}}
			r, _ := http.NewRequest(http.MethodGet, "http://"+here+"/connections?"+query, nil)
			for b.Loop() {
				s.handler.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(w.written)/float64(b.N), "bytes/answer")
		})
	}
}

type discard struct {
	header  http.Header
	written int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { d.written += len(p); return len(p), nil }
