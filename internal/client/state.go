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
	"rota/internal/view"
)

// Status returns the state of the master.
func (c *Client) Status(ctx context.Context) (Answer[view.Status], error) {
	return get[view.Status](ctx, c, "/status", nil)
}

// Workers returns the workers that are not gone, by slot.
func (c *Client) Workers(ctx context.Context) (Answer[view.Workers], error) {
	return get[view.Workers](ctx, c, "/workers", nil)
}

// Worker returns one worker, also one of the latest that are gone.
func (c *Client) Worker(ctx context.Context, id string) (Answer[view.Worker], error) {
	return get[view.Worker](ctx, c, "/workers/"+id, nil)
}

// Scale changes the size of the pool.
func (c *Client) Scale(ctx context.Context, workers int) (Answer[view.Scaled], error) {
	r := request{
		method: http.MethodPut, path: "/scale",
		header: http.Header{"Content-Type": {"application/json"}},
		body:   map[string]int{"workers": workers},
	}
	answer, err := ask[view.Scaled](ctx, c, r)
	if got := answer.View.Workers; err == nil && got != workers {
		err = c.foreign(r, fmt.Errorf("it says %d workers, not %d", got, workers))
	}
	return answer, err
}

// Connections is a listing of connections.
type Connections struct {
	Rows   []Answer[view.Connection]
	Unseen []string // workers whose connections the kernel does not show
	More   bool     // there are more than the limit, or than the master sends in this order
}

type connectionsPage struct {
	Connections []json.RawMessage `json:"connections"`
	Next        *string           `json:"next"`
	Truncated   bool              `json:"truncated"`
	Unseen      []string          `json:"unseen_workers"`
}

// Connections returns the connections that match the query, at most limit; 0: all. It turns all pages. An order that
// moves has one page, of at most 10,000.
func (c *Client) Connections(ctx context.Context, query url.Values, limit int) (found Connections, err error) {
	truncated := false
	found.Rows, found.More, err = collect[view.Connection](c, "/connections", limit, func(size int, cursor string) ([]json.RawMessage, *string, error) {
		q := pageOf(min(size, mostConnections), cursor)
		maps.Copy(q, query)
		rows, err := page[connectionsPage](ctx, c, "/connections", q)
		found.Unseen, truncated = nil, rows.Truncated
		for _, worker := range rows.Unseen {
			found.Unseen = append(found.Unseen, printable.Text(worker))
		}
		return rows.Connections, rows.Next, err
	})
	found.More = found.More || truncated
	return found, err
}

// CloseConnection closes one connection.
func (c *Client) CloseConnection(ctx context.Context, id string) (Answer[view.Closed], error) {
	return ask[view.Closed](ctx, c, request{method: http.MethodDelete, path: "/connections/" + id})
}

// Evict closes the connections of a worker that have been idle for at least so long.
func (c *Client) Evict(ctx context.Context, worker string, idle time.Duration) (Answer[view.Evicted], error) {
	return ask[view.Evicted](ctx, c, request{
		method: http.MethodPost, path: "/workers/" + worker + "/evict", query: url.Values{"idle": {idle.String()}},
	})
}

// Rotate replaces one worker by another of the same generation.
func (c *Client) Rotate(ctx context.Context, worker string) (Answer[view.Rotated], error) {
	return ask[view.Rotated](ctx, c, request{method: http.MethodPost, path: "/workers/" + worker + "/rotate"})
}
