package master

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/launch"
)

// process is a worker's process as its minder sees it: the one seam between the master's
// decisions and the operating system.
type process interface {
	pid() int
	signal(sig syscall.Signal, group bool)
	notes() <-chan note       // what it says; never closed
	lines() <-chan line       // what it prints; closed when both streams have ended
	ended() <-chan exitStatus // one value
	close()                   // after it has ended: stops listening to it
}

// exitStatus is how a process ended.
type exitStatus struct {
	code   int    // -1 if a signal ended it
	signal string // "" if it exited
}

// launchSpec is what a process is made from.
type launchSpec struct {
	worker     string
	slot       int
	generation int
	revision   string
	program    *program
	listeners  []*listener
}

// hold keeps the descriptors open until drop, whatever the loop closes meanwhile.
func (s launchSpec) hold() {
	s.program.hold()
	for _, l := range s.listeners {
		l.hold()
	}
}

func (s launchSpec) drop() {
	s.program.drop()
	for _, l := range s.listeners {
		l.drop()
	}
}

// osProcess is a real one.
type osProcess struct {
	number  int
	spawner *spawner
	notify  *notifySocket
	noted   chan note
	printed chan line
	end     chan exitStatus
	stopped chan struct{}
	output  [2]*os.File
}

// launchProcess forks a worker and starts to listen to it.
func launchProcess(s *spawner, spec launchSpec) (process, error) {
	notify, err := openNotifySocket(spec.worker)
	if err != nil {
		return nil, fmt.Errorf("notify socket: %w", err)
	}
	p := &osProcess{
		spawner: s,
		notify:  notify,
		noted:   make(chan note),
		printed: make(chan line),
		end:     make(chan exitStatus, 1),
		stopped: make(chan struct{}),
	}
	ended, err := p.fork(spec)
	if err != nil {
		notify.close()
		return nil, err
	}
	go notify.read(p.number, p.noted, p.stopped)
	go p.readOutput()
	go func() { p.end <- statusOf(<-ended) }()
	return p, nil
}

// fork gives the child its stdin, stdout and stderr, the listeners, and last the program, which
// the launch step becomes.
func (p *osProcess) fork(spec launchSpec) (<-chan syscall.WaitStatus, error) {
	streams, err := p.openStreams()
	defer closeFiles(streams)
	if err != nil {
		closeFiles(p.output[:])
		return nil, err
	}
	var files []int
	for _, f := range streams {
		files = append(files, int(f.Fd()))
	}
	for _, l := range spec.listeners {
		files = append(files, l.fd)
	}
	programFD := len(files)
	files = append(files, spec.program.fd)

	pid, ended, err := p.spawner.fork(forkSpec{
		path:  launch.Self,
		argv:  launch.Args(programFD, spec.program.path, spec.program.argv),
		env:   environment(os.Environ(), spec, p.notify.name),
		files: files,
	})
	if err != nil {
		closeFiles(p.output[:])
		return nil, err
	}
	p.number = pid
	return ended, nil
}

// openStreams makes the child's ends of stdin, stdout and stderr, and keeps ours of the latter two.
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
	}
	return theirs, nil
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// environment is the master's own, without what was said to the master and not to the
// worker, and with the worker's side of the contract. LISTEN_PID is set after the fork.
func environment(own []string, spec launchSpec, notify string) []string {
	var env []string
	for _, kv := range own {
		name, _, _ := strings.Cut(kv, "=")
		meant := strings.HasPrefix(name, "LISTEN_") || strings.HasPrefix(name, "WATCHDOG_") ||
			strings.HasPrefix(name, "ROTA_") || name == "NOTIFY_SOCKET"
		if !meant {
			env = append(env, kv)
		}
	}
	names := make([]string, len(spec.listeners))
	for i, l := range spec.listeners {
		names[i] = l.Name
	}
	env = append(env,
		"LISTEN_FDS="+itoa(len(names)),
		"LISTEN_FDNAMES="+strings.Join(names, ":"),
		"NOTIFY_SOCKET="+notify,
		"ROTA_WORKER_ID="+spec.worker,
		"ROTA_SLOT="+itoa(spec.slot),
		"ROTA_GENERATION="+itoa(spec.generation),
	)
	if spec.revision != "" {
		env = append(env, "ROTA_REVISION="+spec.revision)
	}
	return env
}

// readOutput reads both streams and closes printed when both have ended.
func (p *osProcess) readOutput() {
	var open atomic.Int32
	open.Store(2)
	for i, stream := range []string{"stdout", "stderr"} {
		go func() {
			readLines(p.output[i], stream, p.printed, p.stopped)
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
func (p *osProcess) signal(sig syscall.Signal, group bool) { p.spawner.signal(p.number, sig, group) }
func (p *osProcess) notes() <-chan note                    { return p.noted }
func (p *osProcess) lines() <-chan line                    { return p.printed }
func (p *osProcess) ended() <-chan exitStatus              { return p.end }

func (p *osProcess) close() {
	close(p.stopped)
	p.notify.close()
	closeFiles(p.output[:])
}

// outputGrace is how long the output of a process that has ended may take to end too:
// a grandchild can hold it open for ever.
const outputGrace = 250 * time.Millisecond
