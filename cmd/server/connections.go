package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"rota/internal/client"
	"rota/internal/view"
	"rota/internal/words"
)

// connectionsQuery says which connections to list.
type connectionsQuery struct {
	worker, state, listener, sort string // "" for any
	idleFor                       time.Duration
	limit                         int // 0: all
}

func connectionsCommand() *cobra.Command {
	var q connectionsQuery
	command := &cobra.Command{
		Use:   "connections [flags]",
		Short: "List the open connections",
		Long: `rota connections lists the connections of the workers, as the kernel sees them.

` + namesWorker,
		Example: `  rota connections --idle-for 1m
  rota connections --worker slot:0 --state half-closed
  rota connections --sort -bytes_out --limit 10`,
		Args: noArguments,
		RunE: talk(func(ctx context.Context, r *remote, _ []string) error { return r.listConnections(ctx, q) }),
	}
	flags := command.Flags()
	flags.StringVar(&q.worker, "worker", "", "only connections of this `worker`")
	flags.StringVar(&q.state, "state", "", "only connections in this `state`: active, idle or half-closed")
	flags.StringVar(&q.listener, "listener", "", "only connections accepted from the listener with this `name`")
	flags.DurationVar(&q.idleFor, "idle-for", 0, "only connections idle for at least so long; never unix sockets, whose idle time is unknown")
	flags.StringVar(&q.sort, "sort", "", "sort by this `field` of the API, such as idle_ms (-idle_ms: the longest first); at most 10,000 by a field that changes")
	flags.IntVar(&q.limit, "limit", 0, "show at most this `number`; 0 means all")
	return command
}

func (r *remote) listConnections(ctx context.Context, q connectionsQuery) error {
	query, err := r.connectionsQuery(ctx, q)
	if err != nil {
		return err
	}
	limit := q.limit
	if q.idleFor > 0 {
		limit = 0 // all are needed to find out which are idle
	}
	found, err := r.Connections(ctx, query, limit)
	if err != nil {
		return err
	}
	found.Rows = slices.DeleteFunc(found.Rows, func(row client.Answer[view.Connection]) bool { return !q.wants(row.View) })
	if q.limit > 0 && len(found.Rows) > q.limit {
		found.Rows, found.More = found.Rows[:q.limit], true
	}
	if r.asJSON {
		return r.printConnections(q, found)
	}
	words.Table(r.out, func(out io.Writer) {
		fmt.Fprintln(out, "ID\tWORKER\tLISTENER\tREMOTE\tSTATE\tIDLE\tIN\tOUT")
		for _, row := range found.Rows {
			c := row.View
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				c.ID, c.WorkerID, words.Cell(c.Listener), words.Nullable(c.Remote), c.State, words.Milliseconds(c.IdleMS), words.Number(c.BytesIn), words.Number(c.BytesOut))
		}
	})
	if found.More {
		fmt.Fprintf(r.say, "these are the first %d; there are more\n", len(found.Rows))
	}
	for _, worker := range found.Unseen {
		fmt.Fprintf(r.say, "rota: the kernel does not show the master what worker %s holds\n", worker)
	}
	return nil
}

func (r *remote) connectionsQuery(ctx context.Context, q connectionsQuery) (url.Values, error) {
	switch {
	case q.limit < 0:
		return nil, usageError{fmt.Errorf("--limit: %d is less than 0", q.limit)}
	case q.idleFor < 0:
		return nil, usageError{fmt.Errorf("--idle-for: %s is less than 0", q.idleFor)}
	}
	query := url.Values{}
	for name, value := range map[string]string{"state": q.state, "listener": q.listener, "sort": q.sort} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if q.worker != "" {
		worker, err := r.pickWorker(ctx, q.worker)
		if err != nil {
			return nil, err
		}
		query.Set("worker", worker.ID)
	}
	return query, nil
}

func (q connectionsQuery) wants(c view.Connection) bool {
	return q.idleFor == 0 || c.IdleMS != nil && time.Duration(*c.IdleMS)*time.Millisecond >= q.idleFor
}

// printConnections prints all pages as one, in the form of the API.
func (r *remote) printConnections(q connectionsQuery, found client.Connections) error {
	page := struct {
		Connections []json.RawMessage `json:"connections"`
		Next        *string           `json:"next"`
		Truncated   bool              `json:"truncated,omitempty"`
		Unseen      []string          `json:"unseen_workers,omitempty"`
	}{Connections: []json.RawMessage{}, Truncated: found.More && q.limit == 0, Unseen: found.Unseen}
	for _, row := range found.Rows {
		page.Connections = append(page.Connections, row.JSON)
	}
	return r.encode(page)
}

// encode prints a document made from parts of the API's.
func (r *remote) encode(document any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return err
	}
	return r.printJSON(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}
