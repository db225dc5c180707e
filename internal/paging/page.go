// Package paging sorts connections and cuts pages from them.
//
// A Listing says which connections a client wants (Filter), in which order, and how many after
// which (Cursor). Every order is total: where a field is equal the id decides. In an order by a
// field that never changes no connection moves between two pages, so a cursor holds all that the
// next page needs, and none is missed or repeated. In any other order there are no pages.
package paging

import (
	"slices"

	"rota/internal/listen"
)

// Listing is what a client wants to see.
type Listing struct {
	Filter
	Order Order
	Limit int
	After *Cursor // nil for the first page
}

// Filter says which connections; "" is any.
type Filter struct {
	Worker, State, Listener string
}

// Page is what one answer shows.
type Page struct {
	Rows      []*listen.Connection
	Next      *string // the cursor of the next page; nil on the last one, and in an order without pages
	Truncated bool    // there are more, but the order has no pages
}

type row struct {
	key        sortKey
	connection *listen.Connection
}

// Page cuts the page from all connections.
func (l Listing) Page(all []listen.Connection) Page {
	rows := l.sorted(all)
	var page Page
	if len(rows) > l.Limit {
		rows = rows[:l.Limit]
		if l.Order.HasPages() {
			page.Next = new(l.Order.cursorAt(rows[l.Limit-1]))
		} else {
			page.Truncated = true
		}
	}
	page.Rows = make([]*listen.Connection, 0, len(rows))
	for _, r := range rows {
		page.Rows = append(page.Rows, r.connection)
	}
	return page
}

// sorted returns the wanted rows after the cursor, in order.
func (l Listing) sorted(all []listen.Connection) []row {
	rows := make([]row, 0, len(all))
	for i := range all {
		c := &all[i]
		if !l.wants(c) {
			continue
		}
		r := row{key: l.Order.key(c), connection: c}
		if l.After == nil || l.Order.compare(r.key, c.Cookie, l.After.key(), l.After.ID) > 0 {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return l.Order.compare(a.key, a.connection.Cookie, b.key, b.connection.Cookie)
	})
	return rows
}

func (f Filter) wants(c *listen.Connection) bool {
	return (f.Worker == "" || c.WorkerID == f.Worker) &&
		(f.Listener == "" || c.Listener == f.Listener) &&
		(f.State == "" || string(c.State()) == f.State)
}

// Unseen returns those of the unseen workers that the filter lets through.
func (f Filter) Unseen(workers []string) []string {
	return slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(workers), func(id string) bool {
		return f.Worker != "" && id != f.Worker
	})))
}
