package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The kernel ends a child with the thread that started it (Pdeathsig below, for a bench that is killed), so
// main starts them all from a thread that lives as long as bench does.
func init() { runtime.LockOSThread() }

// process is a child. It has a process group of its own, so that Ctrl-C reaches
// bench alone, which then stops its children one by one.
type process struct {
	cmd    *exec.Cmd
	ask    func() // asks it to end
	exited chan struct{}
}

func startProcess(cmd *exec.Cmd, ask func()) (*process, error) {
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ask: ask, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it ends because it was asked to; how does not matter
		close(p.exited)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks, waits, insists: at the end the process is gone.
func (p *process) stop() {
	p.ask()
	for _, insist := range []os.Signal{syscall.SIGQUIT, os.Kill} {
		select {
		case <-p.exited:
			return
		case <-time.After(10 * time.Second):
			_ = p.cmd.Process.Signal(insist)
		}
	}
	<-p.exited
}

// startHelper starts this program again in another part.
func startHelper(ctx context.Context, args ...string) (*process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	return startPart(exec.CommandContext(ctx, self, args...))
}

// startPart returns the first line that the program prints, its word that it is ready. The program ends with
// its input.
func startPart(cmd *exec.Cmd) (*process, string, error) {
	stdout, printed, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer stdout.Close()
	cmd.Stdout = printed
	var p *process
	input, err := cmd.StdinPipe()
	if err == nil {
		p, err = startProcess(cmd, func() { input.Close() })
	}
	printed.Close()
	if err != nil {
		return nil, "", fmt.Errorf("start %s: %w", cmd.Args[0], err)
	}
	line, err := firstLine(stdout)
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("%s ended before it was ready: %w", strings.Join(cmd.Args, " "), err)
	}
	return p, line, nil
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	return strings.TrimSpace(line), err
}
