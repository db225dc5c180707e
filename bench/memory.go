package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"time"
)

// memoryPerConnection asks by how much the serving processes grow for each idle connection.
func memoryPerConnection(ctx context.Context, p conditions) ([]row, error) {
	ours, err := rotaGrowth(ctx, p)
	if err != nil {
		return nil, err
	}
	theirs, err := referenceGrowth(ctx, p)
	if err != nil {
		return nil, err
	}
	var growth pairs
	growth.add(ours, theirs)
	return []row{growth.row(fmt.Sprintf("memory of one of %d idle connections to bare server's", p.idle), "bytes", atMost(0.5))}, nil
}

func rotaGrowth(ctx context.Context, p conditions) (float64, error) {
	r, err := startRota(ctx, p.rota, p.workers)
	if err != nil {
		return 0, err
	}
	defer r.stop()
	workers, err := r.readyWorkers(ctx)
	if err != nil {
		return 0, err
	}
	var pids []int
	for _, w := range workers {
		pids = append(pids, w.PID)
	}
	return growth(ctx, r.addr, pids, p.idle)
}

func referenceGrowth(ctx context.Context, p conditions) (float64, error) {
	bare, addr, err := startReference(ctx)
	if err != nil {
		return 0, err
	}
	defer bare.stop()
	return growth(ctx, addr, []int{bare.pid()}, p.idle)
}

// growth is bytes for each connection. A hundred used connections come before the first
// look, so that code and tables which any connection needs are not counted.
func growth(ctx context.Context, addr string, pids []int, connections int) (float64, error) {
	conns, err := dialMany(addr, 100)
	defer closeAll(conns)
	if err != nil {
		return 0, err
	}
	before, err := settledMemory(ctx, pids)
	if err != nil {
		return 0, err
	}
	held, err := startHolders(ctx, addr, connections)
	if err != nil {
		return 0, err
	}
	defer held.stop()
	after, err := settledMemory(ctx, pids)
	return (after - before) / float64(connections), err
}

// settledMemory waits until the processes' memory keeps still for a second, or for ten at most.
func settledMemory(ctx context.Context, pids []int) (float64, error) {
	last := math.Inf(1)
	for range 10 {
		sum, err := sumMemory(pids)
		if err != nil || math.Abs(sum-last) <= sum/1000 {
			return sum, err
		}
		last = sum
		pause(ctx, time.Second)
	}
	return last, ctx.Err()
}

// sumMemory adds the processes' proportional set sizes, in bytes: a page that
// several of them share counts once.
func sumMemory(pids []int) (sum float64, err error) {
	for _, pid := range pids {
		m, err := readMemory(pid)
		if err != nil {
			return 0, err
		}
		sum += m.pss
	}
	return sum, nil
}

// memory is from /proc/PID/smaps_rollup, in bytes.
type memory struct{ rss, pss, anonymous float64 }

func readMemory(pid int) (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		var name string
		var kilobytes float64
		if n, _ := fmt.Sscan(lines.Text(), &name, &kilobytes); n < 2 {
			continue
		}
		switch name {
		case "Rss:":
			m.rss = kilobytes * 1024
		case "Pss:":
			m.pss = kilobytes * 1024
		case "Anonymous:":
			m.anonymous = kilobytes * 1024
		}
	}
	return m, lines.Err()
}

// idleProcesses tells what rota costs while nothing happens. There is no goal for it.
func idleProcesses(ctx context.Context, p conditions) ([]row, error) {
	r, err := startRota(ctx, p.rota, p.workers)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	spawn, err := r.spawnTime(ctx)
	if err != nil {
		return nil, err
	}
	rows := []row{{Name: "one worker from spawn to ready", Measured: spawn, Unit: "ms"}}
	workers, err := r.readyWorkers(ctx)
	if err != nil {
		return rows, err
	}
	for _, who := range []struct {
		name string
		pid  int
	}{{"an idle worker", workers[0].PID}, {"the master", r.pid()}} {
		m, err := readMemory(who.pid)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row{Name: "resident memory of " + who.name, Measured: m.rss / 1024, Unit: "kB",
			Note: fmt.Sprintf("%.0f kB as its share", m.pss/1024)})
	}
	return rows, nil
}
