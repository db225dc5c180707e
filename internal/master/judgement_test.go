package master

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAReloadIsJudged(t *testing.T) {
	good := Reload{State: ReloadCompleted, Served: true}
	yes, no := new(true), new(false)
	for name, c := range map[string]struct {
		change   func(*Reload)
		lossless *bool
		why      string // part of the first sentence
	}{
		"nothing speaks against it": {func(*Reload) {}, yes, ""},
		"under way":                 {func(r *Reload) { r.State = ReloadLive }, nil, "has not ended"},
		"under way with a loss":     {func(r *Reload) { r.State, r.Died = ReloadLive, 1 }, nil, "has not ended"},
		"a loss":                    {func(r *Reload) { r.Died = 1 }, no, ""},
		"a loss and a doubt":        {func(r *Reload) { r.Died, r.Served = 1, false }, no, ""},
		"nobody served":             {func(r *Reload) { r.Served = false }, nil, "no worker served"},
		"failed, one still leaves":  {func(r *Reload) { r.State, r.Leaving = ReloadFailed, 1 }, nil, "1 worker that it told to leave is not gone yet"},
		"failed, all have left":     {func(r *Reload) { r.State = ReloadFailed }, yes, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			c.change(&r)
			j := r.Judge()
			require.Equal(t, c.lossless, j.Lossless)
			require.Equal(t, r.Losses(), j.Losses)
			require.Equal(t, c.lossless == nil, len(j.Unproven) > 0)
			if c.why != "" {
				require.Contains(t, j.Unproven[0], c.why)
			}
		})
	}
}
