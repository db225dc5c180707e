package check

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"rota/internal/lapse"
)

// run has a command decide, which is told of the reload in its environment.
func (r *round) run(ctx context.Context, line string) (well bool, bad *complaint) {
	if !r.Commands || r.Command == nil {
		return false, nil
	}
	ctx, cancel := lapse.WithTimeout(ctx, r.timeout)
	defer cancel()
	output, err := r.Command(ctx, line, r.environment())
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return false, &complaint{message: fmt.Sprintf("%q did not end in %s and was killed", line, r.timeout), output: output}
	case err != nil:
		return false, &complaint{message: fmt.Sprintf("%q failed: %s", line, err), output: output}
	}
	return true, nil
}

func (r *round) environment() []string {
	env := []string{
		"ROTA_RELOAD_ID=" + r.Reload,
		"ROTA_GENERATION=" + strconv.Itoa(r.Generation),
		"ROTA_REVISION=" + r.Revision,
	}
	if a, ok := r.first(); ok {
		env = append(env, "ROTA_LISTEN="+a.Reachable())
	}
	return env
}
