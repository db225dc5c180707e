package master

import (
	"context"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"rota/internal/einhorn"
	"rota/internal/kernel"
)

// launcher makes real processes.
type launcher struct {
	spawner *spawner
	http    ProbeHTTP
	acks    *einhorn.Directory // nil: no ack sockets
	log     zerolog.Logger
}

// launch forks a worker and starts to listen to it and, where probes are what makes it ready, to probe it.
func (l *launcher) launch(spec launchSpec) (process, error) {
	p := &osProcess{
		worker:  spec.worker,
		spawner: l.spawner,
		noted:   make(chan note),
		printed: make(chan chunk),
		stopped: make(chan struct{}),
	}
	if err := p.begin(spec, l); err != nil {
		p.dropSockets()
		return nil, err
	}
	if p.private != nil {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-p.stopped; cancel() }()
		go p.probe(ctx, spec.plan.Ready, l.http)
	}
	go p.notify.read(p.number, p.noted, p.stopped)
	if p.ack != nil {
		go p.ack.read(p.number, p.noted, p.stopped)
	}
	go p.readOutput()
	return p, nil
}

// begin opens the sockets through which the worker will speak, and then forks it.
func (p *osProcess) begin(spec launchSpec, l *launcher) (err error) {
	if p.notify, err = openNotifySocket(spec.worker); err != nil {
		return fmt.Errorf("notify socket: %w", err)
	}
	p.ack = l.openAckSocket(spec.worker)
	if spec.plan.Ready.probes() {
		if p.private, err = openProbe(); err != nil {
			return err
		}
		spec.sockets = append(slices.Clip(spec.sockets), inherited{p.private, probeName})
	}
	return p.fork(spec)
}

// fork gives the child its stdin, stdout and stderr, the listeners, and last the program, which the launch
// step becomes.
func (p *osProcess) fork(spec launchSpec) error {
	streams, err := p.openStreams()
	defer closeFiles(streams)
	if err != nil {
		closeFiles(p.output[:])
		return err
	}
	var files []int
	for _, f := range streams {
		files = append(files, int(f.Fd()))
	}
	for _, socket := range spec.sockets {
		files = append(files, socket.fd)
	}
	fork, err := spec.fork(files, spec.contract(p.notify.name, p.ack.path()))
	if err != nil {
		closeFiles(p.output[:])
		return err
	}
	if p.number, p.end, err = p.spawner.fork(fork); err != nil {
		closeFiles(p.output[:])
		return err
	}
	if seen, err := kernel.FindProcess(p.number); err == nil {
		p.started = seen.Started
	}
	return nil
}
