package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"rota/internal/client"
	"rota/internal/view"
	"rota/internal/words"
)

// mostHistory is the default number of reloads in a list.
const mostHistory = 20

func historyCommand() *cobra.Command {
	var limit int
	command := &cobra.Command{
		Use:   "history [flags] [RELOAD]",
		Short: "List the latest reloads, or show one with its steps",
		Long: `rota history lists the reloads that the master remembers, newest first. With a RELOAD it shows that one: what was
measured, what it waits for, and every step.

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
	words.Table(r.out, func(out io.Writer) {
		fmt.Fprintln(out, "ID\tSTATE\tGENERATION\tREQUESTED\tTOOK\tSLOTS\tCUT\tLOSSLESS\tREVISION\tREASON")
		for _, row := range rows {
			v := row.View
			fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%d/%d\t%s\t%s\t%s\t%s\n",
				v.ID, words.ReloadState(v), v.Generation, day(v.RequestedAt.Time), words.Took(v), v.Replaced, v.Total,
				words.Number(v.ConnectionsCut), lossless(v), words.Nullable(v.Revision), words.Nullable(v.Reason))
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

func writeReload(w io.Writer, v view.Reload) {
	fmt.Fprintln(w, words.Verdict(v))
	for _, waits := range v.WaitingFor {
		fmt.Fprintf(w, "worker %s in slot %d waits for %s\n", waits.WorkerID, waits.Slot, words.Holding(waits.Holding))
	}
	if v.Receipt != nil {
		for _, c := range v.Receipt.CutConnections {
			fmt.Fprintf(w, "%s: connection of %s to %s, %s\n", c.How, words.Nullable(c.Remote), words.Cell(c.Listener), describeIdle(c))
		}
	}
	fmt.Fprintln(w)
	words.Table(w, func(out io.Writer) {
		fmt.Fprintln(out, "TIME\tSLOT\tACTION\tTOOK\tWHAT")
		for _, s := range v.Steps {
			fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\n", words.Clock(s.Time.Time), s.Slot, s.Action, words.Milliseconds(s.TookMS), words.Cell(s.Message)+stepStopped(s))
		}
	})
}

func describeIdle(c view.CutConnection) string {
	if c.IdleMS == nil {
		return c.State
	}
	return fmt.Sprintf("%s, quiet for %s", c.State, words.Milliseconds(c.IdleMS))
}

// stepStopped says when a draining worker was seen to stop accepting.
func stepStopped(s view.Step) string {
	if s.StoppedAcceptingAt.IsZero() {
		return ""
	}
	return "; it accepted no more after " + words.Short(s.StoppedAcceptingAt.Sub(s.Time.Time))
}

func lossless(r view.Reload) string {
	if r.Receipt == nil || r.Receipt.Lossless == nil {
		return words.Unknown
	}
	if *r.Receipt.Lossless {
		return "yes"
	}
	return "no"
}

// day is the local date and time.
func day(t time.Time) string {
	if t.IsZero() {
		return words.Unknown
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
