package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// rota is a running rota and its API.
type rota struct {
	*process
	addr  string // where it says hello world
	admin string // the base of its API's URLs
	dump  *dump
}

// worker is what of GET /workers matters here.
type worker struct {
	PID       int       `json:"pid"`
	State     string    `json:"state"`
	StartedAt time.Time `json:"started_at"`
	ReadyAt   time.Time `json:"ready_at"`
}

// startRota returns when all its workers are ready. Further arguments are flags of its own.
func startRota(ctx context.Context, binary string, workers int, flags ...string) (*rota, error) {
	return startRotaPrinting(ctx, &dump{}, binary, workers, flags...)
}

func startRotaPrinting(ctx context.Context, printed *dump, binary string, workers int, flags ...string) (*rota, error) {
	addr, admin, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	args := append([]string{"run", "--listen", "tcp=" + addr, "--admin", admin,
		"--workers", strconv.Itoa(workers), "--log-level", "warn"}, flags...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // at once
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = printed
	p, err := startProcess(cmd, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	if err != nil {
		return nil, fmt.Errorf("start rota: %w", err)
	}
	r := &rota{process: p, addr: addr, admin: "http://" + admin, dump: printed}
	if err := r.awaitReady(ctx, workers); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// freeAddresses finds two ports that nobody listens on, by listening on both for a moment.
func freeAddresses() (string, string, error) {
	var addrs [2]string
	for i := range addrs {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer listener.Close()
		addrs[i] = listener.Addr().String()
	}
	return addrs[0], addrs[1], nil
}

func (r *rota) awaitReady(ctx context.Context, workers int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		ready, err := r.readyWorkers(ctx)
		if err == nil && len(ready) == workers {
			return nil
		}
		select {
		case <-retry.C:
		case <-r.exited:
			return errors.New("rota ended while it was starting")
		case <-ctx.Done():
			return fmt.Errorf("rota did not get ready: %d of %d workers are: %w", len(ready), workers, errors.Join(ctx.Err(), err))
		}
	}
}

func (r *rota) readyWorkers(ctx context.Context) ([]worker, error) {
	body, err := r.call(ctx, http.MethodGet, "/workers")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Workers []worker `json:"workers"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("GET /workers: %w", err)
	}
	var ready []worker
	for _, w := range answer.Workers {
		if w.State == "ready" {
			ready = append(ready, w)
		}
	}
	return ready, nil
}

// spawnTime is the median time of its workers from spawn to ready, in milliseconds.
func (r *rota) spawnTime(ctx context.Context) (float64, error) {
	workers, err := r.readyWorkers(ctx)
	if err == nil && len(workers) == 0 {
		err = errors.New("no worker is ready")
	}
	var times []float64
	for _, w := range workers {
		times = append(times, milliseconds(w.ReadyAt.Sub(w.StartedAt)))
	}
	return median(times), err
}

// reload replaces all workers and returns when the old ones are gone, with the milliseconds that took.
func (r *rota) reload(ctx context.Context) (float64, error) {
	began := time.Now()
	_, err := r.call(ctx, http.MethodPost, "/reload?wait=completed")
	return milliseconds(time.Since(began)), err
}

// call returns the body of an answer 200; anything else is an error.
func (r *rota) call(ctx context.Context, method, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.admin+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, body)
	}
	return body, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
