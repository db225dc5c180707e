package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"rota/internal/record"
)

func scaleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "scale [flags] N",
		Short:   "Change how many workers there are",
		Long:    `rota scale gives the pool N slots, until rota is restarted. For good, change the workers setting.`,
		Example: "  rota scale 8",
		Args:    exactly(1, "it takes the number of workers, as in rota scale 8"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil {
				return usageError{fmt.Errorf("%q is not a number of workers", args[0])}
			}
			answer, err := r.Scale(ctx, n)
			if err != nil {
				return err
			}
			return r.answer(answer.JSON, func(w io.Writer) {
				fmt.Fprintf(w, "%s, before %d\n", record.Plural(answer.View.Workers, "worker", "workers"), answer.View.Before)
			})
		}),
	}
}
