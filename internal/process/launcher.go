package process

import (
	"context"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"rota/internal/einhorn"
	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/output"
	"rota/internal/plan"
)

// Launcher makes real processes.
type Launcher struct {
	Spawner *Spawner
	HTTP    plan.ProbeHTTP
	Acks    *einhorn.Directory // nil: no ack sockets
	Log     zerolog.Logger
}

// Launch forks a worker and starts to listen to it and, where probes are what makes it ready, to probe it.
func (l *Launcher) Launch(spec LaunchSpec) (Process, error) {
	p := &osProcess{
		worker:  spec.Worker,
		spawner: l.Spawner,
		notes:   make(chan Note),
		chunks:  make(chan output.Chunk),
		stopped: make(chan struct{}),
	}
	if err := p.begin(spec, l); err != nil {
		p.dropSockets()
		return nil, err
	}
	if p.probeSocket != nil {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-p.stopped; cancel() }()
		go p.probe(ctx, spec.Plan.Ready, l.HTTP)
	}
	go p.notify.Read(p.pid, p.notes, p.stopped)
	if p.ack != nil {
		go p.ack.read(p.pid, p.notes, p.stopped)
	}
	go p.readOutput()
	return p, nil
}

// begin opens the sockets through which the worker will speak, and then forks it.
func (p *osProcess) begin(spec LaunchSpec, l *Launcher) (err error) {
	if p.notify, err = openNotifySocket(spec.Worker); err != nil {
		return fmt.Errorf("notify socket: %w", err)
	}
	p.ack = l.openAckSocket(spec.Worker)
	if spec.Plan.Ready.Probes() {
		if p.probeSocket, err = openProbe(); err != nil {
			return err
		}
		spec.Sockets = append(slices.Clip(spec.Sockets), PassedSocket{p.probeSocket, listen.ProbeName})
	}
	return p.fork(spec)
}

// fork gives the child its stdin, stdout and stderr, the listeners, and last the program, which the launch
// step becomes.
func (p *osProcess) fork(spec LaunchSpec) error {
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
	for _, socket := range spec.Sockets {
		files = append(files, socket.FD)
	}
	fork, err := spec.fork(files, spec.variables(p.notify.Name, p.ack.path()))
	if err != nil {
		closeFiles(p.output[:])
		return err
	}
	if p.pid, p.ended, err = p.spawner.fork(fork); err != nil {
		closeFiles(p.output[:])
		return err
	}
	if seen, err := kernel.FindProcess(p.pid); err == nil {
		p.started = seen.Started
	}
	return nil
}
