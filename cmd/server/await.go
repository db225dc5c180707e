package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"rota/internal/client"
	"rota/internal/view"
	"rota/internal/words"
)

// lastLook bounds the last question about a reload, after the wait has ended.
const lastLook = 3 * time.Second

// await follows a reload to the stage that the caller waits for. It prints the progress and then the verdict.
func (r *remote) await(ctx context.Context, id string, o reloadOptions) error {
	if o.wait == "canary" && !r.asJSON {
		fmt.Fprintln(r.out, id)
	}
	progress := newProgress(r.say, id)
	answer, err := r.Follow(ctx, id, o.enough, progress.tell)
	progress.end()
	if err != nil {
		return r.goneOn(id, answer, err)
	}
	if r.asJSON {
		_ = r.printJSON(answer.JSON) // a lost line does not change the verdict
	}
	if o.wait == "canary" {
		return r.concludeCanary(answer.View, o)
	}
	return r.conclude(answer.View, o)
}

// enough reports whether a reload has reached the stage that the caller waits for, or never will.
func (o reloadOptions) enough(v view.Reload) bool {
	switch o.wait {
	case "none":
		return true
	case "canary":
		return v.CanaryReached() || v.CanarySkipped() || v.Canaryless()
	case "live":
		return v.Live()
	}
	return false
}

// goneOn says what is known about a reload when the wait ends early.
func (r *remote) goneOn(id string, last client.Answer[view.Reload], why error) error {
	if errors.As(why, new(*client.Unreachable)) || errors.As(why, new(*client.Foreign)) {
		return fmt.Errorf("nothing more is known about reload %s (%s asks again): %w", id, followWith(id), why)
	}
	if client.StatusOf(why) == http.StatusNotFound {
		return fmt.Errorf("the master does not know reload %s: the master was restarted since, or has forgotten it; see rota status", id)
	}
	if errors.As(why, new(*client.Problem)) {
		return why
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastLook)
	defer cancel()
	if now, err := r.ReloadByID(ctx, id); err == nil {
		last = now
	}
	state := "nothing was heard about reload " + id
	if last.JSON != nil {
		state = "reload " + words.UnderWay(&last.View) + "; it goes on"
		if r.asJSON {
			_ = r.printJSON(last.JSON)
		}
	}
	return unheard(fmt.Errorf("%w: %s. Follow it with: %s", why, state, followWith(id)))
}

// conclude prints the verdict and turns it into an exit code. A success is data, a failure is a message.
func (r *remote) conclude(v view.Reload, o reloadOptions) error {
	out := r.out
	code := exitDone
	switch {
	case v.State == "failed", v.Unstable():
		code = exitFailed
	case v.State == "aborted":
		code = exitAborted
	case v.Lossy(), o.require == "lossless" && !provenLossless(v):
		code = exitLossy
	}
	if code != exitDone || r.asJSON {
		out = r.say
	}
	if _, err := fmt.Fprintln(out, words.Verdict(v)); err != nil && out == r.out {
		fmt.Fprintln(r.say, words.Verdict(v))
	}
	if code == exitLossy && o.require == "lossless" {
		fmt.Fprintln(r.say, "rota: --require=lossless is not met")
	}
	return outcome{code: code}
}

func provenLossless(v view.Reload) bool {
	return v.Receipt != nil && v.Receipt.Lossless != nil && *v.Receipt.Lossless
}
