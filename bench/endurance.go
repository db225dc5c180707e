package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

const (
	enduranceWorkers = 2
	enduranceLanes   = 4
	probeInterval    = 50 * time.Millisecond // rota's default
	looks            = 10                    // in the course of all reloads
)

// filled is after how many reloads the master's history is as long as it gets: 200 reloads, 500 workers that
// are gone, 4,096 events. Its memory grows until then, by design.
const filled = 300

// endurance asks whether a master that reloads again and again, under churn, loses connections or grows.
func endurance(ctx context.Context, p conditions) ([]row, error) {
	if p.many < looks {
		return nil, fmt.Errorf("-many: %d reloads are less than %d", p.many, looks)
	}
	early, _, before, err := endure(ctx, p, p.many/looks)
	if err != nil {
		return nil, err
	}
	late, seen, c, err := endure(ctx, p, p.many)
	if err != nil {
		return nil, err
	}
	c.failed.merge(&before.failed)
	c.done.Add(before.done.Load())
	insights, err := lookInside(ctx, p)
	if err != nil {
		return nil, err
	}
	var heap, goroutines []float64
	for _, i := range insights {
		heap, goroutines = append(heap, i.Heap/1024), append(goroutines, i.Goroutines)
	}
	var memory, descriptors, threads []float64
	for _, s := range seen {
		memory, descriptors, threads = append(memory, s.memory/1024), append(descriptors, s.descriptors), append(threads, s.threads)
	}

	from1, from3 := p.many/looks, 3*p.many/looks
	flat := atMost(1.1)
	if from3 < filled {
		flat = nil
	}
	name := fmt.Sprintf("%d reloads under churn: ", p.many)
	after := func(n int) string { return fmt.Sprintf(", most to least from the %dth on", n) }
	return []row{
		c.failed.row(name+"failed", int(c.done.Load())+c.failed.total()),
		span("  descriptors of the master"+after(from1), "", descriptors, atMost(1)),
		span("  its threads"+after(from1), "", threads, nil),
		{
			Name: fmt.Sprintf("  its goroutines after the last, to after the %dth", from1), Goal: atMost(1),
			Measured: late, Reference: early, Ratio: late / early,
		},
		span("  its anonymous memory"+after(from1), "kB", memory, nil),
		span("  its anonymous memory"+after(from3), "kB", memory[2:], flat),
		span("  its heap after a collection"+after(from1), "kB", heap, nil),
		span("  its heap after a collection"+after(from3), "kB", heap[2:], flat),
		span("  its goroutines, from inside"+after(from1), "", goroutines, atMost(1)),
	}, nil
}

// span is the ratio of the most to the least, with how it went.
func span(name, unit string, values []float64, goal *goal) row {
	most, least := slices.Max(values), slices.Min(values)
	return row{
		Name: name, Unit: unit, Goal: goal, Measured: most, Reference: least, Ratio: most / least,
		Note: fmt.Sprintf("slope %+.2f %% of the first a tenth", 100*slope(values)/values[0]), Ratios: values,
	}
}

// slope is by how much values grow from one to the next, by least squares.
func slope(values []float64) float64 {
	middle, mean := float64(len(values)-1)/2, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	var rise, run float64
	for i, v := range values {
		rise += (float64(i) - middle) * (v - mean)
		run += (float64(i) - middle) * (float64(i) - middle)
	}
	return rise / run
}

// sight is what can be seen of a process from outside, each the least within a second: what comes and goes is
// no growth.
type sight struct{ memory, descriptors, threads float64 }

// endure reloads so many times under churn. It returns the master's goroutines at the end, and how it looked
// after each tenth of the reloads.
func endure(ctx context.Context, p conditions, reloads int) (goroutines float64, seen []sight, c *churn, err error) {
	r, err := startRota(ctx, p.rota, enduranceWorkers)
	if err != nil {
		return 0, nil, nil, err
	}
	defer r.stop()
	lanes, stop := context.WithCancel(ctx)
	c = startChurn(lanes, r.addr, enduranceLanes)
	defer c.wait()
	defer stop()
	for n := 1; n <= reloads; n++ {
		if _, err := r.reload(ctx); err != nil {
			return 0, nil, c, fmt.Errorf("reload %d: %w", n, err)
		}
		if n%(max(reloads/looks, 1)) == 0 {
			s, err := watch(ctx, r.pid())
			if err != nil {
				return 0, nil, c, err
			}
			seen = append(seen, s)
		}
	}
	stop()
	c.wait()
	pause(ctx, time.Second)
	goroutines, err = r.goroutines()
	return goroutines, seen, c, errors.Join(err, ctx.Err())
}

func watch(ctx context.Context, pid int) (sight, error) {
	least := sight{math.Inf(1), math.Inf(1), math.Inf(1)}
	for range 10 {
		m, err := readMemory(pid)
		if err != nil {
			return least, err
		}
		descriptors, err1 := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		threads, err2 := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err := errors.Join(err1, err2); err != nil {
			return least, err
		}
		least = sight{
			min(least.memory, m.anonymous), min(least.descriptors, float64(len(descriptors))), min(least.threads, float64(len(threads))),
		}
		pause(ctx, 100*time.Millisecond)
	}
	return least, nil
}
