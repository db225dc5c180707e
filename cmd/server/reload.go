package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rota/internal/client"
	"rota/internal/view"
	"rota/internal/words"
)

func reloadCommand() *cobra.Command {
	var o reloadOptions
	command := &cobra.Command{
		Use:   "reload [flags]",
		Short: "Replace every worker without losing a connection, and report the result",
		Long: `rota reload makes the running master replace its workers, follows the reload, and ends with a verdict: what was
done and measured, or why it failed and that the old generation still serves. It uses the settings of the running
master; the flags are for this reload only.

Ctrl-C ends the wait, never the reload. The request has a key, so that sending it again starts no second reload;
a deploy hook that may be retried sets its own (--idempotency-key). A connection that breaks does no harm.

` + exitCodes,
		Example: `  rota reload --revision v1.4.2 --soak 30s --check http:/healthz
  rota reload --canary 1 --canary-soak 2m --surge 25% --require=lossless
  id=$(rota reload --canary 1 --wait=canary)
  rota reload --wait=none --json
  rota reload --follow 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b`,
		Args: noArguments,
	}
	o.register(command.Flags())
	command.RunE = talk(func(ctx context.Context, r *remote, _ []string) error {
		request, err := o.request(command.Flags())
		if err != nil {
			return usageError{err}
		}
		return r.reload(ctx, o, request)
	})
	return command
}

// reloadOptions are the flags of rota reload.
type reloadOptions struct {
	ask     client.ReloadRequest
	surge   string
	canary  int
	ifMatch string

	follow  string // id of a reload that has already started
	wait    string // canary, live, completed or none
	timeout time.Duration
	require string // lossless, or ""
}

func (o *reloadOptions) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.ask.Reason, "reason", "", "`text` for the record: the reason")
	flags.StringVar(&o.ask.Revision, "revision", "", "`text` for the record and for the workers, as ROTA_REVISION: the revision that is deployed")
	flags.Duration("start-timeout", 0, "how long a new worker may take to be ready (default: the master's setting, as for all that follow)")
	flags.Duration("drain-timeout", 0, "how long an old worker may take to finish its connections")
	flags.StringVar(&o.surge, "surge", "", "`number` of slots to change at a time, or a share such as 25%")
	flags.IntVar(&o.canary, "canary", 0, "change this `number` of slots first, then pause")
	flags.Duration("canary-soak", 0, "how long that pause is; 0s means until rota promote")
	flags.Duration("pause-between", 0, "how long to pause between the batches of slots")
	flags.Duration("soak", 0, "how long the new workers stay on trial once all slots have changed; 0s means no such trial")
	flags.StringArrayVar(&o.ask.Checks, "check", nil, "`check` that the new workers must pass besides the configured ones: tcp or http:/path; may be repeated")
	flags.StringVar(&o.ask.Key, "idempotency-key", "", "`text` that identifies the request: sent again within 24h it starts no second reload (default: a new one)")
	flags.StringVar(&o.ifMatch, "if-match", "", "refuse unless this `generation` serves and no reload is under way")
	flags.StringVar(&o.wait, "wait", "completed", "return at this `stage`: canary (it is ready and has passed its checks), live (and has passed its trial), completed (the old workers are gone, too), or none (at once)")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait at most; the reload goes on after that")
	flags.StringVar(&o.require, "require", "", "exit with 4 unless the reload is `what` is required: lossless, as measured")
	flags.StringVar(&o.follow, "follow", "", "start no reload, but follow the one with this `id`, or the beginning or end of it")
}

// request checks the flags and makes a request from those that were given.
func (o *reloadOptions) request(flags *pflag.FlagSet) (client.ReloadRequest, error) {
	if err := o.check(flags); err != nil {
		return client.ReloadRequest{}, err
	}
	ask := o.ask
	for name, into := range map[string]*string{
		"start-timeout": &ask.StartTimeout, "drain-timeout": &ask.DrainTimeout, "canary-soak": &ask.CanarySoak,
		"pause-between": &ask.PauseBetween, "soak": &ask.Soak,
	} {
		if flags.Changed(name) {
			d, err := flags.GetDuration(name)
			if err != nil {
				return ask, err
			}
			*into = d.String()
		}
	}
	if flags.Changed("canary") {
		ask.Canary = &o.canary
	}
	if flags.Changed("surge") {
		ask.Surge = new(view.Surge(o.surge))
	}
	ask.NeedsCanary = o.wait == "canary"
	if ask.Key == "" {
		ask.Key = uuid.NewString()
	}
	ask.ExpectsGeneration = o.ifMatch
	return ask, nil
}

