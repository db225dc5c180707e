package main

import (
	"context"
	"fmt"
	"time"
)

// throughput holds rota against the bare server, on connections that stay open and on new ones.
func throughput(ctx context.Context, p conditions) ([]row, error) {
	r, err := startRota(ctx, p.rota, p.workers)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	bare, bareAddr, err := startReference(ctx)
	if err != nil {
		return nil, err
	}
	defer bare.stop()

	loads := []struct {
		name string
		rate func(context.Context, string, time.Duration) (float64, error)
	}{
		{fmt.Sprintf("replies on %d open connections to bare server's", pingpongConnections), pingpongRate},
		{fmt.Sprintf("connections of %d lanes to bare server's", churnLanes), churnRate},
	}
	var rows []row
	for _, load := range loads {
		p, err := compare(ctx, p.rounds,
			func() (float64, error) { return load.rate(ctx, r.addr, p.duration) },
			func() (float64, error) { return load.rate(ctx, bareAddr, p.duration) })
		if err != nil {
			return rows, err
		}
		rows = append(rows, p.row(load.name, "/s", atLeast(0.95)))
	}
	return rows, nil
}
