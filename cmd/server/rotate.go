package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"rota/internal/view"
)

func rotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rotate [flags] WORKER",
		Short:   "Replace one worker by another of the same generation",
		Long:    "rota rotate starts a replacement for one worker. The worker drains when the replacement is ready.\n\n" + namesWorker,
		Example: "  rota rotate slot:2",
		Args:    exactly(1, "it takes the worker, as in rota rotate slot:2"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			worker, err := r.pickWorker(ctx, args[0])
			if err != nil {
				return err
			}
			answer, err := r.Rotate(ctx, worker.ID)
			if err != nil {
				return err
			}
			return r.answer(answer.JSON, func(w io.Writer) { writeRotated(w, answer.View) })
		}),
	}
}

func writeRotated(w io.Writer, rotated view.Rotated) {
	fmt.Fprintf(w, "worker %s starts in slot %d, in place of %s\n", rotated.Worker.ID, rotated.Worker.Slot, rotated.Replaces)
}
