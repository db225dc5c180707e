package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"rota/internal/worker"
)

// workerVerb is the command that the master starts when no program is configured.
const workerVerb = "worker"

func workerCommand() *cobra.Command {
	var level string
	var orphanTimeout time.Duration
	command := &cobra.Command{
		Use:    workerVerb,
		Short:  "Be a built-in worker; started by the master",
		Hidden: true,
		Args:   noArguments,
		RunE: func(*cobra.Command, []string) error {
			return work(level, orphanTimeout)
		},
	}
	command.Flags().StringVar(&level, "log-level", "info", "least important level that is logged")
	command.Flags().DurationVar(&orphanTimeout, "orphan-timeout", 0, "how long it may drain when its master is dead")
	return command
}

// work serves until SIGTERM. It logs JSON to stderr, which the master copies to its own log.
func work(level string, orphanTimeout time.Duration) error {
	parsed, err := zerolog.ParseLevel(level)
	if err != nil {
		return usageError{err}
	}
	keepWorkerThreads()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	// When the master is dead, writing a log line brings SIGPIPE. The worker still has clients to serve.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)

	listeners, err := worker.Inherited()
	if err != nil {
		return err
	}
	return worker.Run(ctx, worker.Options{
		Listeners:     listeners,
		Log:           zerolog.New(os.Stderr).Level(parsed),
		OrphanTimeout: orphanTimeout,
	})
}
