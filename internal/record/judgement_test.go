package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAReloadIsJudged(t *testing.T) {
	good := Reload{State: ReloadCompleted, Progress: Progress{Served: true}, Outcome: Outcome{Steps: []Step{{Action: "started"}}}}
	good.Measured = Measured{Probes: Probes{Sent: 38, OK: 38, New: 30, Older: 8, Before: time.Millisecond}, Proven: true}
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

		"no probe":                        {func(r *Reload) { r.Measured = Measured{} }, nil, "no probe was made"},
		"no probe, and no worker touched": {func(r *Reload) { r.State, r.Measured, r.Steps = ReloadFailed, Measured{}, nil }, yes, ""},
		"no answer":                       {func(r *Reload) { r.Measured = Measured{Probes: Probes{Sent: 38, Unanswered: 38}} }, nil, "nothing was proven: none of 38 probes was answered"},
		"no answer of a failed one":       {func(r *Reload) { r.State, r.Measured = ReloadFailed, Measured{Probes: Probes{Sent: 1, Unanswered: 1}} }, nil, "none of 1 probe was answered"},
		"old answers alone":               {func(r *Reload) { r.Probes.New, r.Probes.Older, r.Proven = 0, 38, false }, nil, "none of 38 probes was answered by the new generation"},
		"old answers of a failed one":     {func(r *Reload) { r.State, r.Probes.New, r.Probes.Older, r.Proven = ReloadFailed, 0, 38, false }, yes, ""},
		"answers of nobody knows whom":    {func(r *Reload) { r.Probes.New, r.Probes.Unknown, r.Proven = 0, 30, false }, nil, "of 30 nobody saw who answered"},
		"new answers before the end":      {func(r *Reload) { r.Proven = false }, nil, "since every slot had changed"},
		"one listener of two":             {func(r *Reload) { r.Unproven = []string{"admin"} }, nil, "of the listener admin"},
		"slow, and who knows why":         {func(r *Reload) { r.Slow = 1234 * time.Millisecond }, nil, "a probe waited for 1.2s, and nobody knows"},
		"a stall":                         {func(r *Reload) { r.Stalled, r.StalledUsually = 8312*time.Millisecond, time.Millisecond }, no, ""},
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

func TestAStallIsNamed(t *testing.T) {
	r := Reload{Outcome: Outcome{Receipt: Receipt{Measured: Measured{Stalled: 8312 * time.Millisecond, StalledUsually: 1234 * time.Microsecond}}}}
	require.Equal(t, []string{"a probe stalled for 8.3s; before the reload the slowest took 1.2ms"}, r.Losses())
}
