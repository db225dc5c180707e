package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"rota/internal/view"
	"rota/internal/words"

	"github.com/spf13/cobra"
)

func canaryAddressCommand() *cobra.Command {
	var listener string
	command := &cobra.Command{
		Use:   "canary-address [flags] [RELOAD]",
		Short: "Print where the canary of a reload, and nobody else, can be asked",
		Long: `rota canary-address prints the loopback address at which rota passes connections on to workers of the canary alone, for a smoke
test. There is one for each stream listener, also for a unix socket; the first is printed, or that of --listener. They are open, to every
user of the machine, from when the canary is ready until it is promoted or taken back.

` + namesReload,
		Example: `  curl --fail "http://$(rota canary-address)/healthz"
  rota canary-address --listener admin 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b`,
		Args: between(0, 1, "it takes one reload at most"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			id, err := r.pickReload(ctx, args)
			if errors.Is(err, errNoReload) {
				return errors.New("no reload is running; rota reload --canary 1 --wait=canary starts one that has a canary")
			}
			if err != nil {
				return err
			}
			answer, err := r.ReloadByID(ctx, id)
			if err != nil {
				return err
			}
			address, err := canaryAddress(answer.View, listener)
			if err != nil {
				return err
			}
			return r.answer(answer.JSON, func(w io.Writer) { fmt.Fprintln(w, address) })
		}),
	}
	command.Flags().StringVar(&listener, "listener", "", "that of the listener with this `name` (not given: the first one's)")
	return command
}

// canaryAddress is that of the listener, or, where that is "", the first.
func canaryAddress(v view.Reload, listener string) (string, error) {
	var names []string
	for _, a := range v.CanaryAddress {
		if listener == "" || a.Listener == listener {
			return a.Address, nil
		}
		names = append(names, a.Listener)
	}
	if names == nil {
		return "", errors.New(noCanaryAddress(v))
	}
	return "", usageError{fmt.Errorf("--listener: the canary has no listener %q; it has %s", listener, strings.Join(names, ", "))}
}

// noCanaryAddress says why there is none, and what to do.
func noCanaryAddress(v view.Reload) string {
	switch {
	case v.Canaryless():
		return fmt.Sprintf("reload %s has no canary; rota reload --canary 1 --wait=canary starts one that has", v.ID)
	case v.State == "queued", v.State == "rolling" && v.PromotedAt.IsZero() && !v.CanaryReached():
		return fmt.Sprintf("the canary of reload %s is not up yet; rota reload --follow %s --wait=canary waits for it", v.ID, v.ID)
	case v.State == "rolling" && v.PromotedAt.IsZero():
		return "the canary has no address of its own: it has no listener for connections, or rota could not listen on loopback; rota's log says which"
	}
	return fmt.Sprintf("the canary of reload %s is no longer on trial; the reload is %s", v.ID, words.ReloadState(v))
}
