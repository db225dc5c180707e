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
	"rota/internal/master"
	"rota/internal/printable"
	"rota/internal/probe"
	"rota/internal/settings"
)

// doctorDrainTimeout is shorter than that of a master, where nobody waits for the result.
const doctorDrainTimeout = 10 * time.Second

// doctorCommand shares the flags of rota run.
func doctorCommand(shared *pflag.FlagSet) *cobra.Command {
	var ask questions
	command := &cobra.Command{
		Use:   "doctor [flags] -- command [argument]...",
		Short: "Examine whether a program can be reloaded without losing a connection",
		Long: `rota doctor runs a program as a worker, several times, on a listening socket of its own, and plays its
clients: it says, a line each, whether the program takes the socket, says ready only when it accepts,
answers under load, and stops without losing or holding up anybody; and what to do where it does not.

It takes the flags, the variables and the file of "rota run", of which those of the master and the number of
workers don't matter. Of the listeners only name and kind count, and the first one is examined: it gets an address of
its own, so that a running master is left alone. Only a program that works at no other address is examined at the one
that is set, if nobody has that. Unless another drain timeout is set, it is 10s.

Exit codes: 0 nothing failed, 1 a check failed, or the doctor could not go on, 2 the command line is wrong.`,
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
	flags.StringVar(&ask.path, "path", "", "`path` to ask for over HTTP, / where none is given")
	flags.StringVar(&ask.slowPath, "slow-path", "", "`path` that takes a while to be answered; otherwise a request is left unfinished")
	flags.StringVar(&ask.request, "request", "", `what to send instead, as `+"`text`"+` with \r, \n and \xHH, to a program that speaks no HTTP`)
	flags.StringVar(&ask.host, "host", "", "`name` that the program is asked for, over HTTP and TLS; localhost where none is given")
	flags.BoolVar(&ask.tls, "tls", false, "it speaks TLS; its certificate may be anybody's")
	flags.StringVar(&ask.junit, "junit", "", "write the results to a `file` as JUnit XML too")
	return command
}

// questions are what the doctor has flags of its own for.
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
		if junit, err = os.Create(ask.junit); err != nil { // before anything is run in vain
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
		return doctor.Options{}, errors.New("which program? it stands behind --, as in rota doctor -- ./server, or is the command of the settings file")
	}
	for name, path := range map[string]string{"path": ask.path, "slow-path": ask.slowPath} {
		if path != "" && !strings.HasPrefix(path, "/") {
			return doctor.Options{}, fmt.Errorf("--%s: %q does not begin with /", name, path)
		}
	}
	if ask.request != "" && (ask.path != "" || ask.slowPath != "") {
		return doctor.Options{}, errors.New("--request is for a program that speaks no HTTP, so there is no --path and no --slow-path with it")
	}
	if strings.ContainsFunc(ask.host, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' }) {
		return doctor.Options{}, fmt.Errorf("--host: %q is not a name such as www.example.com", ask.host)
	}
	request, err := strconv.Unquote(`"` + strings.ReplaceAll(ask.request, `"`, `\"`) + `"`)
	if err != nil {
		return doctor.Options{}, fmt.Errorf(`--request: %q has an escape that is none; a backslash is written \\`, ask.request)
	}
	spec, err := specOf(s, false)
	if err != nil {
		return doctor.Options{}, err
	}
	if spec.DrainTimeout == master.DefaultDrainTimeout && !flags.Changed("drain-timeout") {
		spec.DrainTimeout = doctorDrainTimeout
	}
	return doctor.Options{
		Spec: spec, Probe: probe.HTTP,
		Path: ask.path, SlowPath: ask.slowPath, Request: request, Host: ask.host, TLS: ask.tls,
		MayUse: !s.ListenByDefault,
	}, nil
}

// doctorLogLevel leaves out what a master has to say, unless somebody wants to know.
func doctorLogLevel(flags *pflag.FlagSet, s settings.Settings) string {
	if s.LogLevel == "info" && !flags.Changed("log-level") {
		return "warn"
	}
	return s.LogLevel
}
