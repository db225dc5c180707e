package main

import (
	"context"
)

// trialCost asks how much longer a rotation takes because it is measured and on trial, without soak and
// checks. It is held against rota as it was before there were trials, and a second one of that against the
// first: what differs there is noise.
func trialCost(ctx context.Context, p conditions) ([]row, error) {
	const workers = 4
	before := p.before
	if before == "" {
		built, cleanUp, err := buildBefore(ctx)
		if err != nil {
			return nil, err
		}
		defer cleanUp()
		before = built
	}
	reference, err := startRota(ctx, before, workers)
	if err != nil {
		return nil, err
	}
	defer reference.stop()

	var rows []row
	for _, side := range []struct {
		name   string
		goal   *goal
		time   func(*rota, context.Context) (float64, error)
		binary string
		flags  []string
	}{
		{"rotation of 4 workers to the same before trials", below(1.1), (*rota).reload, p.rota, nil},
		{"  without probes", nil, (*rota).reload, p.rota, []string{"--probe-interval", "0"}},
		{"  before trials to itself", nil, (*rota).reload, before, nil},
		{"  of it, one worker's start, which is on no trial", nil, (*rota).reloadAndTimeStart, p.rota, nil},
	} {
		r, err := startRota(ctx, side.binary, workers, side.flags...)
		if err != nil {
			return rows, err
		}
		times, err := compare(ctx, p.turns,
			func() (float64, error) { return side.time(r, ctx) },
			func() (float64, error) { return side.time(reference, ctx) })
		r.stop()
		if err != nil {
			return rows, err
		}
		rows = append(rows, times.row(side.name, "ms", side.goal))
	}
	rows[2].control(0.03, &rows[0])
	return rows, nil
}

// reloadAndTimeStart is the time from spawn to ready of the workers that a rotation has started.
func (r *rota) reloadAndTimeStart(ctx context.Context) (float64, error) {
	if _, err := r.reload(ctx); err != nil {
		return 0, err
	}
	return r.spawnTime(ctx)
}
