package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// calm is how long the churn runs before the reloads; shown to tell what the machine does by itself.
const calm = 2 * time.Second

// churnAcrossReloads asks whether clients notice reloads: does a connection fail, does the flow falter?
func churnAcrossReloads(ctx context.Context, p conditions) ([]row, error) {
	r, err := startRota(ctx, p.rota, p.workers)
	if err != nil {
		return nil, err
	}
	defer r.stop()

	const rounds = 3 // the worst of all windows is a noisy thing
	var worst, calmWorst, pace pairs
	var failed failures
	connections := 0
	for range rounds {
		during, before, c, err := reloadRound(ctx, r, p.reloads)
		if err != nil {
			return nil, err
		}
		worst.add(slices.Min(during), median(during))
		calmWorst.add(slices.Min(before), median(before))
		pace.add(median(during), median(before))
		failed.merge(&c.failed)
		connections += int(c.done.Load()) + c.failed.total()
	}
	name := fmt.Sprintf("churn across %d reloads", p.reloads)
	steady := atLeast(0.7)
	flow := worst.row(name+": worst window to median (median round)", "/100 ms", steady)
	control := calmWorst.row("  the same without reloads", "/100 ms", nil)
	if !steady.meets(control.Ratio) {
		flow.Unjudged = true
		control.Note = "the machine is too noisy now to judge by the row above"
	}
	return []row{
		failed.row(name+": failed", connections),
		flow,
		control,
		pace.row("  median window with reloads to without", "/100 ms", nil),
	}, nil
}

// reloadRound returns the windows during the reloads, and those before them.
func reloadRound(ctx context.Context, r *rota, reloads int) (during, before []float64, c *churn, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	lanes, stop := context.WithCancel(ctx)
	c = startChurn(lanes, r.addr, churnLanes)
	defer c.wait()
	defer stop()

	pause(ctx, calm)
	from := c.windows.now()
	for range reloads {
		if _, err = r.reload(ctx); err != nil {
			return nil, nil, nil, err
		}
	}
	to := c.windows.now() + 1 // at least one window, however quick
	pause(ctx, 2*windowLength)
	stop()
	c.wait()
	// The first windows have the lanes' start in them.
	return c.windows.between(from, to), c.windows.between(2, from), c, ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// reloadTime asks what a reload costs beyond starting the workers, when nobody has to be waited for.
func reloadTime(ctx context.Context, p conditions) ([]row, error) {
	const workers = 4
	r, err := startRota(ctx, p.rota, workers)
	if err != nil {
		return nil, err
	}
	defer r.stop()

	var times pairs
	for range p.rounds + 3 {
		took, err := r.reload(ctx)
		if err != nil {
			return nil, err
		}
		spawn, err := r.spawnTime(ctx)
		if err != nil {
			return nil, err
		}
		times.add(took, spawn)
	}
	return []row{times.row("reload of 4 workers to one worker's start", "ms", below(6))}, nil
}
