package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rota/internal/client"
	"rota/internal/printable"
	"rota/internal/words"
)

// watchEvery is how often rota status --watch asks.
const watchEvery = time.Second

func statusCommand() *cobra.Command {
	var watches bool
	command := &cobra.Command{
		Use:   "status [flags]",
		Short: "Show the master, its listeners, its workers and the reload under way",
		Long: `rota status shows the running master: its pool, its listeners with their queues, the reload under way, and every
worker. The exit code is 0 when at least one worker is ready, 1 when none is, and 3 when it cannot reach the
master.

With --json it prints what GET /status answers; with --watch as well, one such line a second.`,
		Example: `  rota status
  rota status --watch
  rota status --json | jq .pool`,
		Args: noArguments,
		RunE: talk(func(ctx context.Context, r *remote, _ []string) error {
			if watches {
				return r.watchStatus(ctx)
			}
			ready, err := r.printStatus(ctx, r.out)
			if err == nil && ready == 0 {
				err = outcome{exitFailed, errNoneReady}
			}
			return err
		}),
	}
	command.Flags().BoolVarP(&watches, "watch", "w", false, "show it again every second, until Ctrl-C")
	return command
}

// errNoneReady makes the status of a running master a failure.
var errNoneReady = errors.New("no worker is ready")

// printStatus prints the status once and returns how many workers are ready.
func (r *remote) printStatus(ctx context.Context, out io.Writer) (ready int, err error) {
	status, err := r.Status(ctx)
	if err != nil {
		return 0, err
	}
	ready = status.View.Pool.Ready
	if r.asJSON {
		_, err := fmt.Fprintf(out, "%s\n", printable.JSON(status.JSON))
		return ready, err
	}
	workers, err := r.Workers(ctx)
	if err != nil {
		return ready, err
	}
	_, err = io.WriteString(out, words.Status(status.View, workers.View.Workers))
	return ready, err
}

// watchStatus redraws on a terminal and appends elsewhere. A master that was there before may come back, as
// in a restart.
func (r *remote) watchStatus(ctx context.Context) error {
	redraws := onTerminal(r.out) && os.Getenv("NO_COLOR") == "" && !r.asJSON
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for seen := false; ; {
		var page bytes.Buffer
		_, err := r.printStatus(ctx, &page)
		gone := errors.As(err, new(*client.Unreachable))
		if err != nil && (!gone || !seen) {
			return err
		}
		if gone {
			fmt.Fprintln(r.say, "rota:", err)
		}
		seen = seen || !gone
		if redraws && !gone {
			fmt.Fprint(r.out, "\x1b[H\x1b[2J")
		}
		if !redraws && !r.asJSON && !gone {
			fmt.Fprintln(&page)
		}
		if _, err := page.WriteTo(r.out); err != nil {
			return err
		}
		<-tick.C
	}
}
