// Package process forks workers and listens to them.
//
// One thread, the Spawner, forks, signals and reaps, so that a pid is never signalled after it was reused. A
// Launcher makes a worker from a LaunchSpec (plan, slot, sockets): it opens what the worker speaks through
// (notify socket, ack socket, output pipes, a listener for probes), expands placeholders, and forks the
// launch step, which becomes the program. What the worker says arrives as notes, what it prints as chunks,
// its end as an exit status. The interface Process is the seam: tests of minders drive a fake one by hand.
// The Shell runs commands that are not workers, and Orphans kills what workers have left behind when the
// last of them is gone.
package process

import (
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/output"
)

// Process is a worker's process as its minder sees it: the one seam between the master's decisions and the
// operating system.
type Process interface {
	PID() int
	Root() kernel.Root // how to find its family
	Signal(sig syscall.Signal, group bool)
	Spare()                      // lets its process group outlive it
	Notes() <-chan Note          // what it says; never closed
	Output() <-chan output.Chunk // what it prints, unbuffered; closed when both streams have ended
	Ended() <-chan ExitStatus    // one value, buffered
	WhyUnready() string          // why the latest probe did not find it ready, as the end of a sentence; "" for no reason

	// Arrived returns a function that reports whether something that has happened up to now is still on its
	// way to one of these channels. What a channel holds has arrived.
	Arrived() (pending func() bool)
	Close() // after it has ended: stops listening to it
}

// ExitStatus is how a process ended.
type ExitStatus struct {
	Code   int    // -1 if a signal ended it
	Signal string // "" if it exited
}

// osProcess is a real process.
type osProcess struct {
	worker      string
	pid         int
	started     uint64 // as kernel.Process says; 0 if it ended too soon to be seen
	spawner     *Spawner
	notify      *notifySocket
	ack         *ackSocket // nil for none
	notes       chan Note
	chunks      chan output.Chunk
	ended       <-chan ExitStatus
	stopped     chan struct{}
	output      [2]*os.File
	inlets      [2]*output.Inlet // of the output
	probeSocket *listen.Socket   // that it alone gets, for probes; nil for none
	outcomes    outcomes
}

func statusOf(w syscall.WaitStatus) ExitStatus {
	if w.Signaled() {
		return ExitStatus{Code: -1, Signal: unix.SignalName(w.Signal())}
	}
	return ExitStatus{Code: w.ExitStatus()}
}

func (p *osProcess) PID() int                              { return p.pid }
func (p *osProcess) Spare()                                { p.spawner.spare(p.pid) }
func (p *osProcess) Signal(sig syscall.Signal, group bool) { p.spawner.signal(p.pid, sig, group) }
func (p *osProcess) Notes() <-chan Note                    { return p.notes }
func (p *osProcess) Output() <-chan output.Chunk           { return p.chunks }
func (p *osProcess) Ended() <-chan ExitStatus              { return p.ended }

// Arrived covers what the worker says and prints, and its end. It leaves out probes and acknowledgements:
// there is always time for them after a standstill.
func (p *osProcess) Arrived() func() bool {
	p.spawner.catchUp()
	var pending []func() bool
	for _, in := range append(p.inlets[:], p.notify.Inlet) {
		pending = append(pending, in.Arrived())
	}
	return func() bool { return slices.ContainsFunc(pending, func(p func() bool) bool { return p() }) }
}

func (p *osProcess) Close() {
	close(p.stopped)
	p.dropSockets()
	closeFiles(p.output[:])
}

// Root finds the worker's processes also after the first of them has ended.
func (p *osProcess) Root() kernel.Root {
	r := kernel.Root{PID: p.pid, Started: p.started, Mark: workerMark(p.worker)}
	if p.started == 0 {
		r.PID = 0 // by now it may be another's
	}
	return r
}

func (p *osProcess) dropSockets() {
	p.notify.Close()
	p.ack.close()
	if p.probeSocket != nil {
		p.probeSocket.Drop()
	}
}
