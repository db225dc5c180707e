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

// watchEvery is how often rota status --watch looks.
const watchEvery = time.Second

func statusCommand() *cobra.Command {
	var watches bool
	command := &cobra.Command{
		Use:   "status [flags]",
		Short: "Show the master, its listeners, its workers and the reload under way",
		Long: `rota status shows how the running master is: its pool, its listeners with their queues, the reload
that is under way, and every worker. It ends with 0 when at least one worker is ready, with 1 when none is, and with 3 when the
master can't be reached.

With --json it prints what GET /status answers, and with --watch one such line a second.`,
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
	command.Flags().BoolVarP(&watches, "watch", "w", false, "show it anew every second, until Ctrl-C")
	return command
}

// errNoneReady is why the status of a running master is no success.
var errNoneReady = errors.New("no worker is ready")

// printStatus returns how many workers are ready.
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

// watchStatus draws over what it drew before, on a terminal, and appends elsewhere. A master
// that was there and is gone may be coming back, as when it is restarted.
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
