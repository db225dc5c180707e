package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
)

// holdEach is how many connections one process holds, well below the usual limit of open files.
const holdEach = 5000

// hold opens connections, has one message answered on each, says so, and keeps them open until input ends.
func hold(args []string, input io.Reader, output io.Writer) error {
	flags := flag.NewFlagSet("hold", flag.ContinueOnError)
	n := flags.Int("n", holdEach, "connections to hold")
	if err := flags.Parse(args); err != nil {
		return err
	}
	conns, err := dialMany(flags.Arg(0), *n)
	defer closeAll(conns)
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	fmt.Fprintln(output, "holding", len(conns))
	_, err = io.Copy(io.Discard, input)
	return err
}

// holders are the processes that hold connections.
type holders []*process

// startHolders returns when n connections to addr are open and have been used once.
func startHolders(ctx context.Context, addr string, n int) (holders, error) {
	var started holders
	for n > 0 {
		share := min(n, holdEach)
		p, _, err := startHelper(ctx, "hold", "-n", strconv.Itoa(share), addr)
		if err != nil {
			started.stop()
			return nil, err
		}
		started = append(started, p)
		n -= share
	}
	return started, nil
}

func (h holders) stop() {
	for _, p := range h {
		p.stop()
	}
}
