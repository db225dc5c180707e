package main

import (
	"errors"
	"fmt"

	"rota/internal/view"
	"rota/internal/words"
)

// concludeCanary says how the wait for a canary ended. The reload's id is already on standard output.
func (r *remote) concludeCanary(v view.Reload, o reloadOptions) error {
	switch {
	case v.State == "failed", v.State == "aborted", v.Unstable():
		return r.conclude(v, o)
	case v.Canaryless():
		return outcome{exitUsage, fmt.Errorf("reload %s has no canary to wait for; it is %s", v.ID, words.ReloadState(v))}
	case v.CanarySkipped():
		return outcome{exitFailed, errors.New("somebody had reload " + v.ID + " go on without waiting for its canary; it is " + words.ReloadState(v))}
	}
	fmt.Fprintln(r.say, words.Verdict(v))
	if len(v.CanaryAddress) > 0 {
		fmt.Fprintf(r.say, "only the canary answers at %s\n", v.CanaryAddress[0].Address)
	}
	return outcome{code: exitDone}
}
