package client

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
)

// The most that the API puts on one page.
const (
	mostReloads     = 200
	mostConnections = 10_000
)

// unread is an answer of which only the JSON is used: its rows are decoded one by one.
type unread struct{}

func (*unread) UnmarshalJSON([]byte) error { return nil }

// page returns the rows of a listing as JSON.
func page[T any](ctx context.Context, c *Client, path string, query url.Values) (rows T, err error) {
	answer, err := get[unread](ctx, c, path, query)
	if err == nil {
		if err = readAsIs(answer.JSON, &rows); err != nil {
			err = c.foreign(request{method: http.MethodGet, path: path}, err)
		}
	}
	return rows, err
}

// collect turns the pages until there are limit rows, or no more; limit 0: all. more reports whether it left out rows.
func collect[T any](c *Client, path string, limit int, turn func(size int, cursor string) ([]json.RawMessage, *string, error)) (rows []Answer[T], more bool, err error) {
	if limit <= 0 {
		limit = math.MaxInt
	}
	for cursor := ""; ; {
		list, next, err := turn(limit-len(rows), cursor)
		if err != nil {
			return nil, false, err
		}
		for _, raw := range list {
			row := Answer[T]{JSON: raw}
			if err := read(raw, &row.View); err != nil {
				return nil, false, c.foreign(request{method: http.MethodGet, path: path}, err)
			}
			rows = append(rows, row)
		}
		if next == nil || len(rows) >= limit {
			return rows, next != nil, nil
		}
		cursor = *next
	}
}
