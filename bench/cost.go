package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cost is what a server spends on one connection of the churn.
type cost struct {
	cpu      float64 // processor time of all its processes, in µs
	switches float64 // context switches
	rate     float64 // connections per second
}

// churnCost lets the churn run for so long.
func churnCost(ctx context.Context, s server, duration time.Duration) (cost, error) {
	before, err := spentBy(s.pids)
	if err != nil {
		return cost{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	c := startChurn(ctx, s.addr, churnLanes)
	c.wait()
	took := time.Since(c.windows.began)
	if c.failed.total() > 0 {
		return cost{}, fmt.Errorf("churn on %s: %s", s.addr, c.failed.String())
	}
	after, err := spentBy(s.pids)
	connections := float64(c.done.Load())
	return cost{
		cpu:      (after.cpu - before.cpu) / connections,
		switches: (after.switches - before.switches) / connections,
		rate:     connections / took.Seconds(),
	}, err
}

func (c cost) processorTime() float64   { return c.cpu }
func (c cost) contextSwitches() float64 { return c.switches }
func (c cost) connections() float64     { return c.rate }

// spentBy is what the processes have spent since they began: cpu and switches.
func spentBy(pids []int) (sum cost, err error) {
	for _, pid := range pids {
		cpu, err := cpuTime(pid)
		if err != nil {
			return sum, err
		}
		switches, err := contextSwitches(pid)
		if err != nil {
			return sum, err
		}
		sum.cpu += cpu
		sum.switches += switches
	}
	return sum, nil
}

// cpuTime is user and system time of all threads, in µs. /proc tells it only in steps of 10 ms; the clock of
// another process is named by its pid (see clock_getcpuclockid(3)).
func cpuTime(pid int) (float64, error) {
	const cpuClockSched = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuClockSched), &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return float64(t.Nano()) / 1000, nil
}

// contextSwitches are those of all its threads, wanted or not.
func contextSwitches(pid int) (sum float64, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return 0, err
	}
	for _, name := range threads {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		lines := bufio.NewScanner(strings.NewReader(string(text)))
		for lines.Scan() {
			key, value, _ := strings.Cut(lines.Text(), ":")
			if strings.HasSuffix(key, "voluntary_ctxt_switches") {
				n, err := strconv.Atoi(strings.TrimSpace(value))
				if err != nil {
					return 0, fmt.Errorf("%s: %w", name, err)
				}
				sum += float64(n)
			}
		}
	}
	return sum, nil
}
