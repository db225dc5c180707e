package client

import (
	"encoding/json"
	"fmt"
	"math"
)

// The most that the API puts on one page.
const (
	mostReloads     = 200
	mostConnections = 10_000
)

// collect turns the pages until there are limit rows, or no more; limit 0: all. more says
// that there are rows which it left out.
func collect[T any](limit int, turn func(size int, cursor string) ([]json.RawMessage, *string, error)) (rows []Answer[T], more bool, err error) {
	if limit <= 0 {
		limit = math.MaxInt
	}
	for cursor := ""; ; {
		page, next, err := turn(limit-len(rows), cursor)
		if err != nil {
			return nil, false, err
		}
		for _, raw := range page {
			row := Answer[T]{JSON: raw}
			if err := json.Unmarshal(raw, &row.View); err != nil {
				return nil, false, fmt.Errorf("a row of the listing can't be read: %w", err)
			}
			rows = append(rows, row)
		}
		if next == nil || len(rows) >= limit {
			return rows, next != nil, nil
		}
		cursor = *next
	}
}
