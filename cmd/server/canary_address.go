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
		Short: "Print the address at which only the canary of a reload answers",
		Long: `rota canary-address prints a loopback address whose connections go only to the workers of the canary, for a
smoke test. Each stream listener has one, also a unix socket; the command prints the first, or that of
--listener. The addresses are open to every user of the machine while the canary is ready and neither promoted
nor taken back.

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
	command.Flags().StringVar(&listener, "listener", "", "print the address for the listener with this `name` (default: the first)")
	return command
}

// canaryAddress is the address for the listener; "" means the first one.
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

// noCanaryAddress says why there is no address, and what to do.
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
