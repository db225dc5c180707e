package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"rota/internal/lapse"
	"rota/internal/record"
)

// run has a command decide, which is told of the reload in its environment.
func (r *round) run(ctx context.Context, c record.Check) (well bool, bad *complaint) {
	if !r.Commands || r.Command == nil {
		return false, nil
	}
	ctx, cancel := lapse.WithTimeout(ctx, r.timeout)
	defer cancel()
	output, err := r.Command(ctx, c.Target, r.environment())
	output = withoutArguments(output, c.Target)
	name := fmt.Sprintf("check %d, %q,", slices.Index(r.Checks, c)+1, namedCommand(c.Target))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return false, &complaint{message: fmt.Sprintf("%s did not end in %s and was killed", name, r.timeout), output: output}
	case err != nil:
		return false, &complaint{message: fmt.Sprintf("%s failed: %s", name, err), output: output}
	}
	return true, nil
}

func (r *round) environment() []string {
	env := []string{
		"ROTA_RELOAD_ID=" + r.Reload,
		"ROTA_GENERATION=" + strconv.Itoa(r.Generation),
		"ROTA_REVISION=" + r.Revision,
	}
	if r.Canary != "" {
		env = append(env, "ROTA_CANARY_ADDRESS="+r.Canary)
	}
	if a, ok := r.first(); ok {
		env = append(env, "ROTA_LISTEN="+a.Reachable())
	}
	return env
}
