package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// listing holds GET /connections against ss, which also has to find the process of each socket.
func listing(ctx context.Context, p conditions) ([]row, error) {
	r, err := startRota(ctx, p.rota, p.workers)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	held, err := startHolders(ctx, r.addr, p.idle)
	if err != nil {
		return nil, err
	}
	defer held.stop()
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		return nil, err
	}

	ours := func() (float64, error) { return timeListing(ctx, r, p.idle) }
	name := fmt.Sprintf("GET /connections with %d to ss -tnp", p.idle)
	filtered, err := compare(ctx, p.rounds, ours, func() (float64, error) {
		return timeSS(ctx, p.idle, "-Htnp", "state", "established", "sport", "=", ":"+port)
	})
	if err != nil {
		return nil, err
	}
	plain, err := compare(ctx, p.rounds, ours, func() (float64, error) { return timeSS(ctx, p.idle, "-Htnp") })
	if err != nil {
		return nil, err
	}
	return []row{
		filtered.row(name+" of the port", "ms", below(1)),
		plain.row("  to ss -tnp of everything", "ms", nil),
	}, nil
}

// timeListing is in milliseconds, to the last byte of the answer. An incomplete answer is an error.
func timeListing(ctx context.Context, r *rota, want int) (float64, error) {
	began := time.Now()
	body, err := r.call(ctx, http.MethodGet, "/connections?limit=10000")
	took := milliseconds(time.Since(began))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Connections []struct {
			WorkerID string `json:"worker_id"`
		} `json:"connections"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("GET /connections: %w", err)
	}
	known := 0
	for _, c := range answer.Connections {
		if c.WorkerID != "" {
			known++
		}
	}
	if known < want {
		return 0, fmt.Errorf("GET /connections lists %d connections with their worker, not %d", known, want)
	}
	return took, nil
}

func timeSS(ctx context.Context, want int, args ...string) (float64, error) {
	began := time.Now()
	output, err := exec.CommandContext(ctx, "ss", args...).Output()
	took := milliseconds(time.Since(began))
	if err != nil {
		return 0, fmt.Errorf("ss, of the package iproute2: %w", err)
	}
	if lines := bytes.Count(output, []byte("users:(")); lines < want {
		return 0, fmt.Errorf("ss lists %d sockets with their process, not %d", lines, want)
	}
	return took, nil
}
