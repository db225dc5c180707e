package process

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Spawner is the one thread that forks, signals and reaps.
//
// It is one thread that never ends, because a child's parent-death signal fires when the thread that forked
// it is gone. It does all three in turn, so a pid that it signals can't have been reaped and reused in
// between. And since it waits for any child, it also reaps orphans: rota may be PID 1, and is the subreaper
// of what its workers leave behind. Nothing else in this process may fork children, or wait for them.
type Spawner struct {
	requests chan func(children map[int]*child)
	done     chan struct{}
}

// errCancelled is returned for a child that was told to stop before it was forked.
var errCancelled = errors.New("it was told to stop before it was started")

// child is a process that has not been waited for.
type child struct {
	end    chan<- ExitStatus
	spared bool // its process group may outlive it
}

// forkSpec is what a child is made from. files become its descriptors from 0 on.
type forkSpec struct {
	path  string
	argv  []string
	env   []string
	files []int

	cancelled func() bool // asked when its turn comes, for which many may wait: need it not be started? may be nil
}

// NewSpawner starts the thread.
func NewSpawner() *Spawner {
	s := &Spawner{
		requests: make(chan func(map[int]*child)),
		done:     make(chan struct{}),
	}
	go s.run()
	return s
}

func (s *Spawner) run() {
	runtime.LockOSThread() // for good: see above
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	defer signal.Stop(died)
	children := map[int]*child{}
	for {
		select {
		case request, ok := <-s.requests:
			if !ok {
				reap(children) // orphans that have been killed, and that nobody else waits for
				close(s.done)
				return
			}
			request(children)
		case <-died:
			reap(children)
		}
	}
}

// Stop ends the thread. No child may be left by then.
func (s *Spawner) Stop() {
	close(s.requests)
	<-s.done
}

// fork starts a child in a process group of its own. The channel gets its exit status.
func (s *Spawner) fork(spec forkSpec) (pid int, ended <-chan ExitStatus, err error) {
	end := make(chan ExitStatus, 1)
	forked := make(chan struct{})
	s.requests <- func(children map[int]*child) {
		defer close(forked)
		if spec.cancelled != nil && spec.cancelled() {
			err = errCancelled
			return
		}
		if pid, err = forkExec(spec); err == nil {
			children[pid] = &child{end: end}
		}
	}
	<-forked
	return pid, end, err
}

// catchUp returns when every child that has ended by now has its exit status in its channel.
func (s *Spawner) catchUp() {
	reaped := make(chan struct{})
	s.requests <- func(children map[int]*child) {
		reap(children)
		close(reaped)
	}
	<-reaped
}

// spare lets what is left of the child's process group live on when the child has ended.
func (s *Spawner) spare(pid int) {
	s.requests <- func(children map[int]*child) {
		if c := children[pid]; c != nil {
			c.spared = true
		}
	}
}

// forkExec works on bare descriptors: os.StartProcess and exec.Cmd would clear O_NONBLOCK on the listeners.
func forkExec(spec forkSpec) (int, error) {
	files := make([]uintptr, len(spec.files))
	for i, fd := range spec.files {
		files[i] = uintptr(fd)
	}
	pid, err := syscall.ForkExec(spec.path, spec.argv, &syscall.ProcAttr{
		Env:   spec.env,
		Files: files,
		Sys: &syscall.SysProcAttr{
			Setpgid:   true, // Ctrl-C is for the master alone
			Pdeathsig: syscall.SIGTERM,
		},
	})
	if err == nil {
		return pid, nil
	}
	err = fmt.Errorf("fork: %w", err)
	if why := (TaskLimits{}).Shortage(); why != "" && errors.Is(err, syscall.EAGAIN) {
		err = fmt.Errorf("%w: %s", err, why)
	}
	return 0, err
}

// signal sends sig to the child, or to its whole group. A child that is gone gets nothing.
func (s *Spawner) signal(pid int, sig syscall.Signal, group bool) {
	sent := make(chan struct{})
	s.requests <- func(children map[int]*child) {
		defer close(sent)
		if _, ours := children[pid]; !ours {
			return
		}
		if group && syscall.Kill(-pid, sig) == nil {
			return
		}
		// There is no such group if the child has joined another one. Otherwise this can only fail because
		// the child just ended.
		_ = syscall.Kill(pid, sig)
	}
	<-sent
}
