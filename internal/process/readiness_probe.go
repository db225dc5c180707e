package process

import (
	"context"
	"fmt"
	"net"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/plan"
)

// A readiness probe asks the worker itself, through a listener that no other worker has.

// probeEvery is the pause between two attempts, and probeTimeout how long an attempt may take.
const (
	probeEvery   = 50 * time.Millisecond
	probeTimeout = 5 * time.Second
)

// openProbe opens a listener that only one worker will get.
func openProbe() (*listen.Socket, error) {
	s, err := listen.OpenSocket(listen.Spec{Name: listen.ProbeName, Network: "tcp", Address: "127.0.0.1:0"})
	if err != nil {
		return nil, fmt.Errorf("the listener to probe at: %w", err)
	}
	return s, nil
}

// probe tries until the worker accepts, which it tells in a note, or until the context is done.
func (p *osProcess) probe(ctx context.Context, ready plan.Readiness, http plan.ProbeHTTP) {
	pause := time.NewTicker(probeEvery)
	defer pause.Stop()
	for {
		seen, err := attempt(ctx, ready, p.probeSocket.Kernel, http)
		p.outcomes.failed(err)
		if err == nil {
			select {
			case p.notes <- Note{ProbeResult: seen}:
			case <-ctx.Done():
			}
			return
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
	}
}

// attempt returns what it saw, or why the worker is not ready yet.
func attempt(ctx context.Context, ready plan.Readiness, at kernel.Listener, http plan.ProbeHTTP) (string, error) {
	ctx, cancel := lapse.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if ready.Kind == plan.ReadyHTTP {
		return "it answered GET " + ready.Path, http(ctx, at.Address(), ready.Path, ready.Headers)
	}
	return "it accepted a connection", acceptedAt(ctx, at)
}

// acceptedAt returns nil when the worker has accepted a connection. That the connection was made proves
// nothing: the kernel makes it as soon as a socket listens. It must also leave the accept queue.
func acceptedAt(ctx context.Context, at kernel.Listener) error {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", at.Address())
	if err != nil {
		return err
	}
	defer c.Close()
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	empty := 0
	for {
		queues, err := kernel.AcceptQueues([]kernel.Listener{at})
		if err != nil {
			return err
		}
		if q, ok := queues[at.Name]; ok && q.Depth == 0 {
			empty++
		}
		if empty > 1 { // at the first look the connection may not have come to the queue yet
			return nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return errNobodyAccepts
		}
	}
}
