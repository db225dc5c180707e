// Command bench measures rota as its users would feel it, each number as a ratio against something else
// in the same run, because absolute numbers say more about the machine than about rota.
//
// It starts everything itself, on free ports of the loopback addresses: rota, a bare Go server to hold it
// against (reference.go), and processes that keep thousands of connections open (hold.go). The load comes
// from lanes that connect, send, read the reply and close (churn.go), or from connections that stay open and
// go to and fro (pingpong.go). Where there is gcc, a C server is another reference (against_c.go). What
// trials cost is held against rota as it was before there were any, built from the git history (before.go).
// Every measurement returns rows; table.go prints and judges them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"rota/internal/launch"
)

// conditions is how much to measure, and on what.
type conditions struct {
	rota     string        // path of the binary
	before   string        // path of one from before there were trials; "": it is built
	workers  int           // size of the pool
	rounds   int           // pairs of measurements whose median counts
	duration time.Duration // of one throughput measurement
	reloads  int           // in a row, under churn
	turns    int           // pairs of rotations whose median counts
	many     int           // reloads in a row that the master has to bear
	idle     int           // idle connections, for memory and listing
}

type measurement struct {
	name string
	run  func(context.Context, conditions) ([]row, error)
}

var measurements = []measurement{
	{"reload-churn", churnAcrossReloads},
	{"throughput", throughput},
	{"against-c", againstC},
	{"reload-time", reloadTime},
	{"trial-cost", trialCost},
	{"memory", memoryPerConnection},
	{"listing", listing},
	{"idle", idleProcesses},
	{"endurance", endurance},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == launch.Verb { // the first moment of a worker of inside.go
		fmt.Fprintln(os.Stderr, "bench:", launch.Main(os.Args))
		os.Exit(launch.FailedExit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch also plays the parts of the processes that bench starts from its own binary.
func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "reference":
			return reference(os.Stdin, os.Stdout)
		case "hold":
			return hold(args[1:], os.Stdin, os.Stdout)
		case "inside":
			return inside(args[1:], os.Stdout)
		}
	}
	return bench(ctx, args)
}

func bench(ctx context.Context, args []string) error {
	var p conditions
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&p.rota, "rota", "bin/rota", "the `binary` to measure")
	flags.StringVar(&p.before, "before", "", "the `binary` to hold the cost of trials against; built from the git history if not given")
	flags.IntVar(&p.workers, "workers", runtime.NumCPU(), "workers in the pool")
	flags.IntVar(&p.rounds, "rounds", 7, "rounds of each comparison; the median counts")
	flags.DurationVar(&p.duration, "duration", time.Second, "of one throughput measurement")
	flags.IntVar(&p.reloads, "reloads", 20, "reloads in a row under churn")
	flags.IntVar(&p.turns, "turns", 100, "rounds of each comparison of rotations; the median counts")
	flags.IntVar(&p.many, "many", 1000, "reloads in a row that the master has to bear, at least 10")
	flags.IntVar(&p.idle, "idle", 10_000, "idle connections for memory and listing, at most 10000")
	only := flags.String("run", "", "measure only what matches this `regexp`")
	file := flags.String("json", "", "also write the rows to this `file`")
	strict := flags.Bool("strict", true, "end non-zero when a goal is missed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}

	rows, failure := measure(ctx, p, pattern)
	return errors.Join(failure, report(os.Stdout, *file, rows, *strict))
}

// measure goes on after a measurement that failed, so that one run tells as much as it can.
func measure(ctx context.Context, p conditions, only *regexp.Regexp) (rows []row, failure error) {
	for _, m := range measurements {
		if !only.MatchString(m.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", m.name)
		more, err := m.run(ctx, p)
		rows = append(rows, more...)
		if ctx.Err() != nil {
			return rows, errors.Join(failure, errors.New("interrupted"))
		}
		if err != nil {
			failure = errors.Join(failure, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	return rows, failure
}

// report prints the table, writes the file, and complains of missed goals if strict.
func report(out io.Writer, file string, rows []row, strict bool) error {
	printTable(out, rows)
	if file != "" {
		if err := writeJSON(file, rows); err != nil {
			return err
		}
	}
	if missed := countMissed(rows); missed > 0 && strict {
		return fmt.Errorf("%d of the goals missed", missed)
	}
	return nil
}
