package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"rota/internal/client"
)

// mostHistory is how many reloads are listed unless more are wanted.
const mostHistory = 20

func historyCommand() *cobra.Command {
	var limit int
	command := &cobra.Command{
		Use:   "history [flags] [RELOAD]",
		Short: "List the latest reloads, or show one with its steps",
		Long: `rota history lists the reloads that the master remembers, the newest first. With a RELOAD it shows that one: what
was measured, what it waits for, and every step.

RELOAD is a reload's id, or the beginning or end of one.`,
		Example: `  rota history
  rota history --limit 0 --json | jq '.reloads[] | select(.state == "failed")'`,
		Args: between(0, 1, "it takes one reload at most"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			if len(args) > 0 {
				return r.showReload(ctx, args)
			}
			if limit < 0 {
				return usageError{fmt.Errorf("--limit: %d is less than 0", limit)}
			}
			return r.listReloads(ctx, limit)
		}),
	}
	command.Flags().IntVar(&limit, "limit", mostHistory, "list at most this `number`; 0 means all")
	return command
}

func (r *remote) listReloads(ctx context.Context, limit int) error {
	rows, err := r.History(ctx, limit)
	if err != nil {
		return err
	}
	if r.asJSON {
		page := client.Reloads{Reloads: []json.RawMessage{}}
		for _, row := range rows {
			page.Reloads = append(page.Reloads, row.JSON)
		}
		return r.encode(page)
	}
	table(r.out, func(out io.Writer) {
		fmt.Fprintln(out, "ID\tSTATE\tGENERATION\tREQUESTED\tTOOK\tSLOTS\tCUT\tLOSSLESS\tREVISION\tREASON")
		for _, row := range rows {
			v := row.View
			fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%d/%d\t%s\t%s\t%s\t%s\n",
				v.ID, stateOf(v), v.Generation, day(v.RequestedAt), took(v), v.Replaced, v.Total,
				number(v.ConnectionsCut), lossless(v), cell(v.Revision), cell(v.Reason))
		}
	})
	return nil
}

func (r *remote) showReload(ctx context.Context, args []string) error {
	id, err := r.pickReload(ctx, args)
	if err != nil {
		return err
	}
	answer, err := r.ReloadByID(ctx, id)
	if err != nil {
		return err
	}
	return r.answer(answer.JSON, func(w io.Writer) { writeReload(w, answer.View) })
}

func writeReload(w io.Writer, v client.Reload) {
	fmt.Fprintln(w, verdict(v))
	for _, waits := range v.WaitingFor {
		fmt.Fprintf(w, "worker %s in slot %d waits for %s\n", waits.WorkerID, waits.Slot, describeWait(waits))
	}
	if v.Receipt != nil {
		for _, c := range v.Receipt.CutConnections {
			fmt.Fprintf(w, "%s: connection of %s to %s, %s\n", c.How, cell(c.Remote), cell(c.Listener), describeIdle(c))
		}
	}
	fmt.Fprintln(w)
	table(w, func(out io.Writer) {
		fmt.Fprintln(out, "TIME\tSLOT\tACTION\tTOOK\tWHAT")
		for _, s := range v.Steps {
			fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\n", clock(s.Time), s.Slot, s.Action, stepTook(s), cell(s.Message)+stepStopped(s))
		}
	})
}

func describeIdle(c client.CutConnection) string {
	if c.IdleMS == nil {
		return c.State
	}
	return fmt.Sprintf("%s, quiet for %s", c.State, short(time.Duration(*c.IdleMS)*time.Millisecond))
}

func stepTook(s client.Step) string {
	if s.TookMS == nil {
		return unknown
	}
	return short(time.Duration(*s.TookMS * float64(time.Millisecond)))
}

// stepStopped says of a worker that drains when it was seen to have stopped accepting.
func stepStopped(s client.Step) string {
	if s.StoppedAcceptingAt.IsZero() {
		return ""
	}
	return "; it accepted no more after " + short(s.StoppedAcceptingAt.Sub(s.Time))
}

// took is how long a reload has taken so far, or did.
func took(r client.Reload) string {
	switch {
	case r.StartedAt.IsZero():
		return unknown
	case r.FinishedAt.IsZero():
		return age(r.StartedAt)
	}
	return short(r.FinishedAt.Sub(r.StartedAt))
}

func lossless(r client.Reload) string {
	if r.Receipt == nil || r.Receipt.Lossless == nil {
		return unknown
	}
	if *r.Receipt.Lossless {
		return "yes"
	}
	return "no"
}
