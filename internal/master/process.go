package master

import (
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// process is a worker's process as its minder sees it: the one seam between the master's decisions and the
// operating system.
type process interface {
	pid() int
	root() kernel.Root // how to find its family
	signal(sig syscall.Signal, group bool)
	spare()                   // lets its process group outlive it
	notes() <-chan note       // what it says; never closed
	lines() <-chan chunk      // what it prints, unbuffered; closed when both streams have ended
	ended() <-chan exitStatus // one value, buffered
	unready() string          // why the latest probe did not find it ready, as the end of a sentence; "" for no reason

	// arrived returns a function that reports whether something that has happened up to now is still on its
	// way to one of these channels. What a channel holds has arrived.
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

// arrived covers what the worker says and prints, and its end. It leaves out probes and acknowledgements:
// there is always time for them after a standstill.
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
