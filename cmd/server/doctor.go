package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rota/internal/doctor"
	"rota/internal/plan"
	"rota/internal/printable"
	"rota/internal/probe"
	"rota/internal/settings"
)

// doctorDrainTimeout is shorter than a master's, because somebody waits for the result.
const doctorDrainTimeout = 10 * time.Second

// doctorCommand shares the flags of rota run.
func doctorCommand(shared *pflag.FlagSet) *cobra.Command {
	var ask questions
	command := &cobra.Command{
		Use:   "doctor [flags] -- command [argument]...",
		Short: "Examine whether a program can be reloaded without losing a connection",
		Long: `rota doctor runs a program as a worker several times, on a listening socket of its own, and acts as its clients.
It prints a line for each check: whether the program takes the socket, is ready only when it accepts, answers
under load, and stops without losing a connection or hanging; and what to do where it does not.

It takes the flags, the variables and the file of "rota run". Settings of the master and the number of workers
don't matter. It examines the first listener, of which only name and kind count: the doctor uses an address of
its own, so it does not disturb a running master. A program that works at no other address is examined at the
configured one, if that is free. The drain timeout is 10s unless it is set.

Exit codes: 0 nothing failed, 1 a check failed or the doctor could not go on, 2 the command line is wrong.`,
		Example: `  rota doctor -- ./server --quiet
  rota doctor --listen https=:443 --tls --host www.example.com -- caddy run
  rota doctor --listen http=:80 --path /healthz --slow-path /report -- gunicorn app:app
  rota doctor --listen unix:/run/app.sock --request 'PING\r\n' --junit doctor.xml -- ./server`,
		Args: onlyACommand,
		RunE: func(command *cobra.Command, program []string) error {
			s, err := load(command.Flags(), program)
			if err != nil {
				return usageError{err}
			}
			return examine(command, s, ask)
		},
	}
	flags := command.Flags()
	shareFlags(command, shared)
	flags.StringVar(&ask.path, "path", "", "`path` to request over HTTP (default: /)")
	flags.StringVar(&ask.slowPath, "slow-path", "", "`path` whose answer takes a while (default: the doctor leaves a request unfinished)")
	flags.StringVar(&ask.request, "request", "", `what to send instead, as `+"`text`"+` with \r, \n and \xHH, to a program that speaks no HTTP`)
	flags.StringVar(&ask.host, "host", "", "`name` of the host in requests, over HTTP and TLS (default: localhost)")
	flags.BoolVar(&ask.tls, "tls", false, "the program speaks TLS; the doctor accepts any certificate")
	flags.StringVar(&ask.junit, "junit", "", "also write the results to a `file` as JUnit XML")
	return command
}

// questions are the doctor's own flags.
type questions struct {
	path, slowPath, request, host, junit string
	tls                                  bool
}

func examine(command *cobra.Command, s settings.Settings, ask questions) error {
	options, err := doctorOptions(command.Flags(), s, ask)
	if err != nil {
		return usageError{err}
	}
	log, closeLog := openLog(doctorLogLevel(command.Flags(), s), s.LogFormat)
	defer closeLog()
	options.Log = log
	out := command.OutOrStdout()
	options.Tell = func(r doctor.Result) { fmt.Fprintln(out, printable.Text(r.String())) }

	var junit *os.File
	if ask.junit != "" {
		if junit, err = os.Create(ask.junit); err != nil { // before running anything
			return usageError{fmt.Errorf("--junit: %w", err)}
		}
		defer junit.Close()
	}
	ctx, release := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer release()
	report, err := doctor.Examine(ctx, options)
	switch {
	case errors.Is(err, doctor.ErrUsage):
		return usageError{err}
	case ctx.Err() != nil:
		return errors.New("interrupted; the program is gone")
	case err != nil:
		return err
	}
	fmt.Fprintln(out, report)
	return conclude(report, s.Command[0], junit)
}

func conclude(report doctor.Report, program string, junit io.Writer) error {
	if junit != (*os.File)(nil) {
		if err := report.WriteJUnit(junit, filepath.Base(program)); err != nil {
			return fmt.Errorf("--junit: %w", err)
		}
	}
	if failed := report.Count(doctor.Fail); failed > 0 {
		return fmt.Errorf("%s does not pass", program)
	}
	return nil
}

func doctorOptions(flags *pflag.FlagSet, s settings.Settings, ask questions) (doctor.Options, error) {
	if len(s.Command) == 0 {
		return doctor.Options{}, errors.New("which program? Name it after --, as in rota doctor -- ./server, or as the command in the settings file")
	}
	for name, path := range map[string]string{"path": ask.path, "slow-path": ask.slowPath} {
		if path != "" && !strings.HasPrefix(path, "/") {
			return doctor.Options{}, fmt.Errorf("--%s: %q does not begin with /", name, path)
		}
	}
	if ask.request != "" && (ask.path != "" || ask.slowPath != "") {
		return doctor.Options{}, errors.New("--request is for a program that does not speak HTTP, so it excludes --path and --slow-path")
	}
	if strings.ContainsFunc(ask.host, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' }) {
		return doctor.Options{}, fmt.Errorf("--host: %q is not a name such as www.example.com", ask.host)
	}
	request, err := strconv.Unquote(`"` + strings.ReplaceAll(ask.request, `"`, `\"`) + `"`)
	if err != nil {
		return doctor.Options{}, fmt.Errorf(`--request: %q has an unknown escape; write a backslash as \\`, ask.request)
	}
	spec, err := specOf(s, false)
	if err != nil {
		return doctor.Options{}, err
	}
	if spec.DrainTimeout == plan.DefaultDrainTimeout && !flags.Changed("drain-timeout") {
		spec.DrainTimeout = doctorDrainTimeout
	}
	return doctor.Options{
		Spec: spec, Probe: probe.HTTP,
		Path: ask.path, SlowPath: ask.slowPath, Request: request, Host: ask.host, TLS: ask.tls,
		MayUse: !s.ListenByDefault,
	}, nil
}

// doctorLogLevel hides what a master logs at level info, unless a level was set.
func doctorLogLevel(flags *pflag.FlagSet, s settings.Settings) string {
	if s.LogLevel == "info" && !flags.Changed("log-level") {
		return "warn"
	}
	return s.LogLevel
}
