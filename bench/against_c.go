package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// evenAccepts is after how many connections a built-in worker goes to the end of the kernel's waiting line,
// and so how the C server shares as evenly as it does.
const evenAccepts = 16

// againstC holds the built-in worker against C servers of as many processes.
func againstC(ctx context.Context, p conditions) ([]row, error) {
	binary, cleanUp, err := buildC(ctx)
	if errors.Is(err, errNoCompiler) {
		fmt.Fprintln(os.Stderr, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer cleanUp()
	var rows []row
	for _, workers := range []int{64, 2} {
		more, err := churnAgainstC(ctx, p, binary, workers)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	more, err := repliesAgainstC(ctx, p, binary, 2)
	return append(rows, more...), err
}

// churnAgainstC asks what a connection costs, and whether every worker gets its share.
func churnAgainstC(ctx context.Context, p conditions, binary string, workers int) ([]row, error) {
	var group serverGroup
	defer group.stop()
	r := group.startRota(ctx, p.rota, workers)
	even := group.startC(ctx, binary, workers, evenAccepts)
	again := group.startC(ctx, binary, workers, evenAccepts)
	greedy := group.startC(ctx, binary, workers, 0)
	if group.failure != nil {
		return nil, group.failure
	}
	var sides []func() (cost, error)
	for _, s := range group.servers {
		sides = append(sides, func() (cost, error) { return churnCost(ctx, s, p.duration) })
	}
	seen, err := takeTurns(ctx, p.rounds, sides...)
	if err != nil {
		return nil, err
	}
	against := func(ours, theirs int, of func(cost) float64) *pairs {
		var p pairs
		for round := range seen[ours] {
			p.add(of(seen[ours][round]), of(seen[theirs][round]))
		}
		return &p
	}
	name := fmt.Sprintf("a churned connection, %d workers: ", workers)
	rows := []row{
		against(r, even, cost.processorTime).row(name+"processor time to even C server's", "µs", atMost(1.3)),
		against(again, even, cost.processorTime).row("  the even C server to itself", "µs", nil),
		against(r, greedy, cost.processorTime).row("  to that of C whose first processes do most", "µs", nil),
		against(r, even, cost.contextSwitches).row("  context switches to even C server's", "", nil),
		against(r, even, cost.connections).row("  connections to even C server's", "/s", nil),
	}
	rows[1].control(0.1, &rows[0])
	shares, err := group.shares()
	return append(rows, shares), err
}

// repliesAgainstC asks how many replies two workers give on connections that stay open.
func repliesAgainstC(ctx context.Context, p conditions, binary string, workers int) ([]row, error) {
	var group serverGroup
	defer group.stop()
	group.startRota(ctx, p.rota, workers)
	group.startC(ctx, binary, workers, evenAccepts)
	group.startC(ctx, binary, workers, evenAccepts)
	if group.failure != nil {
		return nil, group.failure
	}
	var sides []func() (float64, error)
	for _, s := range group.servers {
		sides = append(sides, func() (float64, error) { return pingpongRate(ctx, s.addr, p.duration) })
	}
	seen, err := takeTurns(ctx, p.rounds, sides...)
	if err != nil {
		return nil, err
	}
	ours, itself := pairs{ours: seen[0], theirs: seen[1]}, pairs{ours: seen[2], theirs: seen[1]}
	rows := []row{
		ours.row(fmt.Sprintf("replies of %d workers on %d open connections to C server's", workers, pingpongConnections), "/s", atLeast(0.95)),
		itself.row("  the C server to itself", "/s", nil),
	}
	rows[1].control(0.05, &rows[0])
	return rows, nil
}

// serverGroup is a rota and some C servers, which are measured in turn.
type serverGroup struct {
	servers []server
	rota    *rota
	printed dump
	failure error // the first
}

// startRota returns the number of the server.
func (g *serverGroup) startRota(ctx context.Context, binary string, workers int) int {
	if g.failure == nil {
		g.printed.kept.Store(true)
		g.rota, g.failure = startRotaPrinting(ctx, &g.printed, binary, workers, "--log-level", "info", "--log-format", "json")
	}
	if g.failure != nil {
		return 0
	}
	s := server{addr: g.rota.addr, stop: g.rota.stop}
	var ready []worker
	ready, g.failure = g.rota.readyWorkers(ctx)
	for _, w := range ready {
		s.pids = append(s.pids, w.PID)
	}
	return g.add(s)
}

// startC returns the number of the server.
func (g *serverGroup) startC(ctx context.Context, binary string, workers, accepts int) int {
	if g.failure != nil {
		return 0
	}
	s, err := startC(ctx, binary, workers, accepts)
	if err != nil {
		g.failure = err
		return 0
	}
	return g.add(s)
}

func (g *serverGroup) add(s server) int {
	g.servers = append(g.servers, s)
	return len(g.servers) - 1
}

func (g *serverGroup) stop() {
	for _, s := range g.servers {
		s.stop()
	}
	g.servers = nil
}

// shares ends the servers: a worker that drains tells how many connections it has had.
func (g *serverGroup) shares() (row, error) {
	workers := len(g.servers[0].pids)
	g.stop()
	var counts []float64
	for line := range strings.Lines(g.printed.text.String()) {
		var entry struct {
			Message     string  `json:"message"`
			Connections float64 `json:"connections"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == "drained" {
			counts = append(counts, entry.Connections)
		}
	}
	if len(counts) != workers {
		return row{}, fmt.Errorf("%d of %d workers told how many connections they had", len(counts), workers)
	}
	most, mean := slices.Max(counts), 0.0
	for _, n := range counts {
		mean += n / float64(workers)
	}
	return row{
		Name: "  connections of the busiest worker to the mean", Goal: atMost(1.3),
		Measured: most, Reference: mean, Ratio: most / mean,
		Note: fmt.Sprintf("the idlest had %.0f", slices.Min(counts)),
	}, nil
}
