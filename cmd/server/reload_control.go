package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"rota/internal/client"
	"rota/internal/view"
	"rota/internal/words"
)

// namesReload is the part of the help about naming a reload.
const namesReload = `RELOAD is a reload's id, or the beginning or end of one; the default is the one under way.`

func abortCommand() *cobra.Command {
	var reason string
	command := tellCommand("abort", "Take a reload back: every slot returns to the generation before",
		`rota abort takes back a reload that is queued, rolling or on trial. The same rule holds: never fewer workers are ready
than the pool's size. It returns when the master has begun; rota reload --follow waits for the end.`, tells("abort", &reason))
	command.Flags().StringVar(&reason, "reason", "", "`text` for the record: why")
	return command
}

func pauseCommand() *cobra.Command {
	return tellCommand("pause", "Hold a reload before its next slot",
		"rota pause lets the slots that are changing finish, and then holds the reload until rota resume. "+
			"If they are the last slots, the reload is not live before that.", tells("pause", new(string)))
}

func resumeCommand() *cobra.Command {
	return tellCommand("resume", "Let a paused reload go on",
		"rota resume ends a pause that rota pause began.", tells("resume", new(string)))
}

func promoteCommand() *cobra.Command {
	var skip bool
	command := tellCommand("promote", "Let a reload go on from its canary to all slots",
		`rota promote says that the canary is well, so the other slots follow. The master refuses it before the canary is
ready and has passed its checks; rota reload --follow RELOAD --wait=canary waits for that.`,
		func(ctx context.Context, r *remote, id string) (client.Answer[view.Reload], error) {
			return r.Promote(ctx, id, skip)
		})
	command.Flags().BoolVar(&skip, "skip-canary", false, "go on even if the canary is not ready yet")
	return command
}

// telling asks something of a reload and returns its new state.
type telling func(ctx context.Context, r *remote, id string) (client.Answer[view.Reload], error)

// tells sends a verb.
func tells(verb string, reason *string) telling {
	return func(ctx context.Context, r *remote, id string) (client.Answer[view.Reload], error) {
		return r.Tell(ctx, id, verb, *reason)
	}
}

// tellCommand makes a command that sends a verb to a reload.
func tellCommand(verb, short, long string, tell telling) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " [flags] [RELOAD]",
		Short:   short,
		Long:    long + "\n\n" + namesReload,
		Example: "  rota " + verb,
		Args:    between(0, 1, "it takes one reload at most"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			id, err := r.pickReload(ctx, args)
			if err != nil {
				return err
			}
			answer, err := tell(ctx, r, id)
			if err != nil {
				return err
			}
			return r.answer(answer.JSON, func(w io.Writer) { fmt.Fprintf(w, "reload %s\n", words.UnderWay(&answer.View)) })
		}),
	}
}
