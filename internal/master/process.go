package master

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"rota/internal/einhorn"
	"rota/internal/kernel"
)

// process is a worker's process as its minder sees it: the one seam between the master's decisions and the operating
// system.
type process interface {
	pid() int
	root() kernel.Root // how to find its family
	signal(sig syscall.Signal, group bool)
	spare()                   // lets its process group outlive it
	notes() <-chan note       // what it says; never closed
	lines() <-chan chunk      // what it prints, unbuffered; closed when both streams have ended
	ended() <-chan exitStatus // one value, buffered
	unready() string          // why the latest probe did not find it ready, as the end of a sentence; "" for no reason

	// arrived returns a function that reports whether something that has happened up to now is still on its way to one
	// of these channels. What a channel holds has arrived.
	arrived() (pending func() bool)
	close() // after it has ended: stops listening to it
}

// exitStatus is how a process ended.
type exitStatus struct {
	code   int    // -1 if a signal ended it
	signal string // "" if it exited
}

// osProcess is a real process.
type osProcess struct {
	worker   string
	number   int
	started  uint64 // as kernel.Process says; 0 if it ended too soon to be seen
	spawner  *spawner
	notify   *notifySocket
	ack      *ackSocket // nil for none
	noted    chan note
	printed  chan chunk
	end      <-chan exitStatus
	stopped  chan struct{}
	output   [2]*os.File
	inlets   [2]*inlet // of the output
	private  *socket   // that it alone gets, for probes; nil for none
	outcomes outcomes
}

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

// fork gives the child its stdin, stdout and stderr, the listeners, and last the program, which the launch step becomes.
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

// openStreams opens the child's stdin, stdout and stderr, and keeps our ends of the latter two.
func (p *osProcess) openStreams() (theirs []*os.File, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, null)
	for i := range p.output {
		r, w, err := os.Pipe()
		if err != nil {
			return theirs, fmt.Errorf("output pipe: %w", err)
		}
		p.output[i] = r
		theirs = append(theirs, w)
		if err := w.Chmod(everybody); err != nil {
			return theirs, fmt.Errorf("output pipe: %w", err)
		}
		if p.inlets[i], err = newStreamInlet(r); err != nil {
			return theirs, err
		}
	}
	return theirs, nil
}

// everybody lets any user open the pipe by the name /dev/stderr: a worker may run as another user, or become one later.
// Only a process that may look into the worker finds that name.
const everybody = 0o666

func closeFiles(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// readOutput reads both streams and closes printed when both have ended.
func (p *osProcess) readOutput() {
	var open atomic.Int32
	open.Store(2)
	for i := range p.output {
		go func() {
			readChunks(p.inlets[i], stream(i), p.printed, p.stopped)
			p.inlets[i].rest()
			if open.Add(-1) == 0 {
				close(p.printed)
			}
		}()
	}
}

func statusOf(w syscall.WaitStatus) exitStatus {
	if w.Signaled() {
		return exitStatus{code: -1, signal: unix.SignalName(w.Signal())}
	}
	return exitStatus{code: w.ExitStatus()}
}

func (p *osProcess) pid() int                              { return p.number }
func (p *osProcess) spare()                                { p.spawner.spare(p.number) }
func (p *osProcess) signal(sig syscall.Signal, group bool) { p.spawner.signal(p.number, sig, group) }
func (p *osProcess) notes() <-chan note                    { return p.noted }
func (p *osProcess) lines() <-chan chunk                   { return p.printed }
func (p *osProcess) ended() <-chan exitStatus              { return p.end }

// arrived covers what the worker says and prints, and its end. It leaves out probes and acknowledgements: there is always
// time for them after a standstill.
func (p *osProcess) arrived() func() bool {
	p.spawner.catchUp()
	var pending []func() bool
	for _, in := range append(p.inlets[:], p.notify.inlet) {
		pending = append(pending, in.arrived())
	}
	return func() bool { return slices.ContainsFunc(pending, func(p func() bool) bool { return p() }) }
}

func (p *osProcess) close() {
	close(p.stopped)
	p.dropSockets()
	closeFiles(p.output[:])
}

// root finds the worker's processes also after the first of them has ended.
func (p *osProcess) root() kernel.Root {
	r := kernel.Root{PID: p.number, Started: p.started, Mark: workerMark(p.worker)}
	if p.started == 0 {
		r.PID = 0 // by now it may be another's
	}
	return r
}

func (p *osProcess) dropSockets() {
	p.notify.close()
	p.ack.close()
	if p.private != nil {
		p.private.drop()
	}
}

// outputGrace is how long the output of a process that has ended may take to end too: a grandchild can hold it open for
// ever.
const outputGrace = 250 * time.Millisecond
