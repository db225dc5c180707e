package main

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// median is the middle value, or the mean of the middle two; NaN for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// pairs are measurements taken in turn, so that whatever slows the machine meets both sides.
type pairs struct{ ours, theirs []float64 }

func (p *pairs) add(ours, theirs float64) {
	p.ours = append(p.ours, ours)
	p.theirs = append(p.theirs, theirs)
}

// ratios are ours by theirs, round by round.
func (p *pairs) ratios() []float64 {
	ratios := make([]float64, len(p.ours))
	for i := range ratios {
		ratios[i] = p.ours[i] / p.theirs[i]
	}
	return ratios
}

func (p *pairs) row(name, unit string, goal *goal) row {
	ratios := p.ratios()
	return row{
		Name: name, Unit: unit, Goal: goal,
		Measured: median(p.ours), Reference: median(p.theirs), Ratio: median(ratios), Ratios: ratios,
	}
}

// takeTurns measures all sides in each round, every time beginning with another one. A first round does not
// count.
func takeTurns[T any](ctx context.Context, rounds int, sides ...func() (T, error)) ([][]T, error) {
	seen := make([][]T, len(sides))
	for round := range rounds + 1 {
		for i := range sides {
			side := (round + i) % len(sides)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			value, err := sides[side]()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				seen[side] = append(seen[side], value)
			}
		}
	}
	return seen, nil
}

// compare measures ours and theirs in turn.
func compare(ctx context.Context, rounds int, ours, theirs func() (float64, error)) (*pairs, error) {
	seen, err := takeTurns(ctx, rounds, ours, theirs)
	if err != nil {
		return nil, err
	}
	return &pairs{ours: seen[0], theirs: seen[1]}, nil
}

const windowLength = 100 * time.Millisecond

// windows counts what happens in each 100 ms since it began.
type windows struct {
	began  time.Time
	counts [6000]atomic.Int64 // ten minutes, more than any measurement may take
}

func newWindows() *windows { return &windows{began: time.Now()} }

// now is the number of the window that is open.
func (w *windows) now() int {
	return min(int(time.Since(w.began)/windowLength), len(w.counts)-1)
}

func (w *windows) hit() { w.counts[w.now()].Add(1) }

// between are the counts of the windows from, …, to-1.
func (w *windows) between(from, to int) []float64 {
	counts := make([]float64, 0, max(0, to-from))
	for i := from; i < to; i++ {
		counts = append(counts, float64(w.counts[i].Load()))
	}
	return counts
}
