package client

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"rota/internal/printable"
)

// Status is how the master is.
type Status struct {
	PID           int       `json:"pid"`
	Version       string    `json:"version"`
	UptimeSeconds float64   `json:"uptime_seconds"`
	Generation    int       `json:"generation"`
	Pool          Pool      `json:"pool"`
	Stopping      bool      `json:"stopping"`
	Ready         bool      `json:"ready"`
	CrashLooping  []int     `json:"crash_looping"`
	Waiting       []Waiting `json:"waiting"`
	Missing       []string  `json:"missing"`
	Listeners     []struct {
		Name       string `json:"name"`
		Network    string `json:"network"`
		Address    string `json:"address"`
		QueueDepth *int   `json:"queue_depth"` // nil where there is none
		Backlog    *int   `json:"backlog"`
	} `json:"listeners"`
	Totals struct {
		WorkersDied int  `json:"workers_died"`
		Connections *int `json:"connections"`
	} `json:"totals"`
	Reload *Reload `json:"reload"` // that rotates or drains; nil for none
}

// Pool is how many workers there are.
type Pool struct {
	Size     int `json:"size"`
	Ready    int `json:"ready"`
	Starting int `json:"starting"`
	Draining int `json:"draining"`
}

// Waiting is a slot without a worker.
type Waiting struct {
	Slot      int       `json:"slot"`
	Deaths    int       `json:"deaths"`      // in a row
	NextTryAt time.Time `json:"next_try_at"` // zero: an older master does not say
	Last      Worker    `json:"last"`
}

// Readiness is what a worker was taken to be ready by.
type Readiness struct {
	By     string `json:"by"` // seen, said, lived or assumed
	Detail string `json:"detail"`
}

// Assumed reports whether the worker was not seen to be ready, and should have been.
func (r *Readiness) Assumed() bool { return r != nil && r.By == "assumed" }

// Worker is a worker as the API shows it.
type Worker struct {
	ID          string      `json:"id"`
	Slot        int         `json:"slot"`
	Generation  int         `json:"generation"`
	Revision    string      `json:"revision"`
	PID         int         `json:"pid"` // 0 until it was forked
	State       string      `json:"state"`
	Status      string      `json:"status"`
	StartedAt   time.Time   `json:"started_at"`
	DrainingAt  time.Time   `json:"draining_at"`
	ExitedAt    time.Time   `json:"exited_at"`
	Restarts    int         `json:"restarts"`
	Predecessor string      `json:"predecessor"` // that died before it in its slot; "" for none
	Connections *int        `json:"connections"` // nil: unknown
	RSSBytes    *uint64     `json:"rss_bytes"`
	CPUSeconds  *float64    `json:"cpu_seconds"`
	WaitingFor  *WaitingFor `json:"waiting_for"` // of one that drains
	Readiness   *Readiness  `json:"readiness"`   // nil until it was ready
	Exit        *struct {
		Code   *int     `json:"code"`
		Signal string   `json:"signal"`
		Error  string   `json:"error"`
		Output []string `json:"output"` // its last lines
	} `json:"exit"`
}

// Workers are those that are not gone.
type Workers struct {
	Generation int      `json:"generation"`
	Workers    []Worker `json:"workers"`
}

// Status asks how the master is.
func (c *Client) Status(ctx context.Context) (Answer[Status], error) {
	return get[Status](ctx, c, "/status", nil)
}

// Workers are those that are not gone, by slot.
func (c *Client) Workers(ctx context.Context) (Answer[Workers], error) {
	return get[Workers](ctx, c, "/workers", nil)
}

// Worker is one, also of the latest that are gone.
func (c *Client) Worker(ctx context.Context, id string) (Answer[Worker], error) {
	return get[Worker](ctx, c, "/workers/"+id, nil)
}

// Scaled is the size of the pool, and what it was.
type Scaled struct {
	Workers int `json:"workers"`
	Before  int `json:"before"`
}

// Scale gives the pool another size.
func (c *Client) Scale(ctx context.Context, workers int) (Answer[Scaled], error) {
	r := request{
		method: http.MethodPut, path: "/scale",
		header: http.Header{"Content-Type": {"application/json"}},
		body:   map[string]int{"workers": workers},
	}
	answer, err := ask[Scaled](ctx, c, r)
	if got := answer.View.Workers; err == nil && got != workers {
		err = c.foreign(r, fmt.Errorf("it says %d workers instead of %d", got, workers))
	}
	return answer, err
}

// Connection is one that a worker holds.
type Connection struct {
	ID       string  `json:"id"`
	WorkerID string  `json:"worker_id"`
	Listener string  `json:"listener"`
	Remote   string  `json:"remote"` // "" for a unix peer without a name
	State    string  `json:"state"`
	IdleMS   *int64  `json:"idle_ms"` // nil: unknown
	BytesIn  *uint64 `json:"bytes_in"`
	BytesOut *uint64 `json:"bytes_out"`
}

// Connections is what was found of them.
type Connections struct {
	Rows   []Answer[Connection]
	Unseen []string // workers whose connections the kernel does not show
	More   bool     // there are more than were asked for
}

type connectionsPage struct {
	Connections []json.RawMessage `json:"connections"`
	Next        *string           `json:"next"`
	Unseen      []string          `json:"unseen_workers"`
}

// Connections are those that the query asks for, at most limit; 0: all. All pages are turned.
func (c *Client) Connections(ctx context.Context, query url.Values, limit int) (found Connections, err error) {
	found.Rows, found.More, err = collect[Connection](c, "/connections", limit, func(size int, cursor string) ([]json.RawMessage, *string, error) {
		q := pageOf(min(size, mostConnections), cursor)
		maps.Copy(q, query)
		rows, err := page[connectionsPage](ctx, c, "/connections", q)
		found.Unseen = nil
		for _, worker := range rows.Unseen {
			found.Unseen = append(found.Unseen, printable.Text(worker))
		}
		return rows.Connections, rows.Next, err
	})
	return found, err
}

// Closed is a connection that was closed, and how.
type Closed struct {
	Connection Connection `json:"connection"`
	How        string     `json:"how"` // shutdown or destroyed
}

// CloseConnection closes one.
func (c *Client) CloseConnection(ctx context.Context, id string) (Answer[Closed], error) {
	return ask[Closed](ctx, c, request{method: http.MethodDelete, path: "/connections/" + id})
}

// Evicted is what came of an eviction.
type Evicted struct {
	Evicted     int          `json:"evicted"`
	Connections []Connection `json:"connections"` // at most 100 of them
	Failed      []struct {
		ID    string `json:"id"`
		Error string `json:"error"`
	} `json:"failed"`
}

// Evict closes those connections of a worker that are idle for at least so long.
func (c *Client) Evict(ctx context.Context, worker string, idle time.Duration) (Answer[Evicted], error) {
	return ask[Evicted](ctx, c, request{
		method: http.MethodPost, path: "/workers/" + worker + "/evict", query: url.Values{"idle": {idle.String()}},
	})
}

// Rotated is a worker that replaces another.
type Rotated struct {
	Worker   Worker `json:"worker"`
	Replaces string `json:"replaces"` // its id
}

// Rotate replaces one worker by another of the same generation.
func (c *Client) Rotate(ctx context.Context, worker string) (Answer[Rotated], error) {
	return ask[Rotated](ctx, c, request{method: http.MethodPost, path: "/workers/" + worker + "/rotate"})
}
