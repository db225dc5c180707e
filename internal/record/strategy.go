package record

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Strategy is how a rotation proceeds. Its zero value changes one slot after the other and ends the trial
// as soon as every slot has a new worker.
type Strategy struct {
	Surge        Surge         // how many slots change at a time
	Canary       int           // slots that change first; then the rotation waits; 0: none
	CanarySoak   time.Duration // how long it waits then; 0: until it is promoted
	PauseBetween time.Duration // between two batches
	Soak         time.Duration // how long the new workers stay on trial once the reload is live
}

// Surge is how many slots a rotation changes at a time: so many workers run more than otherwise.
// The zero value is one.
type Surge struct {
	Number  int // of slots, or else
	Percent int // of the slots, rounded up
}

// ParseSurge reads a number of slots from 1 on, or a percentage from 1% to 100%.
func ParseSurge(s string) (Surge, error) {
	digits, percent := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(digits)
	most := MaxWorkers
	if percent {
		most = 100
	}
	if err != nil || digits[0] == '+' || n < 1 || n > most {
		return Surge{}, fmt.Errorf("%q is neither a number of workers from 1 to %d nor a percentage from 1%% to 100%%", s, MaxWorkers)
	}
	if percent {
		return Surge{Percent: n}, nil
	}
	return Surge{Number: n}, nil
}

// Of is the number of slots, out of so many, that change at a time.
func (s Surge) Of(slots int) int {
	if s.Percent > 0 {
		return max(1, (slots*s.Percent+99)/100)
	}
	return max(1, min(s.Number, slots))
}

func (s Surge) String() string {
	if s.Percent > 0 {
		return strconv.Itoa(s.Percent) + "%"
	}
	return strconv.Itoa(max(s.Number, 1))
}

// StrategyRequest is what one caller wants to differ from the settings; nil: as they are.
type StrategyRequest struct {
	Surge        *Surge
	Canary       *int
	CanarySoak   *time.Duration
	PauseBetween *time.Duration
	Soak         *time.Duration
}

// Over is the strategy, changed as the request says.
func (r StrategyRequest) Over(s Strategy) Strategy {
	set(&s.Surge, r.Surge)
	set(&s.Canary, r.Canary)
	set(&s.CanarySoak, r.CanarySoak)
	set(&s.PauseBetween, r.PauseBetween)
	set(&s.Soak, r.Soak)
	return s
}

// merge is what two callers want together. Where both say something, the later counts.
func (r StrategyRequest) merge(later StrategyRequest) StrategyRequest {
	return StrategyRequest{
		Surge:        cmp.Or(later.Surge, r.Surge),
		Canary:       cmp.Or(later.Canary, r.Canary),
		CanarySoak:   cmp.Or(later.CanarySoak, r.CanarySoak),
		PauseBetween: cmp.Or(later.PauseBetween, r.PauseBetween),
		Soak:         cmp.Or(later.Soak, r.Soak),
	}
}

func set[T any](to *T, wish *T) {
	if wish != nil {
		*to = *wish
	}
}

// Fits says why the strategy can't be followed with so many slots.
func (s Strategy) Fits(slots int) error {
	if s.Canary >= slots && s.Canary > 0 {
		return CanaryTooLarge{Canary: s.Canary, Slots: slots}
	}
	return nil
}

// MaxWorkers is the largest pool size.
const MaxWorkers = 1024