func (o *reloadOptions) check(flags *pflag.FlagSet) error {
	o.ifMatch = strings.Trim(o.ifMatch, `"`)
	_, err := strconv.ParseUint(o.ifMatch, 10, 32)
	switch {
	case !slices.Contains([]string{"canary", "live", "completed", "none"}, o.wait):
		return fmt.Errorf("--wait: %q is none of canary, live, completed and none", o.wait)
	case o.timeout <= 0:
		return fmt.Errorf("--timeout: %s is not longer than 0; --wait=none does not wait", o.timeout)
	case o.require != "" && o.require != "lossless":
		return fmt.Errorf("--require: %q is not lossless", o.require)
	case o.require != "" && o.wait != "completed":
		return errors.New("--require=lossless is only known at the end; it needs --wait=completed")
	case flags.Changed("if-match") && err != nil:
		return fmt.Errorf("--if-match: %q is not the number of a generation", o.ifMatch)
	}
	if o.follow == "" {
		return nil
	}
	for _, name := range []string{"reason", "revision", "start-timeout", "drain-timeout", "surge", "canary", "canary-soak", "pause-between",
		"soak", "check", "idempotency-key", "if-match"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s is for a new reload, and --follow starts none", name)
		}
	}
	return nil
}

// errWaitOver is the cause of a wait that timed out.
var errWaitOver = errors.New("the wait ran out")

// reload starts a reload, or follows one, and waits for its result.
func (r *remote) reload(ctx context.Context, o reloadOptions, ask client.ReloadRequest) error {
	ctx, release := untilSignal(ctx)
	defer release()
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errWaitOver)
	defer cancel()
	if o.follow != "" {
		id, err := r.pickReload(ctx, []string{o.follow})
		if err != nil {
			return unheard(err)
		}
		return r.await(ctx, id, o)
	}
	answer, err := r.Reload(ctx, ask)
	if err != nil {
		return notStarted(err, ask.Key)
	}
	if o.wait != "none" {
		return r.await(ctx, answer.View.ID, o)
	}
	fmt.Fprintf(r.say, "reload %s; follow it with: %s\n", words.ReloadState(answer.View), followWith(answer.View.ID))
	if r.asJSON {
		_ = r.printJSON(answer.JSON)
	} else {
		fmt.Fprintln(r.out, answer.View.ID)
	}
	return outcome{code: exitDone}
}

// shellWord quotes a text for a shell.
func shellWord(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("-_.:/", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func followWith(id string) string { return "rota reload --follow " + id }

// notStarted says what is known about a reload whose request was not answered.
func notStarted(err error, key string) error {
	var stopped interrupted
	again := fmt.Sprintf("rota reload --idempotency-key %s with the same flags asks again and starts no second one", shellWord(key))
	lost, unreached := errors.AsType[*client.Unreachable](err)
	switch {
	case errors.As(err, &stopped), errors.Is(err, errWaitOver):
		return unheard(fmt.Errorf("%w before the master had answered; whether it reloads is not known; %s", err, again))
	case unreached && lost.Unknown:
		return fmt.Errorf("%w; %s", err, again)
	case client.StatusOf(err) == http.StatusPreconditionFailed:
		return fmt.Errorf("not started: %w", err)
	}
	return err
}

// unheard gives an error of a wait its exit code.
func unheard(err error) error {
	var stopped interrupted
	switch {
	case errors.As(err, &stopped):
		return outcome{exitSignal + int(stopped.signal), err}
	case errors.Is(err, errWaitOver):
		return outcome{exitWaitOver, err}
	}
	return err
}
