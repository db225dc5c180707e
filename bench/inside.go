package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"github.com/rs/zerolog"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/plan"
	"rota/internal/record"
)

// insight is what can only be seen from inside of a process: the memory that is still in use after a garbage
// collection, in bytes, and the goroutines.
type insight struct{ Heap, Goroutines float64 }

// inside is a master in a process of its own. It reloads so many times and prints an insight after each tenth
// of them.
func inside(args []string, output io.Writer) error {
	binary, text := args[0], args[1]
	reloads, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	m, err := master.New(master.Options{
		Spec: plan.Spec{
			Listen:        []listen.Spec{{Network: "tcp", Address: "127.0.0.1:0"}},
			Command:       []string{binary, "worker", "--log-level", "warn"},
			Workers:       enduranceWorkers,
			ProbeInterval: probeInterval,
		},
		Log: zerolog.New(os.Stderr).Level(zerolog.WarnLevel),
	})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { m.Run(); close(ended) }()
	defer func() { m.Shutdown(); <-ended }()
	for n := range reloads {
		asked, err := m.Reload(record.ReloadRequest{})
		if err != nil {
			return err
		}
		if r, err := m.Wait(context.Background(), asked.ID, record.ReloadCompleted); err != nil || r.State != record.ReloadCompleted {
			return fmt.Errorf("reload %d: %s, %w", n+1, r.State, err)
		}
		if (n+1)%(reloads/looks) == 0 {
			if err := json.NewEncoder(output).Encode(look()); err != nil {
				return err
			}
		}
	}
	return nil
}

func look() insight {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first has found to be finalized
	runtime.ReadMemStats(&stats)
	return insight{Heap: float64(stats.HeapAlloc), Goroutines: float64(runtime.NumGoroutine())}
}

func lookInside(ctx context.Context, p conditions) (list []insight, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "inside", p.rota, strconv.Itoa(p.many))
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for answers := json.NewDecoder(output); ; {
		var one insight
		if err := answers.Decode(&one); err != nil {
			break // it ends, well or not
		}
		list = append(list, one)
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("a master in a process of its own: %w", err)
	}
	return list, nil
}
